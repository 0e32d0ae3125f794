import type { ControlTag, Region } from '../labeling/types.ts'
import { asId, asList, asRecord, asText, type ReadResult } from './read.ts'

const CHOOSING = ['choices', 'taxonomy']

/**
 * The regions of a control that the editor submits: those of a tag with `visibleWhen` only where the other answers of
 * the same result show it, and those about regions with `whenLabelValue` only where the region has that label, as the
 * editor itself decides. It looks a value of a Taxonomy up letter by letter, so that it finds those of one letter alone
 * and submits nothing that depends on the others; where `other`, the other side, has an answer nevertheless, it counts.
 */
export function visibleRegions(control: ControlTag, result: ReadResult, other: ReadResult): Region[] {
  const own = result.regions.get(control.name) ?? []
  const isOnBoth = own.length > 0 && other.regions.has(control.name)
  const conditions = control.visibleWhen ?? []
  const label = (control.perRegion && control.attributes?.whenLabelValue) || null
  if (conditions.length === 0 && label === null) return own
  const all = [...result.regions.values()].flat()
  const isLabelled = ({ id }: Region) =>
    label === null || all.some((other) => asId(other.id) === asId(id) && labelsIn(other).includes(label))
  const others = all.filter(
    ({ type, from_name }) => CHOOSING.includes(asText(type)) && from_name !== control.name,
  )
  return own.filter(isLabelled).filter((region) =>
    conditions.every(({ tag, values, chosen }) => {
      const asked = others.filter(
        ({ from_name, id }) =>
          (tag === null || from_name === tag) && (!control.perRegion || asId(id) === asId(region.id)),
      )
      const isChosen = asked.some((answer) =>
        values === null ? true : chosenIn(answer).some((one) => values.includes(one)),
      )
      const isSpelt = values !== null && asked.some(({ type }) => asText(type) === 'taxonomy')
      return isChosen === chosen || (isSpelt && isOnBoth)
    }),
  )
}

/** The regions of a control without the `unread` ones that the other side does not have either. */
export function missableRegions(own: Region[], other: Region[], unread: Set<Region>): Region[] {
  if (unread.size === 0) return own
  const ids = new Set(other.map(({ id }) => asId(id)))
  return own.filter((region) => {
    if (!unread.has(region)) return true
    const id = asId(region.id)
    return other.length > 0 && (own.length === 1 || id === null || ids.has(id))
  })
}

/** What was chosen, as far as the editor finds it; of a path its end. */
function chosenIn({ value }: Region): string[] {
  const { choices, taxonomy } = asRecord(value)
  const ends = (paths: unknown) => asList(paths).map((path) => asText(asList(path).at(-1)))
  return [...ends(choices), ...ends(taxonomy).filter((end) => end.length === 1)]
}

function labelsIn({ value }: Region): string[] {
  const entries = Object.entries(asRecord(value))
  return entries.flatMap(([key, labels]) => (key.endsWith('labels') ? asList(labels).map(asText) : []))
}
