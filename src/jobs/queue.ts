import { randomUUID } from 'node:crypto'
import { fromKysely, type JobResult, type JobWithMetadata, PgBoss } from 'pg-boss'
import type { Database, Log, Transaction } from '../db/database.ts'
import { isTransient } from '../db/transient.ts'
import { withLogFields } from '../telemetry/log-fields.ts'
import { inSpan, traceHeaders } from '../telemetry/trace.ts'
import { handBack, handBackAll } from './hand-back.ts'
import { openWorkerSession, type WorkerSession } from './worker-session.ts'

export interface JobContext {
  readonly id: string
  /** Counts from 1. */
  readonly attempt: number
  /** Whether a failure of this attempt is final. */
  readonly lastAttempt: boolean
  /**
   * Fires when the service stops, when the job takes longer than it may, or when another worker has taken it over:
   * the handler should leave off soon, in a state that another attempt can go on from.
   */
  readonly signal: AbortSignal
}

export interface JobDefinition<T extends object> {
  /** Does the job. A job may be done twice, e.g. when a worker is killed between its last write and its end. */
  handler(data: T, context: JobContext): Promise<void>
  /** How often and when a failed job is tried again; with `backoff` the delay doubles up to `maxDelaySeconds`. */
  readonly retry: {
    readonly limit: number
    readonly delaySeconds: number
    readonly backoff?: boolean
    readonly maxDelaySeconds?: number
  }
  /** Jobs of this name that one process does at once; default 1. */
  readonly concurrency?: number
  /** A job that takes longer fails; default one hour, at most 24. A killed worker's job doesn't wait for this. */
  readonly expireInSeconds?: number
}

export interface SendOptions {
  /** The job exists if and when this transaction commits. */
  readonly transaction?: Transaction
  /** Of the jobs with one name and key at most one waits and one runs; what is sent while one waits is dropped. */
  readonly singletonKey?: string
  readonly startAfter?: Date
}

/** The jobs of this database, done by every process that has defined and started them. */
export interface Queue {
  /** To be called before `start`. */
  define<T extends object>(name: string, definition: JobDefinition<T>): void
  start(): Promise<void>
  /** Returns the job's id, or null when it was dropped because one with its key waits already. */
  send(name: string, data: object, options?: SendOptions): Promise<string | null>
  /** Sends many; those with the key of one that waits are dropped. */
  sendAll(name: string, jobs: { data: object; singletonKey: string }[]): Promise<void>
  /** Tells the handlers, waits for them, and hands to other workers what is still going on after the deadline. */
  stop(options?: { deadlineMs?: number }): Promise<void>
}

/** Thrown by a handler: trying again would not help. */
export class PermanentFailure extends Error {
  override name = 'PermanentFailure'
}

/** In seconds. A killed worker's jobs are seen after the heartbeat, when somebody looks next. */
const HEARTBEAT = 10
const LOOK_INTERVAL = 2
/** In seconds: new jobs wake their worker; polling finds retries and delayed ones. */
const POLL_INTERVAL = 2
/** In seconds: done jobs are of no further use, and the fewer there are, the cheaper the queue is. */
const KEEP_DONE = 600
const CLEAN_INTERVAL = 60
/** Jobs sent in one statement. */
const SEND_BATCH = 1_000
const HOUR = 3_600

/** Where a job's data holds the trace that it belongs to. */
const TRACE = 'trace_headers'

interface QueueOptions {
  database: Database
  log: Log
  /** How often workers look for what nobody woke them for, in seconds. */
  pollSeconds?: number
}

