import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { ObservedCall } from '../telemetry/observe.ts'
import { Sketch } from './sample.ts'
import { type ShardCounts, type ShardScan, scanShard } from './scan.ts'
import { openScan, type ScanJob } from './scan-job.ts'
import { type FromThread, SCAN_THREAD, type ToThread } from './scan-thread.ts'
import { type Shard, shardBytes } from './shard.ts'
import { SourceError } from './source-error.ts'

/** Scans shards on threads of its own, so that all processors work and the service goes on answering. */
export interface Scanner {
  /** How many shards it works at at once; more wait. */
  readonly concurrency: number
  /** @throws SourceError if the logs can't be read, or the signal's reason */
  scan(
    job: ScanJob,
    shard: Shard,
    options: { signal: AbortSignal; onProgress?: (counts: ShardCounts) => void },
  ): Promise<ShardScan>
  close(): Promise<void>
}

/** With two, one keeps the processor busy while the other waits for its storage. Each takes 25 MB while it scans. */
const [MIN_THREADS, MAX_THREADS] = [2, 8]
/** A small young generation: what a thread throws away is small, and there is little of it. */
const LIMITS = { maxYoungGenerationSizeMb: 2 }
/** What is read sooner than a thread starts is read without. */
const SMALL_BYTES = 1 << 20

interface Task {
  id: number
  tell: { job: ScanJob; shard: Shard }
  signal: AbortSignal
  onProgress: ((counts: ShardCounts) => void) | undefined
  resolve: (scan: ShardScan) => void
  reject: (error: unknown) => void
}

interface Thread {
  worker: Worker
  task: Task | null
}

/**
 * Starts its threads when the first shard of some size comes.
 * @param noteCall told of the calls of sources on the threads; other calls are told to who observes the job's source
 */
export function createScanner({
  threads = Math.min(Math.max(availableParallelism(), MIN_THREADS), MAX_THREADS),
  noteCall = () => {},
}: {
  threads?: number
  noteCall?: (call: ObservedCall) => void
} = {}): Scanner {
  const running: Thread[] = []
  const waiting: Task[] = []
  let last = 0

  function start(): Thread {
    const worker = new Worker(new URL(SCAN_THREAD), { workerData: SCAN_THREAD, resourceLimits: LIMITS })
    const thread: Thread = { worker, task: null }
    const end = (error: Error) => {
      if (running.includes(thread)) running.splice(running.indexOf(thread), 1)
      thread.task?.reject(error)
      next()
    }
    worker.on('message', (said: FromThread) => hear(thread, said))
    worker.on('error', end)
    worker.on('exit', (code) => end(new Error(`a thread that scans logs ended with ${code}`)))
    worker.unref()
    running.push(thread)
    return thread
  }

  function hear(thread: Thread, said: FromThread): void {
    said.calls.forEach(noteCall)
    const { task } = thread
    if (task?.id !== said.id) return
    if ('progress' in said) {
      task.onProgress?.(said.progress)
      return
    }
    thread.task = null
    if ('counts' in said) task.resolve({ counts: said.counts, sketch: Sketch.fromJSON(said.sketch) })
    else task.reject(task.signal.aborted ? task.signal.reason : asError(said.error))
    next()
  }

  /** Gives waiting shards to threads that have nothing to do. */
  function next(): void {
    for (;;) {
      const task = waiting[0]
      const idle = running.find((thread) => thread.task === null)
      if (!task || (!idle && running.length >= threads)) return
      waiting.shift()
      const thread = idle ?? start()
      thread.task = task
      thread.worker.postMessage({ id: task.id, ...task.tell } satisfies ToThread)
    }
  }

  function abort(task: Task): void {
    const thread = running.find((each) => each.task === task)
    if (thread) thread.worker.postMessage({ id: task.id, abort: true } satisfies ToThread)
    else if (waiting.includes(task)) {
      waiting.splice(waiting.indexOf(task), 1)
      task.reject(task.signal.reason)
    }
  }

  return {
    concurrency: threads,
    async scan(job, shard, { signal, onProgress }) {
      signal.throwIfAborted()
      const known = shard.every(({ object }) => object.size !== null)
      if (known && shardBytes(shard) <= SMALL_BYTES) return scanHere(job, shard, signal)
      const { promise, resolve, reject } = Promise.withResolvers<ShardScan>()
      const { observe: _, ...sources } = job.sources
      const tell = { job: { ...job, sources }, shard }
      const task = { id: ++last, tell, signal, onProgress, resolve, reject }
      const onAbort = () => abort(task)
      waiting.push(task)
      signal.addEventListener('abort', onAbort)
      next()
      return promise.finally(() => signal.removeEventListener('abort', onAbort))
    },
    async close() {
      const ending = running.splice(0)
      await Promise.all(ending.map(({ worker }) => worker.terminate()))
    },
  }
}

async function scanHere(job: ScanJob, shard: Shard, signal: AbortSignal): Promise<ShardScan> {
  const { options, close } = openScan(job)
  try {
    return await scanShard(shard, { ...options, signal })
  } finally {
    await close()
  }
}

function asError({
  kind,
  message,
  stack,
}: {
  kind: SourceError['kind'] | null
  message: string
  stack: string
}) {
  return kind ? new SourceError(kind, message) : Object.assign(new Error(message), { stack })
}
