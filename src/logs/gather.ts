import { addMalformed, type Malformed } from './malformed.ts'
import type { Sketch } from './sample.ts'
import type { ShardCounts } from './scan.ts'
import { isPart, type Piece, type Shard, shardBytes } from './shard.ts'

export interface ScanProgress {
  objects_total: number
  objects_done: number
  /** As stored; an object of unknown size counts as far as it was read. */
  bytes_total: number
  bytes_done: number
  records_seen: number
  records_malformed: number
}

export const NOTHING_SCANNED: ScanProgress = {
  objects_total: 0,
  objects_done: 0,
  bytes_total: 0,
  bytes_done: 0,
  records_seen: 0,
  records_malformed: 0,
}

/** What the logs of a window came to. */
export interface ScanResult {
  sketch: Sketch
  /** Broken framing; broken content is found when the sample is drawn. */
  malformed: Malformed
  progress: ScanProgress
}

/** What is known of a shard: its counts so far, and whether they are the last. */
export interface ShardState {
  counts: ShardCounts
  isDone: boolean
}

/** How far a scan is. @param states by the shard's place in `shards`; those that nobody has begun are missing */
export function progressOf(shards: readonly Shard[], states: ReadonlyMap<number, ShardState>): ScanProgress {
  const progress = { ...NOTHING_SCANNED }
  const cut = new Map<string, boolean>()
  for (const [index, shard] of shards.entries()) {
    const state = states.get(index)
    progress.bytes_total += Math.max(shardBytes(shard), state?.counts.bytes_total ?? 0)
    progress.bytes_done += state?.counts.bytes_done ?? 0
    progress.records_seen += state?.counts.records_seen ?? 0
    progress.records_malformed += state?.counts.records_malformed ?? 0
    progress.objects_done += state?.counts.objects_done ?? 0
    if (!isPart(shard)) progress.objects_total += shard.length
    else {
      const { key } = (shard[0] as Piece).object
      cut.set(key, (cut.get(key) ?? true) && state?.isDone === true)
    }
  }
  progress.objects_total += cut.size
  for (const isDone of cut.values()) if (isDone) progress.objects_done++
  return progress
}

/**
 * What the shards came to together: lines counted from the begin of their objects.
 * @param sketch of all shards, merged in any order
 */
export function gather(
  shards: readonly Shard[],
  states: ReadonlyMap<number, ShardState>,
  sketch: Sketch,
): ScanResult {
  const malformed: Malformed = { count: 0, first: [] }
  const cut = new Map<string, { from: number; before: number; lines: number }[]>()
  for (const [index, shard] of shards.entries()) {
    const { counts } = states.get(index) as ShardState
    let before = 0
    if (isPart(shard)) {
      const { object, from } = shard[0] as Piece
      const pieces = cut.get(object.key) ?? []
      const last = pieces.at(-1)
      before = last ? last.before + last.lines : 0
      pieces.push({ from, before, lines: counts.lines })
      cut.set(object.key, pieces)
    }
    const { first, count } = counts.malformed
    addMalformed(
      malformed,
      first.map((one) => ({ ...one, line: one.line + before })),
      count,
    )
  }
  for (const { candidates } of sketch.strata()) {
    for (const candidate of candidates) {
      const piece = cut.get(candidate.object)?.findLast(({ from }) => from <= candidate.offset)
      candidate.line += piece?.before ?? 0
    }
  }
  return { sketch, malformed, progress: progressOf(shards, states) }
}
