import { fieldValue } from '../labeling/mapping.ts'
import type { Definition } from './monitor.ts'

/** Of a value, in characters: longer than any time. */
const MOST_SHOWN = 60

/**
 * Why records have no date, so that the window leaves none of them out, and what to do. Null if all have one, or if neither the
 * sample nor a field that was named asks for it.
 *
 * @param records the first of the logs
 */
export function whyUndated(
  { format, sample }: Pick<Definition, 'format' | 'sample'>,
  records: { date: string | null; fields: Record<string, unknown> }[],
): string | null {
  const named = 'timestamp_field' in format ? format.timestamp_field : null
  const undated = records.filter(({ date }) => date === null)
  const [first] = undated
  if (!first || (sample.by !== 'date' && !named)) return null
  return `${undated.length} of the first ${records.length} records have no date, and a run takes such records whatever its window is: ${why(named, first.fields)}, and their object's key has none. Let format.timestamp_field name a field with times such as 2024-11-12T08:30:00Z, 2024-11-12 08:30 or seconds since 1970, or source.key_pattern say where the key has {YYYY}, {MM} and {DD}.`
}

function why(named: string | null, fields: Record<string, unknown>): string {
  if (!named) return 'none of the fields timestamp, time and date holds one'
  const value = fieldValue(fields, named)
  if (value === undefined) return `there is no field ${JSON.stringify(named)}`
  return `${JSON.stringify(named)} holds ${JSON.stringify(value).slice(0, MOST_SHOWN)}, which can't be read as one`
}
