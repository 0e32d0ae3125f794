import { isCalendarDate } from './record-date.ts'

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

interface Placeholder {
  part: 'year' | 'month' | 'day' | 'hour'
  widths: number[]
  min: number
  max: number
}
type Token = string | Placeholder
type Parts = Partial<Record<Placeholder['part'], number>>

const PLACEHOLDERS: Record<string, Placeholder> = {
  YYYY: { part: 'year', widths: [4], min: 0, max: 9999 },
  // four digits first: `{MM}{DD}{YY}` on 11122024 is 2024-11-12
  YY: { part: 'year', widths: [4, 2], min: 0, max: 9999 },
  MM: { part: 'month', widths: [2], min: 1, max: 12 },
  DD: { part: 'day', widths: [2], min: 1, max: 31 },
  HH: { part: 'hour', widths: [2], min: 0, max: 23 },
}
const KNOWN = `${Object.keys(PLACEHOLDERS)
  .map((name) => `{${name}}`)
  .join(', ')} and *`
const COMPRESSION = /\.(gz|zst|bz2)$/i
/** More would let the widths of `{YY}` multiply. */
const MAX_YEARS = 3

function tokens(segment: string): Token[] {
  return segment
    .split(/(\{[^{}]*\})/)
    .filter((piece) => piece !== '')
    .map((piece) => {
      if (!/[{}]/.test(piece)) return piece
      const placeholder = PLACEHOLDERS[piece.slice(1, -1)]
      if (placeholder) return placeholder
      throw new KeyPatternError(`key_pattern: ${JSON.stringify(piece)} is unknown; use ${KNOWN}`)
    })
}

function number(key: string, from: number, to: number): number {
  for (let i = from; i < to; i++) if (key.charCodeAt(i) < 48 || key.charCodeAt(i) > 57) return Number.NaN
  return Number(key.slice(from, to))
}

/** The parts with one more value, or null where it is out of range, contradicts one of them or makes an impossible date. */
function withPart(parts: Parts, { part, min, max }: Placeholder, value: number, width: number): Parts | null {
  // two digits as POSIX and Python's %y have them
  const full = part === 'year' && width === 2 ? value + (value < 69 ? 2000 : 1900) : value
  if (!(full >= min && full <= max) || (parts[part] ?? full) !== full) return null
  const all = { ...parts, [part]: full }
  const { year, month, day } = all
  if (year !== undefined && month && day && !isCalendarDate(year, month, day)) return null
  return all
}

interface Found {
  start: number
  parts: Parts
}

/** Matches the tokens so that they end at `end`; gives where they start and the parts then known. */
function matchBefore(
  key: string,
  segment: Token[],
  end: number,
  parts: Parts,
  at = segment.length - 1,
): Found | null {
  for (; at >= 0; at--) {
    const token = segment[at] as Token
    if (typeof token === 'string') {
      if (!key.endsWith(token, end) || end < token.length) return null
      end -= token.length
      continue
    }
    for (const width of token.widths) {
      const known = end >= width && withPart(parts, token, number(key, end - width, end), width)
      const rest = known && matchBefore(key, segment, end - width, known, at - 1)
      if (rest) return rest
    }
    return null
  }
  return { start: end, parts }
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
  const segments = pattern.split(/\*+/).map(tokens)
  const used = segments.flat().filter((token) => typeof token !== 'string')
  const parts = new Set(used.map((token) => token.part))
  if (used.filter((token) => token.part === 'year').length > MAX_YEARS)
    throw new KeyPatternError(`key_pattern: more than ${MAX_YEARS} years in ${JSON.stringify(pattern)}`)
  const hasDate = parts.has('year') && parts.has('month') && parts.has('day')

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
    if (!hasDate) return { date: null }
    const pad = (value: number | undefined, width: number) => String(value).padStart(width, '0')
    return { date: `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}` }
  }

  return {
    hasDate,
    match: (key) =>
      matchExactly(key) ?? (COMPRESSION.test(key) ? matchExactly(key.replace(COMPRESSION, '')) : null),
  }
}
