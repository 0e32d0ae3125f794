import { flushCompileCache } from 'node:module'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { noteCalls, type ObservedCall } from '../telemetry/observe.ts'
import type { SketchJson } from './sample.ts'
import { type ShardCounts, scanShard } from './scan.ts'
import { openScan, type ScanJob, sourceOf } from './scan-job.ts'
import type { Shard } from './shard.ts'
import type { LogSource } from './source.ts'
import { SourceError, type SourceErrorKind } from './source-error.ts'

/** What such a thread runs, and is given as its `workerData`: whoever starts one loads this file as well, and so has it compiled for it. */
export const SCAN_THREAD = import.meta.url

/** What a thread that scans is told; one shard at a time. */
export type ToThread = { id: number; job: ScanJob; shard: Shard } | { id: number; abort: true }

/** What it says, and which calls of the source have ended since it said something last. */
export type FromThread = { id: number; calls: ObservedCall[] } & (
  | { progress: ShardCounts }
  | { counts: ShardCounts; sketch: SketchJson }
  | { error: { kind: SourceErrorKind | null; message: string; stack: string } }
)
type Said<T> = T extends unknown ? Omit<T, 'id' | 'calls'> : never

const PROGRESS_MS = 200
/** Sources that stay open between shards and between runs, for their connections. */
const KEPT_OPEN = 2

const open = new Map<string, LogSource>()
const aborts = new Map<number, AbortController>()
const calls: ObservedCall[] = []
const observe = noteCalls((call) => calls.push(call))

/** The source of a job; those that were used longest ago are closed. */
function use(job: ScanJob): LogSource {
  const name = JSON.stringify([job.source, job.sources, job.timezone])
  const source = open.get(name) ?? sourceOf(job, observe)
  open.delete(name)
  open.set(name, source)
  for (const [other, { close }] of open) {
    if (open.size <= KEPT_OPEN) break
    open.delete(other)
    void close?.()
  }
  return source
}

async function work(port: MessagePort, id: number, job: ScanJob, shard: Shard): Promise<void> {
  const say = (said: Said<FromThread>) =>
    port.postMessage({ id, calls: calls.splice(0), ...said } as FromThread)
  const abort = new AbortController()
  aborts.set(id, abort)
  let said = performance.now()
  const progress = (counts: ShardCounts) => {
    if (performance.now() - said < PROGRESS_MS) return
    said = performance.now()
    say({ progress: counts })
  }
  try {
    const { options } = openScan(job, use(job))
    const { counts, sketch } = await scanShard(shard, { ...options, signal: abort.signal }, progress)
    say({ counts, sketch: sketch.toJSON() })
  } catch (error) {
    const { message, stack = '' } = error as Error
    say({ error: { kind: error instanceof SourceError ? error.kind : null, message, stack } })
  } finally {
    aborts.delete(id)
  }
}

function listen(port: MessagePort): void {
  // what was read of the cache to load all this would stay in memory
  flushCompileCache()
  port.on('message', (told: ToThread) => {
    if ('abort' in told) aborts.get(told.id)?.abort(new Error('the scan was stopped'))
    else void work(port, told.id, told.job, told.shard)
  })
}

if (parentPort && workerData === SCAN_THREAD) listen(parentPort)
