import { sql } from 'kysely'
import type { Logger } from 'pino'
import type { Database, Transaction } from '../db/database.ts'
import { toText } from '../db/json.ts'
import { isTransient } from '../db/transient.ts'
import { applyEvents } from './apply.ts'
import { type Event, parseEvent } from './event.ts'
import type { FollowUpJobs } from './follow-up.ts'
import { lockProject } from './store.ts'

/** Webhooks of 5,000 tasks are 3.5 MB each; this bounds what one transaction holds. */
const BATCH_EVENTS = 200
const BATCH_BYTES = 16 * 1024 * 1024
/** Label Studio gives about 10 tasks/s one by one, and 200 by pages of what has changed. */
const MOST_SINGLE_TASKS = 20
/** Picks up what another process left behind; events of this process are processed at once. */
const SWEEP_MS = 1_000

export interface Intake {
  /**
   * Stores an event. Resolves when it is durable, which is the moment to acknowledge it; processing follows.
   *
   * @param raw the body as it came
   * @param body the same, parsed
   */
  receive(raw: Buffer, body: Record<string, unknown>): Promise<void>
  /** Processes everything that is stored; resolves when nothing is left. */
  drain(): Promise<void>
  start(): void
  stop(): Promise<void>
}

interface Pending {
  action: string
  project: number | null
  raw: Buffer
  resolve: () => void
  reject: (error: unknown) => void
}

/**
 * The door for everything that Label Studio tells: an event is stored before it is acknowledged, because Label
 * Studio sends each only once and waits a second; what it means is worked out afterwards, in one transaction.
 */
export function createIntake(database: Database, jobs: FollowUpJobs, log: Logger): Intake {
  let pending: Pending[] = []
  let storing: Promise<void> | null = null
  let draining: Promise<void> | null = null
  let again = false
  let timer: NodeJS.Timeout | null = null

  /** Events that arrive while others are being written share the next commit. */
  async function storePending(): Promise<void> {
    while (pending.length > 0) {
      const batch = pending
      pending = []
      try {
        await database.kysely
          .insertInto('events')
          .values(batch.map(({ action, project, raw }) => ({ action, project_id: project, body: raw })))
          .execute()
        for (const event of batch) event.resolve()
      } catch (error) {
        for (const event of batch) event.reject(error)
      }
    }
  }

  function drain(): Promise<void> {
    if (draining) {
      again = true
      return draining
    }
    draining = (async () => {
      do {
        again = false
        while (await processSome(database, jobs, log)) {}
      } while (again)
    })().finally(() => {
      draining = null
    })
    return draining
  }

  function wake(): void {
    drain().catch((error) => log.warn({ err: error }, 'events stay stored and are processed later'))
  }

  return {
    receive(raw, body) {
      const { action, project } = parseEvent(body)
      return new Promise<void>((resolve, reject) => {
        pending.push({
          action: toText(action.slice(0, 100)),
          project,
          raw,
          resolve: () => {
            resolve()
            wake()
          },
          reject,
        })
        storing ??= storePending().finally(() => {
          storing = null
        })
      })
    },
    drain,
    start() {
      timer = setInterval(wake, SWEEP_MS)
      wake()
    },
    async stop() {
      if (timer) clearInterval(timer)
      await storing
      await draining?.catch(() => {})
    },
  }
}

/** Processes a batch of one project. @returns whether there was one that no other process holds */
async function processSome(database: Database, jobs: FollowUpJobs, log: Logger): Promise<boolean> {
  const next = await database.kysely
    .selectFrom('events')
    .select(['id', 'project_id'])
    .where('processed_at', 'is', null)
    .orderBy('id')
    .limit(1)
    .executeTakeFirst()
  if (!next) return false
  try {
    const processed = await database.kysely
      .transaction()
      .execute((tx) => processBatch(tx, jobs, next.project_id, BATCH_EVENTS))
    return processed > 0
  } catch (error) {
    if (isTransient(error)) throw error
    await processOne(database, jobs, log, next.id, next.project_id)
    return true
  }
}

/** One event by itself; if even that fails, it is put aside with the reason, and Label Studio is asked instead. */
async function processOne(
  database: Database,
  jobs: FollowUpJobs,
  log: Logger,
  id: number,
  project: number | null,
) {
  try {
    await database.kysely.transaction().execute((tx) => processBatch(tx, jobs, project, 1, id))
  } catch (error) {
    if (isTransient(error)) throw error
    log.error(
      { err: error, event: id },
      'an event could not be processed; its project is read from Label Studio',
    )
    await database.kysely.transaction().execute(async (tx) => {
      await markProcessed(tx, [id], `failed: ${toText(String(error)).slice(0, 500)}`)
      if (project !== null) await jobs.reconcile(tx, project)
    })
  }
}

async function processBatch(
  tx: Transaction,
  jobs: FollowUpJobs,
  projectId: number | null,
  limit: number,
  only?: number,
): Promise<number> {
  const project = projectId === null ? null : await lockProject(tx, projectId)
  const rows = await tx
    .selectFrom('events')
    .select(['id', 'body'])
    .where('processed_at', 'is', null)
    .where('project_id', 'is not distinct from', projectId)
    .$if(only !== undefined, (query) => query.where('id', '=', only as number))
    .orderBy('id')
    .limit(limit)
    .forUpdate()
    .skipLocked()
    .execute()
  const batch = withinBytes(rows)
  if (batch.length === 0) return 0
  const events = batch.map((row) => parseBody(row.body))
  if (project) {
    const followUp = await applyEvents(tx, project, events)
    const { readTasks } = followUp
    if (followUp.reconcile || readTasks.size > MOST_SINGLE_TASKS) {
      await jobs.reconcile(tx, project.project_id)
    } else if (readTasks.size > 0) await jobs.readTasks(tx, project.project_id, [...readTasks])
    if (followUp.recompute) await jobs.recompute(tx, project.project_id)
  } else if (events.some(isHint)) {
    await jobs.reconcileAll(tx)
  }
  await markProcessed(
    tx,
    batch.map((row) => row.id),
    project ? null : 'names no project',
  )
  return batch.length
}

/** A webhook registered without payload says only that something happened, in one of the projects. */
function isHint(event: Event): boolean {
  return /^(ANNOTATION|TASK|PROJECT)/.test(event.action)
}

function withinBytes<T extends { body: Buffer }>(rows: T[]): T[] {
  let bytes = 0
  return rows.filter(({ body }, index) => {
    bytes += body.length
    return index === 0 || bytes <= BATCH_BYTES
  })
}

/** The body was a JSON object when it was stored. */
function parseBody(body: Buffer): Event {
  return parseEvent(JSON.parse(body.toString('utf8')) as Record<string, unknown>)
}

async function markProcessed(tx: Transaction, ids: number[], note: string | null): Promise<void> {
  await tx
    .updateTable('events')
    .set({ processed_at: sql`clock_timestamp()`, note })
    .where('id', '=', sql<number>`any(${ids}::bigint[])`)
    .execute()
}
