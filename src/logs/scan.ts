import { offsetHash } from './hash.ts'
import { addMalformed, type Malformed } from './malformed.ts'
import { completeRecords, type FramedRecord, objectsOf, type ReadOptions, readObject } from './read.ts'
import { type Candidate, Sketch, type SketchOptions } from './sample.ts'
import type { LogObject } from './source.ts'

export interface ScanProgress {
  objects_total: number
  objects_done: number
  /** As stored; an object of unknown size counts as far as it was read. */
  bytes_total: number
  bytes_done: number
  records_seen: number
  records_malformed: number
}

export interface ScanOptions extends ReadOptions {
  /** `by`: `date`, `none`, or a field of the records. */
  sample: Pick<SketchOptions, 'total' | 'allocation'> & { by: string }
  seed: string | number
  /** Records that do not count, by stratum and place. */
  skips?: ((stratum: string, object: string, offset: number) => boolean) | undefined
  /** Called often; nothing waits for it. */
  onProgress?: (progress: ScanProgress) => void
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

/** One keeps the processor busy while the other waits for its storage. */
const OBJECTS_AT_A_TIME = 2

/** Reads one object into a result; scans of different objects can be shared out, and their sketches merged. */
export async function scanObject(object: LogObject, options: ScanOptions, result: ScanResult): Promise<void> {
  const { sketch, malformed, progress } = result
  const { by } = options.sample
  const hashFor = (purpose: 'sample' | 'order' | 'blind') =>
    offsetHash(String(options.seed), purpose, options.source.id, object.key)
  const [place, order, blind] = [hashFor('sample'), hashFor('order'), hashFor('blind')]
  const field = by === 'date' || by === 'none' ? null : by

  // the sketch asks for few records, so nothing is made for the others
  let at!: FramedRecord
  let hash = 0
  const makeCandidate = (): Candidate => ({
    hash,
    order: order(at.offset),
    blind: blind(at.offset),
    object: object.key,
    offset: at.offset,
    line: at.line,
    date: at.date,
    bytes: at.keep(),
  })
  const reading = { ...options, field, partly: true }
  await readObject(object, reading, {
    record(record) {
      let stratum = ALL
      if (field) stratum = record.value ?? NO_VALUE
      else if (by === 'date') stratum = record.date ?? UNDATED
      if (options.skips?.(stratum, object.key, record.offset)) return
      at = record
      hash = place(record.offset)
      progress.records_seen++
      sketch.offer(stratum, hash, makeCandidate)
    },
    malformed(line, problem) {
      addMalformed(malformed, [{ object: object.key, line, problem }])
      progress.records_malformed++
    },
    stored(bytes) {
      progress.bytes_done += bytes
      if (object.size === null) progress.bytes_total += bytes
      options.onProgress?.({ ...progress })
    },
  })
  await completeRecords(object, reading, sketch.candidatesOf(object.key))
  progress.objects_done++
  options.onProgress?.({ ...progress })
}

/**
 * Scans the logs of a window once: counts every record, and keeps the candidates for the sample.
 * @throws SourceError if the logs can't be read, or the signal's reason
 */
export async function scanLogs(options: ScanOptions): Promise<ScanResult> {
  const failed = new AbortController()
  const signal = AbortSignal.any(options.signal ? [options.signal, failed.signal] : [failed.signal])
  const objects = await Array.fromAsync(objectsOf({ ...options, signal }))

  const { total, allocation } = options.sample
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
  options.onProgress?.({ ...result.progress })

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
