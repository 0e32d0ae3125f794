import type { Format, Parsed, RecordReader } from './format.ts'
import type { DateReader } from './record-date.ts'
import { SkimmedBytes } from './skimmed-bytes.ts'
import { decode, skipBlank, stratumKey, trimBlank, unstorable } from './text.ts'

/** JSON lines: each line that is not blank is one object, and its own keys are the fields, with their values as they are. */

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const BACKSLASH = 0x5c
const [OPEN_BRACKET, CLOSE_BRACKET] = [0x5b, 0x5d]
const [OPEN_BRACE, CLOSE_BRACE] = [0x7b, 0x7d]

/** Where the date of a record stands, when nothing else is said. */
export const TIMESTAMPS = ['timestamp', 'time', 'date']

export interface JsonlOptions {
  timestampField: string | null
  readDate: DateReader
}

/** Up to this length, looking at a string's bytes one by one is faster than a search. */
const SHORT = 32

/** The position of the quote that closes the string opened before `at`, or `end`. */
function stringEnd(bytes: Buffer, at: number, end: number): number {
  for (const near = Math.min(at + SHORT, end); at < near; at++) {
    const byte = bytes[at]
    if (byte === QUOTE) return at
    if (byte === BACKSLASH) at++
  }
  for (let from = at; ; from = at + 1) {
    at = bytes.indexOf(QUOTE, from)
    if (at < 0 || at >= end) return end
    let slashes = at
    while (slashes > from && bytes[slashes - 1] === BACKSLASH) slashes--
    if ((at - slashes) % 2 === 0) return at
  }
}

/** The position after the value that starts at `at`, whatever it holds. */
function valueEnd(bytes: Buffer, at: number, end: number): number {
  let depth = 0
  for (; at < end; at++) {
    const byte = bytes[at]
    if (byte === QUOTE) at = stringEnd(bytes, at + 1, end)
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      if (depth-- === 0) return at
    } else if (byte === COMMA && depth === 0) return at
  }
  return end
}

function sameBytes(bytes: Buffer, start: number, end: number, name: Buffer): boolean {
  if (end - start !== name.length) return false
  for (let i = 0; i < name.length; i++) if (bytes[start + i] !== name[i]) return false
  return true
}

/**
 * Finds members at the top level of the object in `bytes[start, end)` without parsing it: `found` takes the start and end of
 * each name's value, -1 where there is none. Stops early at the first name.
 */
function findMembers(bytes: Buffer, start: number, end: number, names: Buffer[], found: Int32Array): void {
  found.fill(-1)
  for (let at = skipBlank(bytes, start, end) + 1; at < end; at++) {
    if (bytes[at] === CLOSE_BRACE) return
    if (bytes[at] !== QUOTE) continue
    const keyStart = at + 1
    const keyEnd = stringEnd(bytes, keyStart, end)
    at = keyEnd + 1
    while (at < end && bytes[at] !== COLON) at++
    const from = at + 1
    at = valueEnd(bytes, from, end)
    let which = names.length - 1
    while (which >= 0 && !sameBytes(bytes, keyStart, keyEnd, names[which] as Buffer)) which--
    if (which < 0) {
      if (bytes[at] === CLOSE_BRACE) return
      continue
    }
    found[which * 2] = skipBlank(bytes, from, at)
    found[which * 2 + 1] = trimBlank(bytes, from, at)
    if (which === 0 || bytes[at] === CLOSE_BRACE) return
  }
}

/** The first of the names whose value is a date. */
function dateOf(names: readonly string[], readDate: DateReader): RecordReader {
  const keys = names.map((name) => Buffer.from(name))
  const found = new Int32Array(keys.length * 2)
  const later = names.length > 1 ? dateOf(names.slice(1), readDate) : null
  return (bytes, start, end) => {
    findMembers(bytes, start, end, keys, found)
    for (let i = 0; i < found.length; i += 2) {
      const at = found[i] as number
      const date = at < 0 ? null : readDate(bytes, at, found[i + 1] as number)
      if (date) return date
      // the search stopped at the first name
      if (i === 0 && at >= 0) return later?.(bytes, start, end) ?? null
    }
    return null
  }
}

function field(name: string): RecordReader {
  const keys = [Buffer.from(name)]
  const found = new Int32Array(2)
  const keyOf = remembered(stratumOf)
  const colonOf = quoted(keys[0] as Buffer)
  return (bytes, start, end) => {
    const colon = colonOf(bytes, start, end)
    if (colon === MISSING) return null
    if (colon === UNKNOWN) findMembers(bytes, start, end, keys, found)
    else {
      const at = valueEnd(bytes, colon + 1, end)
      found[0] = skipBlank(bytes, colon + 1, at)
      found[1] = trimBlank(bytes, found[0], at)
    }
    const [from = -1, to = -1] = found
    return from < 0 ? null : keyOf(bytes, from, to)
  }
}

