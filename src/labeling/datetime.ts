/** What `DateTime` writes without a `format`, see its documentation: dates, or dates with hours and minutes. */
const DATE = '%Y-%m-%d'
const DATE_AND_TIME = '%Y-%m-%dT%H:%M'

/** Directives of strftime that are plain numbers: their pattern, and their place in [year, month, day, hour, minute, second]. */
const DIRECTIVES: Record<string, { pattern: string; part: number }> = {
  Y: { pattern: '\\d{4}', part: 0 },
  m: { pattern: '\\d{1,2}', part: 1 },
  d: { pattern: '\\d{1,2}', part: 2 },
  H: { pattern: '\\d{1,2}', part: 3 },
  M: { pattern: '\\d{1,2}', part: 4 },
  S: { pattern: '\\d{1,2}', part: 5 },
}

/** Twelve directives; a longer format is not checked, because adjacent ones make a pattern's search explode. */
const MAX_PIECES = 25

const ISO =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*(?:Z|[+-]\d{2}:?\d{2})?)?$/

/**
 * A date as a DateTime tag writes it: text in the tag's own format stays, an ISO 8601 date is brought into that format
 * (the calendar date and clock time as written; an offset is dropped). Undefined when it is neither.
 *
 * @param tag the tag's `format` (strftime; text in a format with other directives than %Y %m %d %H %M %S is not
 *   checked) and `only` (`date`, `time`, `year`, `month` or several)
 */
export function toDateText(text: string, tag: { format?: string; only?: string }): string | undefined {
  if (text === '') return undefined
  if (tag.only === 'time') return /^\d{1,2}:\d{2}(:\d{2})?$/.test(text) ? text : undefined
  if (tag.only === 'year' && /^\d{4}$/.test(text)) return text
  const format = tag.format || (tag.only && !tag.only.includes('time') ? DATE : DATE_AND_TIME)
  const pieces = format.split(/%(.)/)
  const known =
    pieces.length < MAX_PIECES && pieces.every((piece, index) => index % 2 === 0 || piece in DIRECTIVES)
  if (isInFormat(text, pieces, known)) return text

  const iso = ISO.exec(text)
    ?.slice(1)
    .map((part) => Number(part ?? 0))
  if (!iso || !isDate(iso)) return undefined
  if (!known) return undefined
  return pieces.map((piece, index) => (index % 2 === 0 ? piece : write(iso, piece))).join('')
}

function isInFormat(text: string, pieces: string[], known: boolean): boolean {
  if (!known) return true
  const pattern = pieces.map((piece, index) => {
    return index % 2 === 0 ? piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&') : `(${DIRECTIVES[piece]?.pattern})`
  })
  const match = new RegExp(`^${pattern.join('')}$`).exec(text)
  if (!match) return false
  const parts = [2000, 1, 1, 0, 0, 0]
  const directives = pieces.filter((_, index) => index % 2 === 1)
  directives.forEach((directive, index) => {
    parts[DIRECTIVES[directive]?.part as number] = Number(match[index + 1])
  })
  return isDate(parts)
}

function isDate([year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0]: number[]): boolean {
  const date = new Date(Date.UTC(year, month - 1, day))
  return (
    date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 61
  )
}

function write(parts: number[], directive: string): string {
  const value = String(parts[DIRECTIVES[directive]?.part as number])
  return value.padStart(directive === 'Y' ? 4 : 2, '0')
}
