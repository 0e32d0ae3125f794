import { setTimeout as sleep } from 'node:timers/promises'
import { gather, progressOf, type ScanProgress, type ScanResult, type ShardState } from '../logs/gather.ts'
import { emptySketch } from '../logs/scan.ts'
import { openScan, type ScanJob } from '../logs/scan-job.ts'
import { scanShards } from '../logs/scan-shards.ts'
import { type Shard, shardBytes } from '../logs/shard.ts'
import { SourceError } from '../logs/source.ts'
import { survey } from '../logs/survey.ts'
import type { Definition } from '../monitors/monitor.ts'
import type { RunDependencies } from './execute.ts'
import { skipsOf } from './focus.ts'
import type { RunRow } from './run.ts'
import { mergeSketches, readShards, readStates, reopenShards, writeShards } from './shards.ts'

/** How a run's logs are shared out. */
export interface Sharding {
  /** Logs of so many bytes as stored are scanned by the run's own process; of more, by all that share the database. */
  aloneBytes: number
  /** The most that a thread is given at a time, and the least that a process is. */
  threadBytes: number
  processBytes: number
}

const MB = 1e6
export const SHARDING: Sharding = { aloneBytes: 1_000 * MB, threadBytes: 96 * MB, processBytes: 256 * MB }
/** Larger shards cost a killed worker more, more of them cost the database more. */
const FEW_SHARDS = 2_000
const LARGEST = 4
/** So many shards, unless they are small, leave no thread idle for long at the end; each costs some twenty milliseconds. */
const SHARES = 8
const LEAST_BYTES = 8 * MB
const LOOK_MS = 200

/** The job that scans one shard, and what it is told. */
export const SHARD_JOB = 'shard'
export interface ShardJob {
  run: string
  shard: number
}

/** What scanning needs of a run's dependencies. */
export type ScanDependencies = Pick<
  RunDependencies,
  'database' | 'sources' | 'openDefinition' | 'scanner' | 'sharding' | 'queue' | 'log'
>

interface Options {
  onProgress: (progress: ScanProgress) => void
  signal: AbortSignal
}

/** What a run asks of the logs. */
export async function scanJobOf(
  { database, sources, openDefinition }: Pick<ScanDependencies, 'database' | 'sources' | 'openDefinition'>,
  run: RunRow,
): Promise<ScanJob> {
  const { source, format, window, sample } = openDefinition(run.definition as Definition)
  return {
    ...{ source, sources, format, timezone: window.timezone },
    window: { from: run.window_from, to: run.window_to },
    sample: { total: run.total, by: sample.by, allocation: sample.allocation, where: sample.where },
    seed: run.seed,
    skips: await skipsOf(database.kysely, run),
  }
}

/**
 * Scans the logs of a run's window: on this process's threads, or, where they are large, by jobs in the queue, of which each leaves
 * its sketch in the database. What comes out is the same. An attempt that follows an interrupted one goes on with the shards of it.
 *
 * @throws SourceError if the logs can't be read
 */
export async function scanRun(deps: ScanDependencies, run: RunRow, options: Options): Promise<ScanResult> {
  const job = await scanJobOf(deps, run)
  let shards = await readShards(deps.database.kysely, run.id)
  if (shards.length === 0) {
    shards = await surveyed(job, deps, options.signal)
    if (sum(shards) <= deps.sharding.aloneBytes) {
      const scan: Parameters<typeof scanShards>[1] = (shard, each) => deps.scanner.scan(job, shard, each)
      return scanShards(shards, scan, emptySketch(job), options)
    }
    await writeShards(deps.database.kysely, run.id, shards)
  }
  return scanByJobs(deps, run, job, shards, options)
}

const sum = (shards: Shard[]) => shards.reduce((bytes, shard) => bytes + shardBytes(shard), 0)

async function surveyed(
  job: ScanJob,
  { sharding, scanner }: Pick<ScanDependencies, 'sharding' | 'scanner'>,
  signal: AbortSignal,
): Promise<Shard[]> {
  const { aloneBytes, threadBytes, processBytes } = sharding
  const { options, close } = openScan(job)
  try {
    return await survey({ ...options, signal }, (total, left) =>
      total <= aloneBytes
        ? // the last ones are such that all threads end together
          Math.max(LEAST_BYTES, Math.min(threadBytes, total / SHARES, left / scanner.concurrency))
        : Math.min(LARGEST * processBytes, Math.max(processBytes, total / FEW_SHARDS)),
    )
  } finally {
    await close()
  }
}

async function scanByJobs(
  { database: { kysely }, queue, log }: ScanDependencies,
  run: RunRow,
  job: ScanJob,
  shards: Shard[],
  { onProgress, signal }: Options,
): Promise<ScanResult> {
  const open = await reopenShards(kysely, run.id)
  log.info({ run: run.id, shards: shards.length, open: open.length }, 'the logs are scanned in shards')
  const jobs = open.map((shard) => ({
    data: { run: run.id, shard } satisfies ShardJob,
    singletonKey: `${run.id} ${shard}`,
  }))
  await queue.sendAll(SHARD_JOB, jobs)
  const states = new Map<number, ShardState>()
  for (;;) {
    signal.throwIfAborted()
    const done = [...states].filter(([, { isDone }]) => isDone).map(([shard]) => shard)
    for (const { shard, error, ...state } of await readStates(kysely, run.id, done)) {
      if (error?.kind === 'bug') throw new Error(error.message)
      if (error) throw new SourceError(error.kind, error.message)
      states.set(shard, state)
    }
    onProgress(progressOf(shards, states))
    if (shards.every((_, shard) => states.get(shard)?.isDone)) break
    await sleep(LOOK_MS, undefined, { signal })
  }
  const sketch = emptySketch(job)
  await mergeSketches(kysely, run.id, sketch)
  return gather(shards, states, sketch)
}