const [MISSING, UNKNOWN] = [-1, -2]

/**
 * Finds the colon after a name without looking at what stands before it, several times as fast as `findMembers`; or says that the name
 * is not there, or that it can't tell. A quote without a backslash before it opens or closes a string; one with the name and another
 * quote behind it can only open one; and where the record has no other object before it, that is a name at the top level.
 */
function quoted(name: Buffer): (bytes: Buffer, start: number, end: number) => number {
  const key = Buffer.from(`"${name}"`)
  if (name.includes(QUOTE) || name.includes(BACKSLASH)) return () => UNKNOWN
  // where the next ones are in the bytes at hand: each search goes on where the last one ended, over many records
  let searched: Buffer | null = null
  let held: SkimmedBytes | null = null
  let nextKey = 0
  let nextBrace = 0
  return (bytes, start, end) => {
    if (bytes !== searched) {
      searched = bytes
      held = SkimmedBytes.holding(bytes)
      nextKey = nextBrace = -1
    }
    if (nextKey < start)
      nextKey = place(held ? held.findText(key, start, bytes.length) : bytes.indexOf(key, start))
    if (nextKey >= end) return MISSING
    const open = skipBlank(bytes, start, end)
    if (nextBrace <= open)
      nextBrace = place(
        held ? held.findByte(OPEN_BRACE, open + 1, bytes.length) : bytes.indexOf(OPEN_BRACE, open + 1),
      )
    if (nextBrace < nextKey || bytes[nextKey - 1] === BACKSLASH) return UNKNOWN
    const colon = skipBlank(bytes, nextKey + key.length, end)
    return bytes[colon] === COLON ? colon : UNKNOWN
  }
}

const place = (found: number) => (found < 0 ? Number.POSITIVE_INFINITY : found)

function stratumOf(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString('utf8', start, end)
  if (!text.startsWith('"')) return stratumKey(text)
  if (!text.includes('\\')) return stratumKey(text.slice(1, -1))
  try {
    return stratumKey(JSON.parse(text))
  } catch {
    return stratumKey(text)
  }
}

const SLOTS = 256
const MAX_REMEMBERED = 64

/** Remembers what `read` makes of short values, so that those that come again and again are decoded once. */
export function remembered(read: (bytes: Buffer, start: number, end: number) => string): typeof read {
  const slots: ({ bytes: Buffer; text: string } | undefined)[] = Array(SLOTS).fill(undefined)
  return (bytes, start, end) => {
    if (end - start > MAX_REMEMBERED) return read(bytes, start, end)
    let hash = 0
    for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + (bytes[at] as number)) | 0
    const slot = hash & (SLOTS - 1)
    const known = slots[slot]
    if (known && sameBytes(bytes, start, end, known.bytes)) return known.text
    const text = read(bytes, start, end)
    slots[slot] = { bytes: Buffer.from(bytes.subarray(start, end)), text }
    return text
  }
}

/** What is wrong with a record that was made of something else stands there as a JSON text. */
export function parseJson(record: Buffer): Parsed {
  const text = decode(record)
  if (text === null) return { problem: 'is not UTF-8 text' }
  let fields: Record<string, unknown> | string
  try {
    fields = JSON.parse(text)
  } catch (error) {
    // the engine's message quotes the record; only the place is taken from it
    const [place] = /at position \d+/.exec((error as Error).message) ?? []
    return { problem: place ? `is not valid JSON ${place}` : 'is not valid JSON' }
  }
  if (typeof fields === 'string') return { problem: fields }
  const problem = unstorable(fields)
  return problem ? { problem } : { fields }
}

export function jsonlFormat({ timestampField, readDate }: JsonlOptions): Format {
  return {
    canCut: true,
    lineStart: Buffer.alloc(0),
    check(bytes, start, end) {
      const from = skipBlank(bytes, start, end)
      if (from === end) return ''
      if (bytes[from] !== OPEN_BRACE) return 'does not begin with {, as a line with one JSON object does'
      return bytes[trimBlank(bytes, from, end) - 1] === CLOSE_BRACE
        ? null
        : 'does not end with }, as a line with one JSON object does'
    },
    date: dateOf(timestampField === null ? TIMESTAMPS : [timestampField], readDate),
    field,
    parse: parseJson,
  }
}
