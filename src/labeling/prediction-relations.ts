import type { AssembledRegion } from './prediction-assembly.ts'
import { quote } from './prediction-facts.ts'
import { entryOf, listOf, refuse } from './prediction-place.ts'
import { kindOf } from './tags.ts'
import type { LabelingConfig, Region } from './types.ts'

const DIRECTIONS = ['right', 'left', 'bi']

/**
 * A relation between two regions: `{"from": …, "to": …, "direction"?, "labels"?}`, each end the id that a region's entry
 * gives or the region's number in the record (the first is 0); or Label Studio's own form with `from_id` and `to_id`.
 */
export function buildRelation(given: unknown, config: LabelingConfig, regions: AssembledRegion[]): Region {
  const entry = entryOf(given, 'a relation such as {"from": 0, "to": 1}')
  const places = regions.filter((one) => !kindOf(one.control.type).perTask)
  const end = (name: 'from' | 'to') => {
    const wanted = entry[`${name}_id`] ?? entry[name]
    const numbered = typeof wanted === 'number' ? places[wanted] : undefined
    const found = numbered ?? regions.find((one) => one.region.id === String(wanted))
    return found?.region.id ?? refuse(`"${name}" is ${quote(wanted)}, which is no region of this record`)
  }
  const direction = entry.direction ?? 'right'
  if (!DIRECTIONS.includes(direction as string))
    refuse(`direction must be "right", "left" or "bi", got ${quote(direction)}`)
  const labels = listOf(entry.labels ?? entry.label ?? []).map((label) => {
    if (typeof label !== 'string') return refuse(`a label must be text, not ${quote(label)}`)
    const known = config.relationLabels
    if (known && !known.includes(label))
      refuse(`${quote(label)} is no label of a relation (there are: ${known.map(quote).join(', ')})`)
    return label
  })
  return {
    from_id: end('from'),
    to_id: end('to'),
    type: 'relation',
    direction,
    ...(labels.length > 0 ? { labels } : {}),
  } as Region
}
