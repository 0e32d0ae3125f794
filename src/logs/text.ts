/** What the formats share about text: decoding it, and what can be kept of it. */

const MAX_DEPTH = 100
const MAX_KEY_LENGTH = 200
const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The bytes as text, or null if they are not UTF-8. */
export function decode(bytes: Buffer): string | null {
  try {
    return utf8.decode(bytes)
  } catch {
    return null
  }
}

/** A value as the key of a stratum: bounded, and never half a character. */
export const stratumKey = (text: string): string => text.slice(0, MAX_KEY_LENGTH).toWellFormed()

const blankByte = (byte: number | undefined) =>
  byte === 0x20 || byte === NEWLINE || byte === CARRIAGE_RETURN || byte === 0x09

/** The first position in `bytes[start, end)` that is not blank, or `end`. */
export function skipBlank(bytes: Buffer, start: number, end: number): number {
  while (start < end && blankByte(bytes[start])) start++
  return start
}

/** The position after the last byte of `bytes[start, end)` that is not blank, or `start`. */
export function trimBlank(bytes: Buffer, start: number, end: number): number {
  while (end > start && blankByte(bytes[end - 1])) end--
  return end
}

/** Why a parsed value can't be kept (a database's text holds neither NUL nor half a character), or null. */
export function unstorable(value: unknown, depth = 0): string | null {
  if (typeof value === 'string') {
    if (value.includes('\0')) return 'holds a NUL character'
    return value.isWellFormed() ? null : 'holds half of a surrogate pair'
  }
  if (typeof value !== 'object' || value === null) return null
  if (depth >= MAX_DEPTH) return `nested deeper than ${MAX_DEPTH} levels`
  for (const [key, member] of Object.entries(value)) {
    const problem = unstorable(key, depth + 1) ?? unstorable(member, depth + 1)
    if (problem) return problem
  }
  return null
}
