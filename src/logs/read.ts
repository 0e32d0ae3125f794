import { asking } from './asking.ts'
import { BrokenData, decompress } from './decompress.ts'
import type { Format } from './format.ts'
import { Framer, MAX_RECORD_BYTES } from './framer.ts'
import type { Piece } from './shard.ts'
import type { LogObject, LogSource } from './source.ts'
import type { Where } from './where.ts'

/** Calendar dates, `YYYY-MM-DD`, both included. */
export interface Window {
  from: string
  to: string
}

export interface ReadOptions {
  source: LogSource
  format: Format
  window: Window
  /** Which records count. Where it is given, each is parsed, which takes several times as long. */
  where?: Where | null
  limits?: { maxRecordBytes?: number }
  signal?: AbortSignal
}

/** The record in work, in `bytes[start, end)`. There is one for all records of an object. */
export interface FramedRecord {
  bytes: Buffer
  start: number
  end: number
  /** Of its first byte in the decompressed object. */
  offset: number
  /** Its own date, else its key's. Looked for when asked. */
  readonly date: string | null
  /** Counted when asked. */
  readonly line: number
}

export interface Visitor {
  /** One record that counts, valid during the call. */
  record(record: FramedRecord): void
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
  for await (const object of source.list(signal))
    if (object.date === null || isInside(window, object.date)) yield object
}

/** Which of an object's records: those that begin in `[from, to)` of its decompressed bytes; all of them by default. */
export type ByteRange = Pick<Piece, 'from' | 'to'>
/** What is asked for beyond a range: its last record ends there, as a rule. */
const OVERLAP = 1 << 16
const ALL_BYTES: ByteRange = { from: 0, to: null }

/**
 * Reads one object, or a piece of one that is not compressed. Every record that fits `where` counts of an object with a date; one of an object without counts if its own date lies in the
 * window, or if it has none either. Where the compression breaks off, the records before it count.
 * @returns how many line ends there are in the range
 * @throws SourceError if it can't be read, or the signal's reason
 */
export async function readObject(
  object: LogObject,
  options: ReadOptions,
  visitor: Visitor,
  { from, to }: ByteRange = ALL_BYTES,
): Promise<number> {
  const { source, format, window, limits, signal } = options
  const asked = options.where ? asking(options.where, format, visitor) : null
  const first = asked ?? visitor
  const record = {
    bytes: Buffer.alloc(0) as Buffer,
    start: 0,
    end: 0,
    offset: 0,
    get date() {
      return format.date(this.bytes, this.start, this.end) ?? object.date
    },
    get line() {
      return framer.lineAt(this.start)
    },
  }
  const sink = {
    record(bytes: Buffer, start: number, end: number, offset: number) {
      record.bytes = bytes
      record.start = start
      record.end = end
      record.offset = offset
      if (object.date === null) {
        const own = record.date
        if (own !== null && !isInside(window, own)) return
      }
      first.record(record)
    },
    malformed: (line: number, problem: string) => first.malformed(line, problem),
  }
  const framer = new Framer(format, sink, { limit: limits?.maxRecordBytes ?? MAX_RECORD_BYTES, from, to })

  async function* stored(): AsyncGenerator<Buffer> {
    // the byte before the range tells whether a record begins with it
    let at = Math.max(0, from - 1)
    for (let until = to === null ? null : to + OVERLAP; ; until += OVERLAP) {
      for await (const chunk of await source.open(object, signal, { reuse: true, from: at, to: until })) {
        visitor.stored?.(chunk.length)
        at += chunk.length
        yield chunk
      }
      // the last record of the range may be longer than what was asked for beyond it
      if (until === null || at < until || at >= (object.size ?? 0)) return
    }
  }
  try {
    for await (const chunk of from > 0 ? stored() : decompress(stored())) {
      signal?.throwIfAborted()
      framer.push(chunk)
      await asked?.settle()
      if (framer.isDone || visitor.isEnough?.()) return framer.line - 1
    }
    framer.end()
    await asked?.settle()
    return framer.line - 1
  } catch (error) {
    if (!(error instanceof BrokenData)) throw error
    visitor.malformed(framer.line, error.message)
    return framer.line - 1
  } finally {
    framer.close()
  }
}
