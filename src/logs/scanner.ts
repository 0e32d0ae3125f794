import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { Sketch } from './sample.ts'
import { type ShardCounts, type ShardScan, scanShard } from './scan.ts'
import { openScan, type ScanJob } from './scan-job.ts'
import type { FromThread, ToThread } from './scan-thread.ts'
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

/** One keeps the processor busy while the other waits for its storage. */
const SHARDS_PER_THREAD = 2
/** Each takes about 20 MB. */
const MAX_THREADS = 8
/** What is read sooner than a thread starts is read without. */
const SMALL_BYTES = 1 << 20

interface Task {
  id: number
  tell: { job: string; shard: Shard }
  signal: AbortSignal
  onProgress: ((counts: ShardCounts) => void) | undefined
  resolve: (scan: ShardScan) => void
  reject: (error: unknown) => void
}

interface Thread {
  worker: Worker
  tasks: Map<number, Task>
}

/** Starts its threads when the first shard of some size comes. */
export function createScanner({ threads = Math.min(availableParallelism(), MAX_THREADS) } = {}): Scanner {
  const running: Thread[] = []
  const waiting: Task[] = []
  let last = 0

  function start(): Thread {
    const worker = new Worker(new URL('./scan-thread.ts', import.meta.url), {
      resourceLimits: { maxYoungGenerationSizeMb: 4 },
    })
    const thread: Thread = { worker, tasks: new Map() }
    const end = (error: Error) => {
      if (running.includes(thread)) running.splice(running.indexOf(thread), 1)
      for (const task of thread.tasks.values()) task.reject(error)
      thread.tasks.clear()
      next()
    }
    worker.on('message', (said: FromThread) => hear(thread, said))
    worker.on('error', end)
    worker.on('exit', (code) => end(new Error(`a thread that scans logs ended with ${code}`)))
    worker.unref()
    running.push(thread)
    return thread
  }

  function hear({ tasks }: Thread, said: FromThread): void {
    const task = tasks.get(said.id)
    if (!task) return
    if ('progress' in said) {
      task.onProgress?.(said.progress)
      return
    }
    tasks.delete(said.id)
    if ('counts' in said) task.resolve({ counts: said.counts, sketch: Sketch.fromJSON(said.sketch) })
    else task.reject(task.signal.aborted ? task.signal.reason : asError(said.error))
    next()
  }

  /** Gives waiting shards to threads that have time for them. */
  function next(): void {
    while (waiting.length > 0) {
      const least = running.reduce<Thread | null>((a, b) => (a && a.tasks.size <= b.tasks.size ? a : b), null)
      const thread = least && (least.tasks.size === 0 || running.length >= threads) ? least : start()
      if (thread.tasks.size >= SHARDS_PER_THREAD) return
      const task = waiting.shift() as Task
      thread.tasks.set(task.id, task)
      thread.worker.postMessage({ id: task.id, ...task.tell } satisfies ToThread)
    }
  }

  function abort({ id, signal, reject }: Task): void {
    const index = waiting.findIndex((task) => task.id === id)
    if (index >= 0) {
      waiting.splice(index, 1)
      reject(signal.reason)
      return
    }
    const thread = running.find(({ tasks }) => tasks.has(id))
    thread?.worker.postMessage({ id, abort: true } satisfies ToThread)
  }

  return {
    concurrency: threads * SHARDS_PER_THREAD,
    async scan(job, shard, { signal, onProgress }) {
      signal.throwIfAborted()
      const known = shard.every(({ object }) => object.size !== null)
      if (known && shardBytes(shard) <= SMALL_BYTES) return scanHere(job, shard, signal)
      const { promise, resolve, reject } = Promise.withResolvers<ShardScan>()
      const tell = { job: JSON.stringify(job), shard }
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
