import type { Fields, Format, Parsed, RecordReader } from './format.ts'
import type { DateReader } from './record-date.ts'
import { decode, skipBlank, stratumKey, unstorable } from './text.ts'

/**
 * The line template: a record starts at a line that begins with `Timestamp:`, and its `Name: value` lines are its fields.
 *
 * Framing alone decides where records start: a `Timestamp:` line inside a quoted value starts one too. A quote that is
 * never closed can then spoil its own record only; if framing obeyed quotes, it would swallow the records after it.
 * Within a record:
 * - a name begins its line with a letter, has no punctuation but `_ . / ( ) # & -`, at most 64 characters, and is followed
 *   by a colon and a blank; the last of two equal names counts;
 * - a value that opens with a double quote runs to the first line that ends in one, or to the record's end; what follows that is
 *   no field is kept in the field `unparsed`;
 * - an unquoted value goes on over the lines that are no field; a value may begin on the line after its name;
 * - the quotes around a value go, inner ones stay; blanks after it go; line ends inside are `\n`.
 * Values stay text, as a version `1.10` is no number; only `confidence_level` in percent becomes one.
 */

const NAME = /\p{L}[\p{L}\p{N} \t_./()#&-]{0,63}:(?=[ \t\r\n]|$)/uy
const MAX_NAMES = 1_000

/** Fields that labeling configs commonly call otherwise: both names are there, unless the record uses the other one itself. */
const ALIASES: Record<string, string> = {
  question: 'user_input',
  answer: 'model_response',
  model_version: 'version',
}

export interface TemplateOptions {
  timestampField: string | null
  readDate: DateReader
  /** The name whose line starts a record. */
  recordStart?: string
}

const names = new Map<string, string>()

/** `Request ID` → `request_id`, `GPU-Type` → `gpu_type`, `UserInput` → `user_input`. */
export function snakeCase(name: string): string {
  let snake = names.get(name)
  if (snake === undefined) {
    const words = name.replace(/([\p{Ll}\p{N}])(?=\p{Lu})/gu, '$1_').toLowerCase()
    snake = words.replace(/[^\p{L}\p{N}]+/gu, '_').replace(/^_|_$/g, '')
    if (names.size >= MAX_NAMES) names.clear()
    names.set(name, snake)
  }
  return snake
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from)
  return end < 0 ? text.length : end
}

/** The position of the colon of the field whose line starts at `lineStart`, or -1. */
function nameEnd(text: string, lineStart: number): number {
  // the record's first line is a field in any case: that is how it was found
  if (lineStart === 0) return text.indexOf(':')
  NAME.lastIndex = lineStart
  return NAME.test(text) ? NAME.lastIndex - 1 : -1
}

const isBlank = (text: string, at: number) => /\s/.test(text[at] as string)

/** Whether the line that ends at `end` ends in a quote other than the opening one at `open`. */
function endsInQuote(text: string, open: number, start: number, end: number): boolean {
  while (end > start && isBlank(text, end - 1)) end--
  return end - 1 > open && text[end - 1] === '"'
}

function cleanValue(raw: string): string {
  const value = raw.replaceAll('\r\n', '\n').trimEnd()
  if (!value.startsWith('"')) return value
  return value.length > 1 && value.endsWith('"') ? value.slice(1, -1) : value.slice(1)
}

/** Calls `visit` with each field of a record as it stands there. */
function walk(text: string, visit: (name: string, value: string) => void): void {
  const unparsed: string[] = []
  for (let at = 0; at < text.length; ) {
    const colon = nameEnd(text, at)
    let start = colon + 1
    while (start < text.length && isBlank(text, start)) start++
    let end = lineEnd(text, colon + 1)
    if (start > end) {
      const nextLine = text.lastIndexOf('\n', start) + 1
      if (start < text.length && nameEnd(text, nextLine) < 0) end = lineEnd(text, start)
      else start = end
    }
    const quoted = text[start] === '"'
    for (let line = start; quoted && end < text.length && !endsInQuote(text, start, line, end); ) {
      line = end + 1
      end = lineEnd(text, line)
    }
    let next = end
    while (next < text.length && nameEnd(text, next + 1) < 0) next = lineEnd(text, next + 1)
    if (!quoted) end = next
    else if (text.slice(end, next).trim()) unparsed.push(text.slice(end, next).trim())
    visit(snakeCase(text.slice(at, colon)), cleanValue(text.slice(start, end)))
    at = next + 1
  }
  if (unparsed.length) visit('unparsed', cleanValue(unparsed.join('\n')))
}

function parse(record: Buffer): Parsed {
  const text = decode(record)
  if (text === null) return { problem: 'is not UTF-8 text' }
  const found = new Map<string, unknown>()
  walk(text, (name, value) => found.set(name, value))
  if (found.size < 2) return { problem: 'has no "Name: value" line after its first' }
  for (const [alias, name] of Object.entries(ALIASES))
    if (found.has(name) && !found.has(alias)) found.set(alias, found.get(name))
  const [, percent] = /^([+-]?\d+(?:\.\d+)?)\s*%$/.exec(String(found.get('confidence_level'))) ?? []
  // shifting the exponent is exact where dividing by 100 is not
  if (percent) found.set('confidence_level', Number(`${percent}e-2`))
  const fields: Fields = Object.fromEntries(found)
  const problem = unstorable(fields)
  return problem ? { problem } : { fields }
}

function field(name: string): RecordReader {
  return (bytes, start, end) => {
    let own: string | null = null
    let aliased: string | null = null
    walk(bytes.toString('utf8', start, end), (found, value) => {
      if (found === name) own = value
      else if (found === ALIASES[name]) aliased = value
    })
    const value = own ?? aliased
    return value === null ? null : stratumKey(value)
  }
}

export function templateFormat(options: TemplateOptions): Format {
  const { timestampField, readDate, recordStart = 'Timestamp' } = options
  const start = Buffer.from(`${recordStart}:`)
  const separator = Buffer.concat([Buffer.from('\n'), start])
  const readField =
    timestampField === null || timestampField === snakeCase(recordStart) ? null : field(timestampField)

  return {
    canCut: true,
    lookback: separator.length - 1,
    nextStart(bytes, from) {
      const found = bytes.indexOf(separator, from)
      return found < 0 ? -1 : found + 1
    },
    check(bytes, from, end) {
      let i = 0
      while (i < start.length && bytes[from + i] === start[i]) i++
      if (i === start.length && from + i <= end) return null
      return skipBlank(bytes, from, end) === end
        ? ''
        : `text before the first line that begins with "${recordStart}:"`
    },
    date(bytes, from, end) {
      if (!readField) return readDate(bytes, from + start.length, end)
      const value = Buffer.from(readField(bytes, from, end) ?? '')
      return readDate(value, 0, value.length)
    },
    field,
    parse,
  }
}
