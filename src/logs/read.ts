import { asking } from './asking.ts'
import { BrokenData, decompress } from './decompress.ts'
import type { Format } from './format.ts'
import { Framer, MAX_RECORD_BYTES } from './framer.ts'
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
  /** Its own date, else its key's. */
  date: string | null
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

/**
 * Reads one object. Every record that fits `where` counts of an object with a date; one of an object without counts if its own date lies in the
 * window, or if it has none either. Where the compression breaks off, the records before it count.
 * @throws SourceError if it can't be read, or the signal's reason
 */
export async function readObject(object: LogObject, options: ReadOptions, visitor: Visitor): Promise<void> {
  const { source, format, window, limits, signal } = options
  const asked = options.where ? asking(options.where, format, visitor) : null
  const first = asked ?? visitor
  const record = {
    bytes: Buffer.alloc(0) as Buffer,
    start: 0,
    end: 0,
    offset: 0,
    date: null as string | null,
    get line() {
      return framer.lineAt(this.start)
    },
  }
  const sink = {
    record(bytes: Buffer, start: number, end: number, offset: number) {
      const own = format.date(bytes, start, end)
      if (own !== null && object.date === null && !isInside(window, own)) return
      record.bytes = bytes
      record.start = start
      record.end = end
      record.offset = offset
      record.date = own ?? object.date
      first.record(record)
    },
    malformed: (line: number, problem: string) => first.malformed(line, problem),
  }
  const framer = new Framer(format, sink, limits?.maxRecordBytes ?? MAX_RECORD_BYTES)

  async function* stored(): AsyncGenerator<Buffer> {
    for await (const chunk of await source.open(object, signal, { reuse: true })) {
      visitor.stored?.(chunk.length)
      yield chunk
    }
  }
  try {
    for await (const chunk of decompress(stored(), source.maxExpansion)) {
      signal?.throwIfAborted()
      framer.push(chunk)
      await asked?.settle()
      if (visitor.isEnough?.()) return
    }
    framer.end()
    await asked?.settle()
  } catch (error) {
    if (!(error instanceof BrokenData)) throw error
    visitor.malformed(framer.line, error.message)
  }
}
