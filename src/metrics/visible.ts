import type { ControlTag, Region } from '../labeling/types.ts'
import { asId, asList, asRecord, asText, type ReadResult } from './read.ts'

const CHOOSING = ['choices', 'taxonomy']

/**
 * The regions of a control that the editor submits: those of a tag with `visibleWhen` only where the other answers of
 * the same result show it, and those about regions with `whenLabelValue` only where the region has that label, as the
 * editor itself decides.
 */
export function visibleRegions(control: ControlTag, result: ReadResult): Region[] {
  const own = result.regions.get(control.name) ?? []
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
      const isChosen = asked.some(
        (other) => values === null || chosenIn(other).some((one) => values.includes(one)),
      )
      return isChosen === chosen
    }),
  )
}

/** What was chosen; of a path its end. */
function chosenIn({ value }: Region): string[] {
  const { choices, taxonomy } = asRecord(value)
  return [...asList(choices), ...asList(taxonomy)].map((choice) => asText(asList(choice).at(-1)))
}

function labelsIn({ value }: Region): string[] {
  const entries = Object.entries(asRecord(value))
  return entries.flatMap(([key, labels]) => (key.endsWith('labels') ? asList(labels).map(asText) : []))
}
