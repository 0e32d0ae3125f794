import type { Region } from '../labeling/types.ts'

const isText = (value: unknown) => typeof value === 'string'
const isNumber = (value: unknown) => typeof value === 'number'
const isListOf = (isEntry: (entry: unknown) => boolean) => (value: unknown) =>
  Array.isArray(value) && value.every(isEntry)

/** The fields of a value whose type the editor insists on; it takes anything in the others. */
const FIELDS: [string, (value: unknown) => boolean][] = [
  ['number', isNumber],
  ['rating', isNumber],
  ['datetime', isText],
  ['text', (text) => isText(text) || isListOf(isText)(text)],
  ['choices', isListOf((choice) => isText(choice) || isListOf(isText)(choice))],
  ['selected', (side) => side === 'left' || side === 'right'],
  ['labels', isListOf(isText)],
]

function isReadable({ value, score, to_name, type }: Region): boolean {
  // It leaves these out beforehand.
  if (type === 'relation' || !isText(to_name)) return true
  if (
    typeof value !== 'object' ||
    value === null ||
    !(score === undefined || score === null || isNumber(score))
  )
    return false
  const labels = isText(type) && (type as string).endsWith('labels') ? value[type as string] : undefined
  return (
    FIELDS.every(([field, fits]) => value[field] === undefined || fits(value[field])) &&
    (labels === undefined || isListOf(isText)(labels))
  )
}

/** The regions that the editor does not show: it stops at the first one that it can't read. */
export function unreadRegions(result: Region[]): Set<Region> {
  const first = result.findIndex((region) => !isReadable(region))
  return new Set(first === -1 ? [] : result.slice(first))
}