export function openQueue({ database, log, pollSeconds = POLL_INTERVAL }: QueueOptions): Queue {
  // biome-ignore lint/suspicious/noExplicitAny: each handler takes its own kind of data
  const definitions = new Map<string, JobDefinition<any>>()
  const running = new Set<string>()
  const stopping = new AbortController()
  let session: WorkerSession | null = null
  const report = quieted(log)

  const boss = new PgBoss({
    db: {
      executeSql: (text, values) => database.pool.query(text, values),
      async listen(channel, onMessage, onReturn) {
        await session?.listen(channel, onMessage, onReturn)
        return { close: async () => {} } // with the session, when the jobs are handed back
      },
    },
    useListenNotify: true,
    superviseIntervalSeconds: LOOK_INTERVAL,
    monitorIntervalSeconds: LOOK_INTERVAL,
    maintenanceIntervalSeconds: CLEAN_INTERVAL,
    flowIntervalSeconds: HOUR,
    schedule: false,
    registerInstance: false,
    openTelemetry: { enabled: false },
  })
  boss.on('error', report)
  boss.on('warning', ({ message }) => report(new Error(message)))

  async function startWorker(name: string): Promise<void> {
    const options = {
      includeMetadata: true,
      perJobResults: true,
      pollingIntervalSeconds: pollSeconds,
      notifyPollingIntervalSeconds: pollSeconds,
    } as const
    const worker: string = await boss.work(name, options, async (jobs: JobWithMetadata<object>[]) => {
      const results = await Promise.all(jobs.map(perform))
      // Else it would wait for the next poll also where more jobs wait.
      boss.notifyWorker(worker)
      return results
    })
  }

  async function perform(job: JobWithMetadata<object>): Promise<JobResult> {
    const definition = definitions.get(job.name) as JobDefinition<object>
    running.add(job.id)
    try {
      const { [TRACE]: parent, ...data } = job.data as { [TRACE]?: Record<string, string> }
      const context = {
        id: job.id,
        attempt: job.retryCount + 1,
        lastAttempt: job.retryCount >= job.retryLimit,
        signal: AbortSignal.any([job.signal, stopping.signal]),
      }
      const attributes = {
        'label_studio_monitor.job_id': job.id,
        'label_studio_monitor.attempt': context.attempt,
      }
      await withLogFields({ job: job.name }, () =>
        inSpan(`job ${job.name}`, { kind: 'consumer', attributes, parent }, () =>
          definition.handler(data, context),
        ),
      )
      return { id: job.id, status: 'completed' }
    } catch (error) {
      const { message } = error as Error
      if (stopping.signal.aborted) await handBack(database.pool, [job.id], log)
      else log.warn({ job: job.name, id: job.id, attempt: job.retryCount + 1 }, `A job failed: ${message}`)
      // Only the message is kept: an error's other fields may hold requests with their credentials.
      return {
        id: job.id,
        status: error instanceof PermanentFailure ? 'deadletter' : 'failed',
        output: { message },
      }
    } finally {
      running.delete(job.id)
    }
  }

  return {
    define(name, definition) {
      if (definitions.has(name)) throw new Error(`The job ${name} is defined already`)
      definitions.set(name, definition)
    },

    async start() {
      session = await openWorkerSession(database, log)
      try {
        await boss.start()
        for (const [name, definition] of definitions) await createQueue(boss, name, definition)
        await session.ifAlone(() => handBackAll(database.pool, [...definitions.keys()], log))
        for (const [name, { concurrency = 1 }] of definitions) {
          for (let index = 0; index < concurrency; index += 1) await startWorker(name)
        }
      } catch (error) {
        await boss.stop({ graceful: false })
        await session.close()
        throw error
      }
    },

    send(name, data, { transaction, singletonKey = randomUUID(), startAfter } = {}) {
      const trace = traceHeaders()
      const traced = Object.keys(trace).length > 0 ? { ...data, [TRACE]: trace } : data
      return boss.send(name, traced, {
        singletonKey,
        ...(startAfter && { startAfter }),
        ...(transaction && { db: fromKysely(transaction) }),
      })
    },

    async sendAll(name, jobs) {
      for (let at = 0; at < jobs.length; at += SEND_BATCH)
        await boss.insert(name, jobs.slice(at, at + SEND_BATCH))
    },

    async stop({ deadlineMs = 20_000 } = {}) {
      stopping.abort(new Error('The service is stopping'))
      // Handed back before the queue gives up on them, which would count as a failed attempt.
      const deadline = setTimeout(() => void handBack(database.pool, [...running], log), deadlineMs)
      await boss.stop({ graceful: true, timeout: deadlineMs + 500 }).finally(() => clearTimeout(deadline))
      await session?.close()
    },
  }

  async function createQueue(boss: PgBoss, name: string, definition: JobDefinition<object>): Promise<void> {
    const { retry, expireInSeconds = HOUR } = definition
    const options = {
      retryLimit: retry.limit,
      retryDelay: retry.delaySeconds,
      retryBackoff: retry.backoff ?? false,
      ...(retry.maxDelaySeconds && { retryDelayMax: retry.maxDelaySeconds }),
      expireInSeconds,
      heartbeatSeconds: HEARTBEAT,
      deleteAfterSeconds: KEEP_DONE,
      notify: true,
    }
    // At most one job for each key in each state; a job sent without a key has one of its own.
    await boss.createQueue(name, { ...options, policy: 'stately' })
    await boss.updateQueue(name, options)
  }
}

/** While the database is away, every worker's every poll fails alike: said once in a while is enough. */
function quieted(log: Log): (error: Error) => void {
  let said = ''
  let at = 0
  return (error) => {
    const message = error.message.replace(/ \(Queue: .*\)$/, '')
    if (message === said && performance.now() - at < 10_000) return
    said = message
    at = performance.now()
    log[isTransient(error) ? 'warn' : 'error'](`The job queue: ${message}`)
  }
}
