import { type MessagePort, parentPort } from 'node:worker_threads'
import type { SketchJson } from './sample.ts'
import { type ShardCounts, scanShard } from './scan.ts'
import { type OpenScan, openScan, type ScanJob } from './scan-job.ts'
import type { Shard } from './shard.ts'
import { SourceError, type SourceErrorKind } from './source-error.ts'

/** What a thread that scans is told. */
export type ToThread =
  /** `job` is a ScanJob as JSON, so that equal ones are known by their text. */
  { id: number; job: string; shard: Shard } | { id: number; abort: true }

/** What it says. */
export type FromThread =
  | { id: number; progress: ShardCounts }
  | { id: number; counts: ShardCounts; sketch: SketchJson }
  | { id: number; error: { kind: SourceErrorKind | null; message: string; stack: string } }

const PROGRESS_MS = 200
/** Scans that stay open between shards, for their connections. */
const KEPT_OPEN = 4

const open = new Map<string, OpenScan & { users: number }>()
const aborts = new Map<number, AbortController>()

/** The open scan of a job; those that nobody has used for longest are closed. */
function use(job: string): OpenScan & { users: number } {
  const scan = open.get(job) ?? { ...openScan(JSON.parse(job) as ScanJob), users: 0 }
  open.delete(job)
  open.set(job, scan)
  scan.users++
  for (const [other, { users, close }] of open) {
    if (open.size <= KEPT_OPEN) break
    if (users > 0) continue
    open.delete(other)
    void close()
  }
  return scan
}

async function work(port: MessagePort, id: number, job: string, shard: Shard): Promise<void> {
  const say = (message: FromThread) => port.postMessage(message)
  const abort = new AbortController()
  aborts.set(id, abort)
  let scan: ReturnType<typeof use> | undefined
  let said = performance.now()
  const progress = (counts: ShardCounts) => {
    if (performance.now() - said < PROGRESS_MS) return
    said = performance.now()
    say({ id, progress: counts })
  }
  try {
    scan = use(job)
    const { counts, sketch } = await scanShard(shard, { ...scan.options, signal: abort.signal }, progress)
    say({ id, counts, sketch: sketch.toJSON() })
  } catch (error) {
    const { message, stack = '' } = error as Error
    say({ id, error: { kind: error instanceof SourceError ? error.kind : null, message, stack } })
  } finally {
    aborts.delete(id)
    if (scan) scan.users--
  }
}

parentPort?.on('message', (told: ToThread) => {
  if ('abort' in told) aborts.get(told.id)?.abort(new Error('the scan was stopped'))
  else void work(parentPort as MessagePort, told.id, told.job, told.shard)
})
