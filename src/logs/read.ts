import { asking } from './asking.ts'
import { giveBack, ownCopy } from './buffers.ts'
import { contentIdentity } from './content-identity.ts'
import type { DecodableObject, Decoder } from './decoder.ts'
import { BrokenData, decompress } from './decompress.ts'
import type { Format } from './format.ts'
import { Framer, MAX_RECORD_BYTES } from './framer.ts'
import type { WrittenDate } from './record-date.ts'
import type { Piece } from './shard.ts'
import type { Likeness } from './skimmed-bytes.ts'
import type { LogObject, LogSource, Window } from './source.ts'
import { SourceError } from './source-error.ts'
import type { Where } from './where.ts'

export interface ReadOptions {
  source: LogSource
  format: Format
  window: Window
  /** Which records count. Where it is given, each is parsed, which takes several times as long. */
  where?: Where | null
  /** The field whose value each record brings along. */
  field?: string | null
  /** Whether records need only the date and that field; where a format gains by it, the others are read later. */
  partly?: boolean
  limits?: { maxRecordBytes?: number }
  signal?: AbortSignal
}

/** The record in work, in `bytes[start, end)`. There is one for all records of an object. */
export interface FramedRecord {
  bytes: Buffer
  start: number
  end: number
  /** Of its first byte in the decompressed object, or another number that is its own. */
  offset: number
  /** Its own date, else its key's. Looked for when asked. */
  readonly date: string | null
  /** What it has in `ReadOptions.field`. Looked for when asked. */
  readonly value: string | null
  /** Bytes to parse it from later. */
  keep(): Buffer
  /** Counted when asked. */
  readonly line: number
}

export interface Visitor {
  /** One record that counts, valid during the call. */
  record(record: FramedRecord): void
  /**
   * Which records need not be handed over, but only be counted.
   * @param last the date of the records at hand as they write it, where that can be told
   */
  alike?(last: WrittenDate | null): Likeness | null
  /** So many of those. */
  passed?(records: number): void
  /** Broken framing, or compression, at a line. */
  malformed(line: number, problem: string): void
  /** Called as bytes come in, as stored. */
  stored?(bytes: number): void
  /** Asked now and then whether to stop. */
  isEnough?(): boolean
}

const isInside = ({ from, to }: Window, date: string) => date >= from && date <= to

/** The objects to read: those whose key's date lies in the window, and those whose key has none. */
export async function* objectsOf({ source, window, signal }: ReadOptions): AsyncGenerator<LogObject> {
  for await (const object of source.list(signal, window))
    if (object.date === null || isInside(window, object.date)) yield object
}

/** Which of an object's records: those that begin in `[from, to)` of its decompressed bytes; all of them by default. */
export type ByteRange = Pick<Piece, 'from' | 'to'>
/** What is asked for beyond a range: its last record ends there, as a rule. */
const OVERLAP = 1 << 16
const ALL_BYTES: ByteRange = { from: 0, to: null }

/**
 * Reads one object, or a piece of one that is not compressed. Every record that fits `where` counts of an object with a date; one of an
 * object without counts if its own date lies in the window, or if it has none either. Where the compression breaks off, the records before
 * it count.
 * @returns how many line ends there are in the range
 * @throws SourceError if it can't be read, or the signal's reason
 */
