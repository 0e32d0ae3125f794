import type { Fields, Format, FormatOptions, Parsed, RecordReader } from './format.ts'
import { FormatError } from './format-error.ts'
import { TIMESTAMPS } from './format-jsonl.ts'
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

type Aliases = Record<string, string>

function parseWith(aliases: Aliases, own: Aliases): (record: Buffer) => Parsed {
  return (record) => {
    const text = decode(record)
    if (text === null) return { problem: 'is not UTF-8 text' }
    const found = new Map<string, unknown>()
    walk(text, (name, value) => found.set(name, value))
    if (found.size < 2) return { problem: 'has no "Name: value" line after its first' }
    for (const [alias, name] of Object.entries(aliases))
      if (found.has(name) && (alias in own || !found.has(alias))) found.set(alias, found.get(name))
    const [, percent] = /^([+-]?\d+(?:\.\d+)?)\s*%$/.exec(String(found.get('confidence_level'))) ?? []
    // shifting the exponent is exact where dividing by 100 is not
    if (percent) found.set('confidence_level', Number(`${percent}e-2`))
    const fields: Fields = Object.fromEntries(found)
    const problem = unstorable(fields)
    return problem ? { problem } : { fields }
  }
}

function fieldWith(aliases: Aliases, own: Aliases): (name: string) => RecordReader {
  return (name) => (bytes, start, end) => {
    let given: string | null = null
    let aliased: string | null = null
    walk(bytes.toString('utf8', start, end), (found, value) => {
      if (found === name) given = value
      if (found === aliases[name]) aliased = value
    })
    const value = name in own ? (aliased ?? given) : (given ?? aliased)
    return value === null ? null : stratumKey(value)
  }
}

/** @throws FormatError for a record start that no line can begin with */
export function templateFormat({ definition, timestampField, readDate }: FormatOptions): Format {
  const recordStart = (definition.record_start ?? 'Timestamp').trim().replace(/:$/, '')
  if (!recordStart || /[\r\n]/.test(recordStart))
    throw new FormatError('format.record_start: expected the name of the line that begins each record')
  const own = Object.fromEntries(
    Object.entries(definition.fields ?? {}).map(([name, written]) => [
      name,
      snakeCase(written.replace(/:\s*$/, '')),
    ]),
  )
  const aliases = { ...ALIASES, ...own }
  const field = fieldWith(aliases, own)
  const start = Buffer.from(`${recordStart}:`)
  const startName = snakeCase(recordStart)
  const isFirst = (name: string) => name === startName || aliases[name] === startName
  let dated = timestampField === null ? TIMESTAMPS : [timestampField]
  // read where it stands, without looking for it
  if (isFirst(dated[0] as string)) dated = []
  const readers = dated.map(field)

  return {
    canCut: true,
    lineStart: start,
    check(bytes, from, end) {
      let i = 0
      while (i < start.length && bytes[from + i] === start[i]) i++
      if (i === start.length && from + i <= end) return null
      return skipBlank(bytes, from, end) === end
        ? ''
        : `text before the first line that begins with "${recordStart}:"`
    },
    date(bytes, from, end) {
      if (readers.length === 0) return readDate(bytes, from + start.length, end)
      for (const reader of readers) {
        const value = Buffer.from(reader(bytes, from, end) ?? '')
        const date = readDate(value, 0, value.length)
        if (date) return date
      }
      return null
    },
    lastDate: () => (readers.length === 0 ? readDate.last() : null),
    field,
    parse: parseWith(aliases, own),
  }
}
