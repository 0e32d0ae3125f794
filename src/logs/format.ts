import { jsonlFormat } from './format-jsonl.ts'
import { templateFormat } from './format-template.ts'
import type { Framing } from './framer.ts'
import { dateReader } from './record-date.ts'

export type Fields = Record<string, unknown>
export type Parsed = { fields: Fields } | { problem: string }

/** Reads something of the record in `bytes[start, end)` without parsing the whole; null where it is not there. */
export type RecordReader = (bytes: Buffer, start: number, end: number) => string | null

/** The `format` of a monitor. */
export interface FormatDefinition {
  type: string
  /** The field that holds the record's date; by default the template's Timestamp, or `timestamp`, `time` or `date`. */
  timestamp_field?: string | null
}

/**
 * A log format in two stages: framing, for every record, on bytes alone; and parsing, for the few that the sample
 * keeps.
 */
export interface Format extends Framing {
  /** Whether record starts can be told from any byte on, so that pieces of an object can be read by themselves. */
  canCut: boolean
  /** The record's own calendar date, `YYYY-MM-DD`. */
  date: RecordReader
  /** Makes a reader of one field's value, as text of at most 200 characters: the stratum of a sample by that field. */
  field(name: string): RecordReader
  parse(record: Buffer): Parsed
}

/** A format that does not exist or can't be set up as asked. */
export class FormatError extends Error {
  override name = 'FormatError'
}

/**
 * @param timezone IANA name, in which a timestamp with an offset gets its date
 * @throws FormatError for an unknown type, RangeError for an unknown time zone
 */
export function createFormat(definition: FormatDefinition, timezone = 'UTC'): Format {
  const options = { timestampField: definition.timestamp_field ?? null, readDate: dateReader(timezone) }
  switch (definition.type) {
    case 'template':
      return templateFormat(options)
    case 'jsonl':
      return jsonlFormat(options)
    default:
      throw new FormatError(`format.type: expected template or jsonl, got ${JSON.stringify(definition.type)}`)
  }
}
