import type { LogObject } from './source.ts'

/** One record that was read out of an object which is no sequence of lines. */
export interface DecodedRecord {
  /** Its place: the same whenever the object is read, and different for each of its records. */
  offset: number
  /** Counts from 1: lines, or records where there are no lines. */
  line: number
  /** The record, or the fields of it that were asked for, as a JSON object. */
  json: Buffer
}

export type Decoded = DecodedRecord | { line: number; problem: string }

/** An object as decoders read it. */
export interface DecodableObject extends LogObject {
  /** Its bytes, decompressed, from the start. */
  bytes(): AsyncIterable<Buffer>
  /** Its bytes as stored in `[start, end)`. @throws SourceError, also where the source has no ranges */
  range(start: number, end: number): Promise<Buffer>
  signal?: AbortSignal | undefined
}

/** Reads objects that can't be framed: each record has to be decoded. */
export interface Decoder {
  /**
   * The records of an object, in their order and in batches. Fails with BrokenData where it can't be read any further.
   * @param fields those that will be asked for besides the date; null: all
   */
  decode(object: DecodableObject, fields: readonly string[] | null): AsyncIterable<Decoded[]>
  /**
   * Fills in all fields of records that were decoded with some of them. There is none where `decode` always gives all.
   * @param records by offset; their `bytes` are replaced
   */
  complete?(object: DecodableObject, records: { offset: number; bytes: Buffer }[]): Promise<void>
}
