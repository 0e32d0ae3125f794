import { BrokenData, decompress } from './decompress.ts'
import type { Format } from './format.ts'
import { Framer, MAX_RECORD_BYTES } from './framer.ts'
import { offsetHash } from './hash.ts'
import { addMalformed, type Malformed } from './malformed.ts'
import { type Candidate, Sketch, type SketchOptions } from './sample.ts'
import type { LogObject, LogSource } from './source.ts'

/** Calendar dates, `YYYY-MM-DD`, both included. */
export interface Window {
  from: string
  to: string
}

export interface ScanProgress {
  objects_total: number
  objects_done: number
  /** As stored; the size of an object of unknown size counts from when it was read. */
  bytes_total: number
  bytes_done: number
  records_seen: number
  records_malformed: number
}

export interface ScanOptions {
  source: LogSource
  format: Format
  window: Window
  /** `by`: `date`, `none`, or a field of the records. */
  sample: Pick<SketchOptions, 'total' | 'allocation'> & { by: string }
  seed: string | number
  limits?: { maxRecordBytes?: number }
  /** Called for each piece that was read; not to be awaited, the callee may skip calls. */
  onProgress?: (progress: ScanProgress) => void
  signal?: AbortSignal
}

export interface ScanResult {
  sketch: Sketch
  /** Broken framing; broken content is found when the sample is drawn. */
  malformed: Malformed
  progress: ScanProgress
}

/** Strata of records that have no date, of a sample without strata, and of records that lack the field. */
export const UNDATED = 'undated'
export const ALL = 'all'
export const NO_VALUE = '(none)'

/** Two keep the processor busy while one waits for its storage. */
const OBJECTS_AT_A_TIME = 2

const isInside = ({ from, to }: Window, date: string) => date >= from && date <= to

/** The objects to read: those whose key's date lies in the window, and those whose key has none. */
export async function* objectsOf(
  source: LogSource,
  window: Window,
  signal?: AbortSignal,
): AsyncGenerator<LogObject> {
  for await (const object of source.list(signal))
    if (object.date === null || isInside(window, object.date)) yield object
}

/**
 * Whether a record with this date of its own counts. Every record of a dated object does; one of an object without a date does if
 * its own date lies in the window, or if it has none either.
 */
export function counts(own: string | null, object: LogObject, window: Window): boolean {
  return object.date !== null || own === null || isInside(window, own)
}

/** Reads one object into the sketch; the unit that many scans of one run can share out. */
export async function scanObject(
  object: LogObject,
  options: ScanOptions,
  { sketch, malformed, progress }: ScanResult,
): Promise<void> {
  const { source, format, window, sample, onProgress, signal } = options
  const seed = String(options.seed)
  const [place, order, blind] = (['sample', 'order', 'blind'] as const).map((purpose) =>
    offsetHash(seed, purpose, source.id, object.key),
  ) as [(offset: number) => number, (offset: number) => number, (offset: number) => number]
  const field = sample.by === 'date' || sample.by === 'none' ? null : format.field(sample.by)

  // of the record in work; the sketch asks for few of them, so nothing is made for the others
  const at = {
    bytes: Buffer.alloc(0) as Buffer,
    start: 0,
    end: 0,
    offset: 0,
    hash: 0,
    date: null as string | null,
  }
  const candidate = (): Candidate => ({
    hash: at.hash,
    order: order(at.offset),
    blind: blind(at.offset),
    object: object.key,
    offset: at.offset,
    line: framer.lineAt(at.start),
    date: at.date,
    bytes: Buffer.from(at.bytes.subarray(at.start, at.end)),
  })
  const reportMalformed = (line: number, problem: string) => {
    addMalformed(malformed, [{ object: object.key, line, problem }])
    progress.records_malformed++
  }
  const framer = new Framer(
    format,
    {
      record(bytes, start, end, offset) {
        const own = format.date(bytes, start, end)
        if (!counts(own, object, window)) return
        const date = own ?? object.date
        let stratum = ALL
        if (field) stratum = field(bytes, start, end) ?? NO_VALUE
        else if (sample.by === 'date') stratum = date ?? UNDATED
        at.bytes = bytes
        at.start = start
        at.end = end
        at.offset = offset
        at.hash = place(offset)
        at.date = date
        progress.records_seen++
        sketch.offer(stratum, at.hash, candidate)
      },
      malformed: reportMalformed,
    },
    options.limits?.maxRecordBytes ?? MAX_RECORD_BYTES,
  )

  async function* counted(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      progress.bytes_done += chunk.length
      if (object.size === null) progress.bytes_total += chunk.length
      yield chunk
    }
  }

  try {
    for await (const chunk of decompress(counted(await source.open(object, signal)))) {
      signal?.throwIfAborted()
      framer.push(chunk)
      onProgress?.({ ...progress })
    }
    framer.end()
  } catch (error) {
    if (!(error instanceof BrokenData)) throw error
    reportMalformed(framer.line, error.message)
  }
  progress.objects_done++
  onProgress?.({ ...progress })
}

/**
 * Scans the logs of a window once: counts every record, and keeps the candidates for the sample.
 * @throws SourceError if the logs can't be read, or the signal's reason
 */
export async function scanLogs(options: ScanOptions): Promise<ScanResult> {
  const { source, window, sample, onProgress } = options
  const failed = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, failed.signal]) : failed.signal
  const objects: LogObject[] = []
  for await (const object of objectsOf(source, window, signal)) objects.push(object)

  const { total, allocation } = sample
  const result: ScanResult = {
    sketch: new Sketch({ total, seed: String(options.seed), ...(allocation && { allocation }) }),
    malformed: { count: 0, first: [] },
    progress: {
      objects_total: objects.length,
      objects_done: 0,
      bytes_total: objects.reduce((sum, { size }) => sum + (size ?? 0), 0),
      bytes_done: 0,
      records_seen: 0,
      records_malformed: 0,
    },
  }
  onProgress?.({ ...result.progress })

  const waiting = objects.values()
  async function work(): Promise<void> {
    try {
      for (const object of waiting) await scanObject(object, { ...options, signal }, result)
    } catch (error) {
      failed.abort(error)
    }
  }
  await Promise.all(Array.from({ length: OBJECTS_AT_A_TIME }, work))
  failed.signal.throwIfAborted()
  return result
}
