import type { ScanProgress, ScanResult } from '../../src/logs/gather.ts'
import { emptySketch, type ScanOptions, scanShard } from '../../src/logs/scan.ts'
import { scanShards } from '../../src/logs/scan-shards.ts'
import { survey } from '../../src/logs/survey.ts'

export interface ScanLogsOptions extends ScanOptions {
  onProgress?: (progress: ScanProgress) => void
  /** By default each object is a shard. */
  shardBytes?: number
}

/** Scans the logs of a window as a run does, here and two shards at a time. */
export async function scanLogs({ onProgress, shardBytes, ...options }: ScanLogsOptions): Promise<ScanResult> {
  const shards = shardBytes
    ? await survey(options, () => shardBytes)
    : (await survey(options, () => Number.MAX_SAFE_INTEGER)).flat().map((piece) => [piece])
  let last: Promise<unknown>[] = [Promise.resolve(), Promise.resolve()]
  const scan: Parameters<typeof scanShards>[1] = (shard, each) => {
    const [first, ...others] = last
    const done = (first as Promise<unknown>).then(() => {
      each.signal.throwIfAborted()
      return scanShard(shard, { ...options, signal: each.signal }, each.onProgress)
    })
    last = [...others, done]
    return done
  }
  return scanShards(shards, scan, emptySketch(options), { signal: options.signal, onProgress })
}
