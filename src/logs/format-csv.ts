import { CsvScanner } from './csv-scanner.ts'
import type { Fields, Format, FormatOptions, RecordReader } from './format.ts'
import { FormatError } from './format-error.ts'
import { parseJson, remembered, TIMESTAMPS } from './format-jsonl.ts'
import { decode, stratumKey, trimBlank, unstorable } from './text.ts'

/**
 * Delimited text after RFC 4180: fields may stand in double quotes, and then hold delimiters, line ends and doubled quotes. Line
 * ends are LF or CRLF; a byte order mark and blank lines count for nothing. Values stay text.
 *
 * The names of the fields are the object's first record, or are given. A record with another number of fields is
 * malformed: its values may stand under the wrong names. A quote that is never closed, or closed where no field ends after
 * a line end, spoils its first line only.
 */

const NEWLINE = 0x0a

/** A quoted or plain field as text. What stands between a closing quote and the delimiter is kept, as most readers do. */
export function fieldText(raw: string): string {
  if (!raw.startsWith('"')) return raw
  let text = ''
  for (let at = 1; ; ) {
    const quote = raw.indexOf('"', at)
    if (quote < 0) return text + raw.slice(at)
    text += raw.slice(at, quote)
    if (raw[quote + 1] !== '"') return text + raw.slice(quote + 1)
    text += '"'
    at = quote + 2
  }
}

/** Names as they are in the first record, made different from each other: `answer`, `answer_2`, and `column_3` for none. */
function uniqueNames(names: string[]): string[] {
  const taken = new Set<string>()
  return names.map((given, index) => {
    const name = given.trim() || `column_${index + 1}`
    let unique = name
    for (let i = 2; taken.has(unique); i++) unique = `${name}_${i}`
    taken.add(unique)
    return unique
  })
}

export function csvFormat(options: FormatOptions): Format {
  const { definition, timestampField, readDate, maxRecordBytes } = options
  const delimiter = definition.delimiter ?? ','
  const header = definition.header ?? true
  const given = definition.columns ?? null
  if (!/^[^"\r\n\P{ASCII}]$/u.test(delimiter))
    throw new FormatError(
      'format.delimiter: expected one ASCII character, such as "," or a tab, that is no quote and no line end',
    )
  if (!header && !given)
    throw new FormatError('format.columns: expected the names of the columns, because format.header is false')
  if (given && uniqueNames(given).join('\n') !== given.join('\n'))
    throw new FormatError(
      'format.columns: expected names that differ, and none empty or with blanks around it',
    )
  const wanted = timestampField === null ? TIMESTAMPS : [timestampField]

  function perObject(): Format {
    const scanner = new CsvScanner(delimiter.charCodeAt(0), maxRecordBytes)
    let columns = given
    let headerDue = header
    let dates = columns && datesIn(columns)

    /** The columns that may hold the date, in the order in which they are asked. */
    function datesIn(names: string[]): number[] {
      const same = (a: string, b: string) => (timestampField === null ? a.toLowerCase() === b : a === b)
      return wanted.map((name) => names.findIndex((each) => same(each, name))).filter((at) => at >= 0)
    }

    const texts = (bytes: Buffer): string[] | null => {
      const found: string[] = []
      for (let i = 0; i < scanner.count; i++) {
        const text = decode(bytes.subarray(scanner.from(i), scanner.to(i)))
        if (text === null) return null
        found.push(fieldText(text))
      }
      return found
    }

    return {
      canCut: false,
      lookback: Number.POSITIVE_INFINITY,
      nextStart: (bytes, from, last) => scanner.scan(bytes, from, last),
      recover(bytes, from) {
        const found = bytes.indexOf(NEWLINE, from)
        return found < 0 ? -1 : found + 1
      },
      check(bytes, start, end) {
        if (trimBlank(bytes, start, end) === start) return ''
        scanner.see(bytes, start, end)
        if (scanner.problem) return scanner.problem
        if (headerDue) {
          headerDue = false
          if (columns) return ''
          const names = texts(bytes)
          if (!names) return 'the names of the columns are not UTF-8 text'
          columns = uniqueNames(names)
          dates = datesIn(columns)
          return ''
        }
        return scanner.count === columns?.length
          ? null
          : `has ${scanner.count} fields where there are ${columns?.length} columns`
      },
      date(bytes, start, end) {
        scanner.see(bytes, start, end)
        for (const column of dates ?? []) {
          if (column >= scanner.count) continue
          const date = readDate(bytes, scanner.from(column), scanner.to(column))
          if (date) return date
        }
        return null
      },
      field(name): RecordReader {
        let column = -2
        const keyOf = remembered((bytes, from, to) => stratumKey(fieldText(bytes.toString('utf8', from, to))))
        return (bytes, start, end) => {
          scanner.see(bytes, start, end)
          if (column === -2) column = columns?.indexOf(name) ?? -1
          if (column < 0 || column >= scanner.count) return null
          return keyOf(bytes, scanner.from(column), scanner.to(column))
        }
      },
      keep(bytes, start, end) {
        scanner.see(bytes, start, end)
        const values = texts(bytes)
        // kept as it is, it says itself that it is not UTF-8 when it is parsed
        if (!values) return Buffer.from(bytes.subarray(start, end))
        const fields: Fields = Object.fromEntries(values.map((value, i) => [columns?.[i] as string, value]))
        return Buffer.from(unstorable(fields) ? `"${unstorable(fields)}"` : JSON.stringify(fields))
      },
      parse: parseJson,
      perObject,
    }
  }
  return perObject()
}
