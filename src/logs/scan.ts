import { hashKey, offsetHash } from './hash.ts'
import { addMalformed, type Malformed } from './malformed.ts'
import { completeRecords, type FramedRecord, type ReadOptions, readObject } from './read.ts'
import { type Candidate, Sketch, type SketchOptions } from './sample.ts'
import { isPart, type Piece, type Shard } from './shard.ts'

export interface ScanOptions extends ReadOptions {
  /** `by`: `date`, `none`, or a field of the records. */
  sample: Pick<SketchOptions, 'total' | 'allocation'> & { by: string }
  seed: string | number
  /** Records that do not count, by stratum and place. */
  skips?: ((stratum: string, object: string, offset: number) => boolean) | undefined
}

/** What has been read of a shard. */
export interface ShardCounts {
  objects_done: number
  /** As stored; what is read of an object of unknown size is also its size. */
  bytes_done: number
  bytes_total: number
  records_seen: number
  records_malformed: number
  /** Broken framing; broken content is found when the sample is drawn. Lines are the piece's, from 1. */
  malformed: Malformed
  /** Line ends in a piece of an object. */
  lines: number
}

export interface ShardScan {
  counts: ShardCounts
  /** The lines of its candidates are the piece's, from 1. */
  sketch: Sketch
}

/** Strata of records that have no date, of a sample without strata, and of records that lack the field. */
export const UNDATED = 'undated'
export const ALL = 'all'
export const NO_VALUE = '(none)'

export function emptySketch({ sample: { total, allocation }, seed }: Pick<ScanOptions, 'sample' | 'seed'>) {
  return new Sketch({ total, seed: String(seed), ...(allocation && { allocation }) })
}

/**
 * Reads a shard: counts every record, and keeps the candidates for the sample.
 * @param onProgress called often; nothing waits for it
 * @throws SourceError if the logs can't be read, or the signal's reason
 */
export async function scanShard(
  shard: Shard,
  options: ScanOptions,
  onProgress?: (counts: ShardCounts) => void,
): Promise<ShardScan> {
  const counts: ShardCounts = {
    objects_done: 0,
    bytes_done: 0,
    bytes_total: 0,
    records_seen: 0,
    records_malformed: 0,
    malformed: { count: 0, first: [] },
    lines: 0,
  }
  const scan = { counts, sketch: emptySketch(options) }
  for (const piece of shard) {
    counts.lines = await scanPiece(piece, options, scan, () => onProgress?.(counts))
    if (!isPart(shard)) counts.objects_done++
    onProgress?.(counts)
  }
  return scan
}

async function scanPiece(
  { object, from, to }: Piece,
  options: ScanOptions,
  { counts, sketch }: ShardScan,
  onProgress: () => void,
): Promise<number> {
  const { by } = options.sample
  const hashFor = (purpose: 'sample' | 'order' | 'blind') =>
    offsetHash(String(options.seed), purpose, options.source.id, object.key)
  const [place, order, blind] = [hashFor('sample'), hashFor('order'), hashFor('blind')]
  const key = hashKey(String(options.seed), 'sample', options.source.id, object.key)
  const field = by === 'date' || by === 'none' ? null : by
  const needsDate = by === 'date' || object.date === null
  const size = object.size === null ? null : (to ?? object.size) - from
  const before = counts.bytes_done
  counts.bytes_total += size ?? 0

  // the sketch asks for few records, so nothing is made for the others
  let at!: FramedRecord
  let hash = 0
  let passing = ALL
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
  const lines = await readObject(
    object,
    reading,
    {
      record(record) {
        let stratum = ALL
        if (field) stratum = record.value ?? NO_VALUE
        else if (by === 'date') stratum = record.date ?? UNDATED
        if (options.skips?.(stratum, object.key, record.offset)) return
        at = record
        hash = place(record.offset)
        counts.records_seen++
        sketch.offer(stratum, hash, makeCandidate)
      },
      alike(last) {
        if (field || options.skips || (needsDate && !last)) return null
        passing = by === 'date' && last ? last.date : ALL
        const surplus = sketch.surplus(passing)
        return surplus && { ...surplus, key, date: needsDate && last ? last.written : null }
      },
      passed(records) {
        counts.records_seen += records
        sketch.count(passing, records)
      },
      malformed(line, problem) {
        addMalformed(counts.malformed, [{ object: object.key, line, problem }])
        counts.records_malformed++
      },
      stored(bytes) {
        counts.bytes_done += bytes
        if (size === null) counts.bytes_total += bytes
        // what is read beyond the piece belongs to the next one
        else counts.bytes_done = Math.min(counts.bytes_done, before + size)
        onProgress()
      },
    },
    { from, to },
  )
  await completeRecords(object, reading, () => sketch.candidatesOf(object.key))
  if (size !== null) counts.bytes_done = before + size
  return lines
}
