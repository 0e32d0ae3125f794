import type { JobContext } from '../jobs/queue.ts'
import type { ShardCounts } from '../logs/scan.ts'
import { SourceError } from '../logs/source.ts'
import { watchForCancel } from './execute.ts'
import { findRun } from './run.ts'
import { type ScanDependencies, SHARD_JOB, type ShardJob, scanJobOf } from './scan.ts'
import { finishShard, noteShard, openShard, type ShardError } from './shards.ts'

const NOTE_MS = 1_000

/** Has this process scan shards of any run. */
export function defineShardJob(deps: ScanDependencies): void {
  deps.queue.define<ShardJob>(SHARD_JOB, {
    // What the logs fail with is the run's to sit out; this is for the process or its database going away.
    retry: { limit: 10, delaySeconds: 1, backoff: true, maxDelaySeconds: 30 },
    concurrency: deps.scanner.concurrency,
    expireInSeconds: 24 * 3600 - 1,
    handler: (job, context) => scanOne(deps, job, context),
  })
}

async function scanOne(deps: ScanDependencies, { run: id, shard: index }: ShardJob, context: JobContext) {
  const { kysely } = deps.database
  const run = await findRun(kysely, id)
  const shard = run?.status === 'scanning' ? await openShard(kysely, id, index) : undefined
  if (!run || !shard) return
  const watch = watchForCancel(deps, id)
  const fail = (error: ShardError) => noteShard(kysely, id, index, { error })
  const onProgress = occasionally((counts) => noteShard(kysely, id, index, { counts }))
  try {
    const job = await scanJobOf(deps, run)
    const signal = AbortSignal.any([context.signal, watch.signal])
    await finishShard(kysely, id, index, await deps.scanner.scan(job, shard, { signal, onProgress }))
  } catch (error) {
    if (watch.signal.aborted) return
    if (error instanceof SourceError) await fail({ kind: error.kind, message: error.message })
    else if (context.lastAttempt && !context.signal.aborted)
      await fail({ kind: 'bug', message: (error as Error).message })
    else throw error
  } finally {
    watch.stop()
  }
}

/** Notes what it is told once in a while; a note that fails is made up for by the next. */
function occasionally(note: (counts: ShardCounts) => Promise<void>): (counts: ShardCounts) => void {
  let noted = Date.now()
  return (counts) => {
    if (Date.now() - noted < NOTE_MS) return
    noted = Date.now()
    void note(counts).catch(() => {})
  }
}
