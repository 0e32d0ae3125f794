import { BrokenData } from './decompress.ts'

const NEWLINE = 0x0a
const QUOTE = 0x22
const BACKSLASH = 0x5c
const [OPEN_BRACKET, CLOSE_BRACKET] = [0x5b, 0x5d]
const [OPEN_BRACE, CLOSE_BRACE] = [0x7b, 0x7d]

/** One JSON object of a text. */
export interface JsonValue {
  bytes: Buffer
  /** Of its first byte. */
  offset: number
  line: number
}

/**
 * Cuts a JSON text into its objects: one after another with anything between them, or the items of lists on the first level.
 * How the text comes in pieces makes no difference.
 * @param limit the longest object, in bytes
 * @throws BrokenData where an object is too long, or not closed at the end
 */
export async function* jsonValues(chunks: AsyncIterable<Buffer>, limit: number): AsyncGenerator<JsonValue[]> {
  let held: Buffer[] = []
  let heldBytes = 0
  let depth = 0
  let inText = false
  let escaped = false
  let offset = 0
  let line = 1
  let begin = { offset: 0, line: 1 }
  for await (const chunk of chunks) {
    const found: JsonValue[] = []
    let start = 0
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] as number
      if (byte === NEWLINE) line++
      if (inText) {
        if (escaped) escaped = false
        else if (byte === BACKSLASH) escaped = true
        else if (byte === QUOTE) inText = false
      } else if (depth === 0) {
        if (byte !== OPEN_BRACE) continue
        depth = 1
        start = at
        begin = { offset: offset + at, line }
      } else if (byte === QUOTE) inText = true
      else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++
      else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
        if (--depth > 0) continue
        const bytes = Buffer.concat([...held, chunk.subarray(start, at + 1)])
        held = []
        heldBytes = 0
        if (bytes.length > limit) throw tooLong(begin.line, limit)
        found.push({ bytes, ...begin })
      }
    }
    if (depth > 0) {
      // the memory of a chunk is used again
      const rest = Buffer.from(chunk.subarray(start))
      held.push(rest)
      heldBytes += rest.length
    }
    offset += chunk.length
    yield found
    if (heldBytes > limit) throw tooLong(begin.line, limit)
  }
  if (depth > 0) throw new BrokenData(`the JSON object that begins at line ${begin.line} is not closed`)
}

const tooLong = (line: number, limit: number) =>
  new BrokenData(`the JSON object that begins at line ${line} is longer than ${limit} bytes`)