export async function readObject(
  object: LogObject,
  options: ReadOptions,
  visitor: Visitor,
  { from, to }: ByteRange = ALL_BYTES,
): Promise<number> {
  const { source, window, limits, signal } = options
  const format = options.format.perObject?.() ?? options.format
  const asked = options.where ? asking(options.where, format, visitor) : null
  const first = asked ?? visitor
  const readValue = options.field ? format.field(options.field) : null
  const identify = source.identity === 'content' ? contentIdentity() : null
  let line = 0
  const record: FramedRecord = {
    bytes: Buffer.alloc(0) as Buffer,
    start: 0,
    end: 0,
    offset: 0,
    get date() {
      return format.date(this.bytes, this.start, this.end) ?? object.date
    },
    get value() {
      return readValue?.(this.bytes, this.start, this.end) ?? null
    },
    keep() {
      const { bytes, start, end } = this
      return ownCopy(format.keep?.(bytes, start, end) ?? bytes.subarray(start, end))
    },
    get line() {
      return format.decoder ? line : framer.lineAt(this.start)
    },
  }
  const sink = {
    record(bytes: Buffer, start: number, end: number, offset: number) {
      record.bytes = bytes
      record.start = start
      record.end = end
      // before the date is looked at: an identity may count equal records
      record.offset = identify ? identify(bytes, start, end) : offset
      if (object.date === null) {
        const own = record.date
        if (own !== null && !isInside(window, own)) return
      }
      first.record(record)
    },
    malformed: (at: number, problem: string) => first.malformed(at, problem),
    alike() {
      const last = format.lastDate?.() ?? null
      if (identify || (object.date === null && !(last && isInside(window, last.date)))) return null
      return first.alike?.(last) ?? null
    },
    passed: (records: number) => first.passed?.(records),
  }
  const framer = new Framer(format, sink, { limit: limits?.maxRecordBytes ?? MAX_RECORD_BYTES, from, to })

  const buffers: Buffer[] = []
  const decompressed: Buffer[] = []
  const decompressAll = () => decompress(stored(), source.maxExpansion, decompressed)
  async function* stored(): AsyncGenerator<Buffer> {
    // the byte before the range tells whether a record begins with it
    let at = Math.max(0, from - 1)
    for (let until = to === null ? null : to + OVERLAP; ; until += OVERLAP) {
      for await (const chunk of await source.open(object, signal, {
        reuse: buffers,
        from: at,
        to: until,
        window,
      })) {
        visitor.stored?.(chunk.length)
        at += chunk.length
        yield chunk
      }
      // the last record of the range may be longer than what was asked for beyond it
      if (until === null || at < until || at >= (object.size ?? 0)) return
    }
  }

  async function decodeAll(decoder: Decoder): Promise<void> {
    const all = options.where || !options.partly
    const fields = all ? null : options.field ? [options.field] : []
    const decodable = decodableObject(object, options, decompressAll, visitor.stored)
    for await (const batch of decoder.decode(decodable, fields)) {
      signal?.throwIfAborted()
      for (const decoded of batch) {
        line = decoded.line
        if ('problem' in decoded) sink.malformed(line, decoded.problem)
        else sink.record(decoded.json, 0, decoded.json.length, decoded.offset)
      }
      await asked?.settle()
      if (visitor.isEnough?.()) return
    }
  }

  async function frameAll(): Promise<void> {
    for await (const chunk of from > 0 ? stored() : decompressAll()) {
      signal?.throwIfAborted()
      framer.push(chunk)
      await asked?.settle()
      if (framer.isDone || visitor.isEnough?.()) return
    }
    framer.end()
    await asked?.settle()
  }

  try {
    await (format.decoder ? decodeAll(format.decoder) : frameAll())
  } catch (error) {
    if (!(error instanceof BrokenData)) throw error
    first.malformed(format.decoder ? line + 1 : framer.line, error.message)
    await asked?.settle()
  }
  const lines = framer.line - 1
  framer.close()
  // After an error somebody may still read them.
  for (const buffer of [...buffers, ...decompressed]) giveBack(buffer)
  return lines
}

/** Reads the rest of the fields of records that were read partly. */
export async function completeRecords(
  object: LogObject,
  options: ReadOptions,
  recordsOf: () => { offset: number; bytes: Buffer }[],
): Promise<void> {
  const { decoder } = options.format
  if (!decoder?.complete || options.where) return
  const records = recordsOf()
  if (records.length === 0) return
  const noBytes = () => {
    throw new Error('records are completed by ranges')
  }
  await decoder.complete(decodableObject(object, options, noBytes), records)
}

function decodableObject(
  object: LogObject,
  { source, signal }: ReadOptions,
  bytes: () => AsyncIterable<Buffer>,
  onStored?: (bytes: number) => void,
): DecodableObject {
  return {
    ...object,
    signal,
    bytes,
    async range(start, end) {
      if (!source.range)
        throw new SourceError('refused', `${object.key}: this source has no ranges, which the format needs`)
      const read = await source.range(object, start, end, signal)
      onStored?.(read.length)
      return read
    },
  }
}
