import { gather, progressOf, type ScanProgress, type ScanResult, type ShardState } from './gather.ts'
import type { Sketch } from './sample.ts'
import type { ShardCounts, ShardScan } from './scan.ts'
import type { Shard } from './shard.ts'

export interface ShardOptions {
  signal: AbortSignal
  onProgress: (counts: ShardCounts) => void
}

/**
 * Scans shards and gathers what they come to. When one fails, the others are stopped.
 * @param scan scans one of them; it is called for all at once
 * @param sketch an empty one, that takes in all
 * @throws the first error, after the last of them has ended
 */
export async function scanShards(
  shards: readonly Shard[],
  scan: (shard: Shard, options: ShardOptions) => Promise<ShardScan>,
  sketch: Sketch,
  options: { signal?: AbortSignal | undefined; onProgress?: ((progress: ScanProgress) => void) | undefined },
): Promise<ScanResult> {
  const failed = new AbortController()
  const signal = AbortSignal.any(options.signal ? [options.signal, failed.signal] : [failed.signal])
  const states = new Map<number, ShardState>()
  const tell = (index: number, state: ShardState) => {
    states.set(index, state)
    options.onProgress?.(progressOf(shards, states))
  }
  options.onProgress?.(progressOf(shards, states))
  async function work(shard: Shard, index: number): Promise<void> {
    try {
      const onProgress = (counts: ShardCounts) => tell(index, { counts, isDone: false })
      const done = await scan(shard, { signal, onProgress })
      sketch.merge(done.sketch)
      tell(index, { counts: done.counts, isDone: true })
    } catch (error) {
      failed.abort(error)
    }
  }
  await Promise.all(shards.map(work))
  failed.signal.throwIfAborted()
  return gather(shards, states, sketch)
}
