import { createRequire } from 'node:module'
import type { RE2JS } from 're2js'
import type { Fields, Format, FormatOptions, Parsed } from './format.ts'
import { FormatError } from './format-error.ts'
import { TIMESTAMPS } from './format-jsonl.ts'
import { decode, skipBlank, stratumKey, trimBlank, unstorable } from './text.ts'

/**
 * Records by a regular expression in RE2's syntax, whose named groups are the fields. RE2 takes time in proportion to the text,
 * so that no pattern can hold up the service. A record is a line, or begins at each line that another pattern finds.
 */

/** Loaded when it is first needed: it takes 2 MB, in each thread. */
const load = () => createRequire(import.meta.url)('re2js') as typeof import('re2js')

const NEWLINE = 0x0a
/** How much of a line is looked at to see whether a record begins there. */
const START_BYTES = 1_000
const MAX_PATTERN_LENGTH = 10_000

const NO_MATCH = 'does not match format.pattern'

/** @throws FormatError that says what is wrong with the pattern */
function compile(pattern: string | undefined, name: string): RE2JS {
  const wrong = (why: string) => new FormatError(`format.${name}: ${why}`)
  if (!pattern) throw wrong('expected a regular expression')
  if (pattern.length > MAX_PATTERN_LENGTH) throw wrong(`longer than ${MAX_PATTERN_LENGTH} characters`)
  const { RE2JS, RE2JSSyntaxException } = load()
  try {
    return RE2JS.compile(pattern)
  } catch (error) {
    if (error instanceof RE2JSSyntaxException)
      throw wrong(
        `${error.message}; the syntax is that of RE2, which has no look-around and no references to groups`,
      )
    throw wrong(`can't be used: ${(error as Error).message}`)
  }
}

/** @throws FormatError for patterns that can't be compiled or name no group */
export function regexFormat({ definition, timestampField, readDate }: FormatOptions): Format {
  const regex = compile(definition.pattern, 'pattern')
  const start = definition.record_start == null ? null : compile(definition.record_start, 'record_start')
  const groups = Object.keys(regex.namedGroups())
  if (groups.length === 0)
    throw new FormatError(
      'format.pattern: expected named groups such as (?<question>.*), which become the fields',
    )
  const same = (a: string, b: string) => (timestampField === null ? a.toLowerCase() === b : a === b)
  const dates = (timestampField === null ? TIMESTAMPS : [timestampField])
    .map((name) => groups.find((group) => same(group, name)))
    .filter((group) => group !== undefined)
  if (timestampField !== null && dates.length === 0)
    throw new FormatError(`format.timestamp_field: format.pattern has no group named ${timestampField}`)

  // the date, the stratum and the check of one record ask one after another
  let last: { bytes: Buffer; start: number; end: number; found: Parsed } | null = null

  function match(record: Buffer): Parsed {
    const text = decode(record)
    if (text === null) return { problem: 'is not UTF-8 text' }
    const matcher = regex.matcher(text)
    if (!matcher.find()) return { problem: NO_MATCH }
    const fields: Fields = {}
    for (const group of groups) {
      const value = matcher.group(group)
      if (value !== null) fields[group] = value
    }
    const problem = unstorable(fields)
    return problem ? { problem } : { fields }
  }

  function matchAt(bytes: Buffer, from: number, to: number): Parsed {
    if (last?.bytes === bytes && last.start === from && last.end === to) return last.found
    const found = match(bytes.subarray(skipBlank(bytes, from, to), trimBlank(bytes, from, to)))
    last = { bytes, start: from, end: to, found }
    return found
  }

  function read(name: string, bytes: Buffer, from: number, to: number): string | null {
    const found = matchAt(bytes, from, to)
    return ('fields' in found ? (found.fields[name] as string | undefined) : null) ?? null
  }

  /** Whether a record begins at a line; null: not enough of the line has come. */
  function begins(pattern: RE2JS, bytes: Buffer, at: number, isAll: boolean): boolean | null {
    const most = Math.min(at + START_BYTES, bytes.length)
    const newline = bytes.subarray(at, most).indexOf(NEWLINE)
    if (newline < 0 && most < at + START_BYTES && !isAll) return null
    const line = bytes.toString('utf8', at, newline < 0 ? most : at + newline)
    return pattern.matcher(line.replace(/\r$/, '')).find()
  }

  return {
    canCut: false,
    lookback: start ? START_BYTES + 1 : 0,
    nextStart(bytes, from, isAll) {
      for (let at = from; ; at++) {
        at = bytes.indexOf(NEWLINE, at)
        if (at < 0) return -1
        if (!start) return at + 1
        const found = begins(start, bytes, at + 1, isAll)
        if (found === null) return -1
        if (found) return at + 1
      }
    },
    check(bytes, from, to) {
      if (skipBlank(bytes, from, to) === to) return ''
      const found = matchAt(bytes, from, to)
      return 'problem' in found ? found.problem : null
    },
    date(bytes, from, to) {
      for (const group of dates) {
        const value = Buffer.from(read(group, bytes, from, to) ?? '')
        const date = readDate(value, 0, value.length)
        if (date) return date
      }
      return null
    },
    field: (name) => (bytes, from, to) => {
      const value = read(name, bytes, from, to)
      return value === null ? null : stratumKey(value)
    },
    parse: (record) => matchAt(record, 0, record.length),
  }
}
