import type { Decoder } from './decoder.ts'
import { csvFormat } from './format-csv.ts'
import { FormatError } from './format-error.ts'
import { jsonFormat } from './format-json.ts'
import { jsonlFormat } from './format-jsonl.ts'
import { moduleFormat } from './format-module.ts'
import { otlpFormat } from './format-otlp.ts'
import { parquetFormat } from './format-parquet.ts'
import { regexFormat } from './format-regex.ts'
import { templateFormat } from './format-template.ts'
import { type Framing, MAX_RECORD_BYTES } from './framer.ts'
import { type DateReader, dateReader, type WrittenDate } from './record-date.ts'

export { FormatError } from './format-error.ts'

export type Fields = Record<string, unknown>
export type Parsed = { fields: Fields } | { problem: string }

/** Reads something of the record in `bytes[start, end)` without parsing the whole; null where it is not there. */
export type RecordReader = (bytes: Buffer, start: number, end: number) => string | null

/** The `format` of a monitor; which of the options a type has is said in the contract. */
export interface FormatDefinition {
  type: string
  /** The field that holds the record's date; by default the template's Timestamp, or `timestamp`, `time` or `date`. */
  timestamp_field?: string | null
  max_record_bytes?: number
  fields?: Record<string, string> | null
  record_start?: string | null
  delimiter?: string
  header?: boolean
  columns?: string[] | null
  pattern?: string
  path?: string
  options?: Record<string, unknown>
}

/**
 * A log format in two stages: framing, for every record, on bytes alone; and parsing, for the few that the sample
 * keeps.
 */
export type Format = Framing & {
  /** Whether record starts can be told from any byte on, so that pieces of an object can be read by themselves. */
  canCut: boolean
  /** The record's own calendar date, `YYYY-MM-DD`. */
  date: RecordReader
  /**
   * Where the date stands right behind what a record's line begins with: the last one, as it was written. A record that goes on like
   * this is of that date, unless an offset from UTC follows.
   */
  lastDate?(): WrittenDate | null
  /** Makes a reader of one field's value, as text of at most 200 characters: the stratum of a sample by that field. */
  field(name: string): RecordReader
  /** Parses what was kept of a record. */
  parse(record: Buffer): Parsed
  /** What is kept of a record to be parsed later, without the object around it; by default a copy of its bytes. */
  keep?(bytes: Buffer, start: number, end: number): Buffer
  /** The same format with a state of its own, for one object; where the records of an object depend on what comes before. */
  perObject?(): Format
  /** Reads the records of an object instead of the framing; each is then a JSON object in bytes. */
  decoder?: Decoder
}

/** What the formats of a service are made with. */
export interface FormatSettings {
  /** The directory below which `module` formats may lie; null: there are none. */
  moduleRoot?: string | null | undefined
  /** How long a module may take for its next answer. */
  moduleTimeoutMs?: number | undefined
}

/** Each format's type, and how it is set up. */
const FORMATS: Record<string, (options: FormatOptions) => Format> = {
  template: templateFormat,
  jsonl: jsonlFormat,
  json: jsonFormat,
  csv: csvFormat,
  regex: regexFormat,
  parquet: parquetFormat,
  otlp: otlpFormat,
  module: moduleFormat,
}

/** What a format is set up with. */
export interface FormatOptions extends FormatSettings {
  definition: FormatDefinition
  timestampField: string | null
  maxRecordBytes: number
  readDate: DateReader
}

/**
 * @param timezone IANA name, in which a timestamp with an offset gets its date
 * @throws FormatError for an unknown type or options that can't work, RangeError for an unknown time zone
 */
export function createFormat(
  definition: FormatDefinition,
  timezone = 'UTC',
  settings: FormatSettings = {},
): Format {
  const create = Object.hasOwn(FORMATS, definition.type) ? FORMATS[definition.type] : null
  if (!create) {
    const known = Object.keys(FORMATS)
    throw new FormatError(
      `format.type: expected ${known.slice(0, -1).join(', ')} or ${known.at(-1)}, got ${JSON.stringify(definition.type)}`,
    )
  }
  return create({
    ...settings,
    definition,
    timestampField: definition.timestamp_field ?? null,
    maxRecordBytes: definition.max_record_bytes ?? MAX_RECORD_BYTES,
    readDate: dateReader(timezone),
  })
}
