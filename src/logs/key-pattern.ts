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
  /**
   * The start of the next key after `key` with the same beginning and a date in the window, in the order of their bytes: what lies
   * between has other dates. Null where the key's own date is in the window, or nothing can be said.
   */
  nextInside(key: string, window: { from: string; to: string }): string | null
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
const DAY_MS = 86_400_000
const COMPRESSION = /\.(gz|zst|bz2)$/i
/** More would let the widths of `{YY}` multiply. */
const MAX_YEARS = 3

function token(piece: string): Token {
  const placeholder = PLACEHOLDERS.get(piece)
  if (placeholder || !/[{}]/.test(piece)) return placeholder ?? piece
  throw new KeyPatternError(`${JSON.stringify(piece)} is unknown; use ${KNOWN}`)
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

const datePartsOf = (segment: Token[]) =>
  segment.filter((one) => typeof one !== 'string' && one.part !== 'hour')

/** The tokens with the parts of a date in their places, up to what a date does not tell. */
function written(tokens: Token[], date: Date, yearWidth: number): string {
  const [year = '', month = '', day = ''] = date.toISOString().slice(0, 10).split('-')
  let text = ''
  for (const one of tokens) {
    if (typeof one === 'string') text += one
    else if (one.part === 'hour') break
    else if (one.part === 'month') text += month
    else if (one.part === 'day') text += day
    else text += one.widths.includes(yearWidth) ? year.slice(-yearWidth) : year
  }
  return text
}

/** Remembers what came of the last argument. */
function remember<A extends object, R>(make: (argument: A) => R): (argument: A) => R {
  let last: { argument: A; made: R } | null = null
  return (argument) => {
    if (last?.argument !== argument) last = { argument, made: make(argument) }
    return last.made
  }
}

/**
 * Compiles a key pattern: `{YYYY}`, `{YY}` (two or four digits), `{MM}`, `{DD}`, `{HH}` and `*` (anything).
 * The pattern matches the end of the key; a final `.gz`, `.zst` or `.bz2` of the key counts for nothing, unless
 * the pattern has it too. A placeholder may be repeated, with the same value. Each part before a `*` is taken as far to
 * the right as it fits, so a match costs key length times pattern length at most.
 * @throws KeyPatternError for an empty pattern, an unknown placeholder, or too many years
 */
export function compileKeyPattern(pattern: string): KeyPattern {
  if (!pattern.trim()) throw new KeyPatternError(`is empty; use a text with ${KNOWN}`)
  const segments = pattern.split(/\*+/).map((segment) =>
    segment
      .split(/(\{[^{}]*\})/)
      .filter(Boolean)
      .map(token),
  )
  const parts = segments.flat().map((one) => (typeof one === 'string' ? null : one.part))
  if (parts.filter((part) => part === 'year').length > MAX_YEARS)
    throw new KeyPatternError(`has more than ${MAX_YEARS} years in ${JSON.stringify(pattern)}`)
  const hasDate = parts.includes('year') && parts.includes('month') && parts.includes('day')

  const dated = segments.find((segment) => segment.some((one) => typeof one !== 'string')) ?? []
  // all of the date in one piece, and nothing that varies before it
  const first = dated.find((one) => typeof one !== 'string')
  const isDatedAlone =
    hasDate &&
    typeof first === 'object' &&
    first.part !== 'hour' &&
    parts.filter((part) => part !== null && part !== 'hour').length === datePartsOf(dated).length
  const lead = typeof dated[0] === 'string' ? dated[0].length : 0

  function matchExactly(key: string) {
    let found: Found | null = matchBefore(key, segments.at(-1) as Token[], key.length, {})
    let begin = segments.at(-1) === dated ? (found?.start ?? 0) : 0
    for (let i = segments.length - 2; found && i >= 0; i--) {
      const segment = segments[i] as Token[]
      const { start, parts }: Found = found
      found = null
      for (let end = start; !found && end >= 0; end--) found = matchBefore(key, segment, end, parts)
      if (segment === dated) begin = found?.start ?? 0
    }
    if (!found) return null
    const { year, month, day } = found.parts
    const date = hasDate ? calendarDate(year as number, month as number, day as number) : null
    return { date, dateStart: begin + lead }
  }

  const matchAny = (key: string) =>
    matchExactly(key) ?? (COMPRESSION.test(key) ? matchExactly(key.replace(COMPRESSION, '')) : null)

  /** What the dates of a window look like at the place of the date, in the order of their bytes. */
  const writtenDates = remember((window: { from: string; to: string }) => {
    const found = new Set<string>()
    for (let at = Date.parse(window.from); at <= Date.parse(window.to); at += DAY_MS)
      for (const width of [2, 4]) found.add(written(dated.slice(lead > 0 ? 1 : 0), new Date(at), width))
    return [...found].sort()
  })

  return {
    hasDate,
    match(key) {
      const found = matchAny(key)
      return found && { date: found.date }
    },
    nextInside(key, window) {
      const found = isDatedAlone ? matchAny(key) : null
      if (!found?.date || (found.date >= window.from && found.date <= window.to)) return null
      const before = key.slice(0, found.dateStart)
      const rest = key.slice(found.dateStart)
      const next = writtenDates(window).find((each) => each > rest)
      // no digit is behind the colon
      return next === undefined ? `${before}:` : before + next
    },
  }
}
