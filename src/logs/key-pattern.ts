import { calendarDate, isCalendarDate } from './record-date.ts'

/** A key pattern that can't be compiled; the message says what stands wrong in it. */
export class KeyPatternError extends Error {
  override name = 'KeyPatternError'
}

export interface KeyPattern {
  /** Whether a matching key always gives a date (the pattern names year, month and day). */
  hasDate: boolean
  /** The key's date as `YYYY-MM-DD` (null where the pattern holds none), or null if the key does not match. */
  match(key: string): { date: string | null } | null
}

type Part = 'year' | 'month' | 'day' | 'hour'
type Parts = Partial<Record<Part, number>>
interface Placeholder {
  part: Part
  widths: number[]
  range: [number, number]
}
type Token = string | Placeholder

const PLACEHOLDERS = new Map<string, Placeholder>(
  Object.entries({
    '{YYYY}': { part: 'year', widths: [4], range: [0, 9999] },
    // four digits first: `{MM}{DD}{YY}` on 11122024 is 2024-11-12
    '{YY}': { part: 'year', widths: [4, 2], range: [0, 9999] },
    '{MM}': { part: 'month', widths: [2], range: [1, 12] },
    '{DD}': { part: 'day', widths: [2], range: [1, 31] },
    '{HH}': { part: 'hour', widths: [2], range: [0, 23] },
  }),
)
const KNOWN = `${[...PLACEHOLDERS.keys()].join(', ')} and *`
const COMPRESSION = /\.(gz|zst|bz2)$/i
/** More would let the widths of `{YY}` multiply. */
const MAX_YEARS = 3

function token(piece: string): Token {
  const placeholder = PLACEHOLDERS.get(piece)
  if (placeholder || !/[{}]/.test(piece)) return placeholder ?? piece
  throw new KeyPatternError(`key_pattern: ${JSON.stringify(piece)} is unknown; use ${KNOWN}`)
}

/** The parts with the one that `digits` give, or null where that is out of range, contradicts one of them or makes no date. */
function withPart(parts: Parts, { part, range: [min, max] }: Placeholder, digits: string): Parts | null {
  if (!/^[0-9]+$/.test(digits)) return null
  let value = Number(digits)
  // two digits as POSIX and Python's %y have them
  if (part === 'year' && digits.length === 2) value += value < 69 ? 2000 : 1900
  if (value < min || value > max || (parts[part] ?? value) !== value) return null
  const all = { ...parts, [part]: value }
  const { year, month, day } = all
  return year !== undefined && month && day && !isCalendarDate(year, month, day) ? null : all
}

interface Found {
  start: number
  parts: Parts
}

/** Matches the tokens so that they end at `end`; gives where they start and the parts then known. */
function matchBefore(key: string, tokens: Token[], end: number, parts: Parts): Found | null {
  const last = tokens.at(-1)
  if (last === undefined) return { start: end, parts }
  const before = tokens.slice(0, -1)
  if (typeof last === 'string') {
    const fits = end >= last.length && key.endsWith(last, end)
    return fits ? matchBefore(key, before, end - last.length, parts) : null
  }
  for (const width of last.widths) {
    const known = end >= width && withPart(parts, last, key.slice(end - width, end))
    const found = known && matchBefore(key, before, end - width, known)
    if (found) return found
  }
  return null
}

/**
 * Compiles a key pattern: `{YYYY}`, `{YY}` (two or four digits), `{MM}`, `{DD}`, `{HH}` and `*` (anything).
 * The pattern matches the end of the key; a final `.gz`, `.zst` or `.bz2` of the key counts for nothing, unless
 * the pattern has it too. A placeholder may be repeated, with the same value. Each part before a `*` is taken as far to
 * the right as it fits, so a match costs key length times pattern length at most.
 * @throws KeyPatternError for an empty pattern, an unknown placeholder, or too many years
 */
export function compileKeyPattern(pattern: string): KeyPattern {
  if (!pattern.trim()) throw new KeyPatternError(`key_pattern: empty; use a text with ${KNOWN}`)
  const segments = pattern.split(/\*+/).map((segment) =>
    segment
      .split(/(\{[^{}]*\})/)
      .filter(Boolean)
      .map(token),
  )
  const parts = segments.flat().map((one) => (typeof one === 'string' ? null : one.part))
  if (parts.filter((part) => part === 'year').length > MAX_YEARS)
    throw new KeyPatternError(`key_pattern: more than ${MAX_YEARS} years in ${JSON.stringify(pattern)}`)
  const hasDate = parts.includes('year') && parts.includes('month') && parts.includes('day')

  function matchExactly(key: string) {
    let found: Found | null = matchBefore(key, segments.at(-1) as Token[], key.length, {})
    for (let i = segments.length - 2; found && i >= 0; i--) {
      const segment = segments[i] as Token[]
      const { start, parts }: Found = found
      found = null
      for (let end = start; !found && end >= 0; end--) found = matchBefore(key, segment, end, parts)
    }
    if (!found) return null
    const { year, month, day } = found.parts
    return { date: hasDate ? calendarDate(year as number, month as number, day as number) : null }
  }

  return {
    hasDate,
    match: (key) =>
      matchExactly(key) ?? (COMPRESSION.test(key) ? matchExactly(key.replace(COMPRESSION, '')) : null),
  }
}
