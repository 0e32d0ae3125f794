import { sql } from 'kysely'
import type { Logger } from 'pino'
import type { Database, Transaction } from '../db/database.ts'
import { toText } from '../db/json.ts'
import { isTransient } from '../db/transient.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { applyEvents } from './apply.ts'
import { type Event, parseEvent, readEventBody } from './event.ts'
import type { FollowUpJobs } from './follow-up.ts'
import { createHeard, type Heard } from './heard.ts'
import { lockProject } from './store.ts'

/** How many events one transaction takes, and how many bytes: webhooks of 5,000 tasks are 3.5 MB each. */
export const BATCH = 200
const BATCH_BYTES = 16 * 1024 * 1024

export type IntakeMetrics = Pick<Metrics, 'eventsReceived' | 'eventProcessed'>

export interface Processor {
  /**
   * Processes a batch of the stored events of each project, the longest waiting project first.
   *
   * @returns how many there were; after none there is nothing to do that no other process does
   * @throws what the database failed with; the events stay stored
   */
  sweep(): Promise<number>
}

/**
 * Works out what stored events mean: those of a project in the order of their arrival, many in one transaction, with
 * the project locked, so that any number of processes may do this on one database.
 *
 * @param heard spares reading back what it holds
 */
export function createProcessor(
  database: Database,
  jobs: FollowUpJobs,
  log: Pick<Logger, 'error'>,
  metrics?: IntakeMetrics,
  heard: Heard = createHeard(),
): Processor {
  const count = (done: readonly Done[], outcome: Parameters<IntakeMetrics['eventProcessed']>[1]) => {
    for (const { action, lag } of done) metrics?.eventProcessed(action, outcome, lag)
  }
  async function inTransaction(project: number | null, limit: number): Promise<number> {
    const done = await database.kysely
      .transaction()
      .execute((tx) =>
        project === null ? processHints(tx, jobs, limit) : processBatch(tx, jobs, heard, project, limit),
      )
    count(done, project === null ? 'no_project' : 'applied')
    return done.length
  }

  /** One event by itself; if even that fails, it is put aside with the reason, and Label Studio is asked instead. */
  async function processOne(project: number | null): Promise<number> {
    const [oldest] = await pendingIds(database.kysely, project, 1)
    try {
      return await inTransaction(project, 1)
    } catch (error) {
      if (isTransient(error) || !oldest) throw error
      log.error({ err: error, event: oldest }, 'an event can not be processed; Label Studio is asked instead')
      const done = await database.kysely.transaction().execute(async (tx) => {
        if (project !== null) await jobs.reconcile(tx, project)
        return markProcessed(tx, [oldest], `failed: ${toText(String(error)).slice(0, 500)}`)
      })
      count(done, 'put_aside')
      return 1
    }
  }

  return {
    async sweep() {
      let processed = 0
      const waiting = await projectsWithEvents(database)
      heard.forgetBefore(waiting[0]?.oldest ?? Number.POSITIVE_INFINITY)
      for (const { project } of waiting) {
        processed += await inTransaction(project, BATCH).catch((error: unknown) => {
          if (isTransient(error)) throw error
          return processOne(project)
        })
      }
      return processed
    },
  }
}

/** By the id of their oldest event. Null stands for events that name no project. */
async function projectsWithEvents(database: Database) {
  return database.kysely
    .selectFrom('events')
    .select(['project_id as project', sql<number>`min(id)`.as('oldest')])
    .where('processed_at', 'is', null)
    .groupBy('project_id')
    .orderBy('oldest')
    .execute()
}

async function processBatch(
  tx: Transaction,
  jobs: FollowUpJobs,
  heard: Heard,
  projectId: number,
  limit: number,
): Promise<Done[]> {
  const project = await lockProject(tx, projectId)
  const ids = await pendingIds(tx, projectId, limit)
  if (ids.length === 0) return [] // Another process had the lock before.
  const events = await eventsOf(tx, heard, ids)
  const followUp = await applyEvents(tx, project, events)
  if (followUp.reconcile) await jobs.reconcile(tx, projectId)
  // The first reading of a project reads all of it anyway.
  if (project.adopted && followUp.readTasks.length > 0)
    await jobs.readTasks(tx, projectId, followUp.readTasks)
  if (project.adopted && followUp.readProject) await jobs.readProject(tx, projectId)
  return markProcessed(tx, ids, null)
}

/** A webhook registered without payload says only that something happened, in one of the projects. */
async function processHints(tx: Transaction, jobs: FollowUpJobs, limit: number): Promise<Done[]> {
  const rows = await tx
    .selectFrom('events')
    .select(['id', 'action'])
    .where('processed_at', 'is', null)
    .where('project_id', 'is', null)
    .orderBy('id')
    .limit(limit)
    .forUpdate()
    .skipLocked()
    .execute()
  if (rows.some(({ action }) => /^(ANNOTATION|TASK|PROJECT)/.test(action))) await jobs.reconcileAll(tx)
  return markProcessed(
    tx,
    rows.map((row) => row.id),
    'names no project',
  )
}

/** The oldest events of a project that are not processed, one at least, as many as a transaction takes. */
async function pendingIds(db: Database['kysely'], project: number | null, limit: number): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    select id from (
      select id, row_number() over (order by id) as place, sum(octet_length(body)) over (order by id) as bytes
      from events
      where processed_at is null and project_id is not distinct from ${project}::bigint
      order by id limit ${limit}) as oldest
    where place = 1 or bytes <= ${BATCH_BYTES}
    order by id`.execute(db)
  return rows.map(({ id }) => id)
}

/** What the events say, in the order of the ids. */
async function eventsOf(tx: Transaction, heard: Heard, ids: number[]): Promise<Event[]> {
  const unheard = ids.filter((id) => !heard.get(id))
  const rows =
    unheard.length === 0
      ? []
      : await tx
          .selectFrom('events')
          .select(['id', 'body'])
          .where('id', '=', sql<number>`any(${unheard}::bigint[])`)
          .execute()
  const bodies = new Map(rows.map(({ id, body }) => [id, body]))
  return ids.map((id) => heard.get(id) ?? parseBody(bodies.get(id) as Buffer))
}

/** The body was a JSON object when it was stored. */
function parseBody(body: Buffer): Event {
  return parseEvent(readEventBody(body) as Record<string, unknown>)
}

/** An event that is worked out: what it was, and how long that took since it came, in seconds. */
interface Done {
  action: string
  lag: number
}

async function markProcessed(tx: Transaction, ids: number[], note: string | null): Promise<Done[]> {
  return tx
    .updateTable('events')
    .set({ processed_at: sql`clock_timestamp()`, note })
    .where('id', '=', sql<number>`any(${ids}::bigint[])`)
    .where('processed_at', 'is', null)
    .returning(['action', sql<number>`extract(epoch from processed_at - received_at)::float8`.as('lag')])
    .execute()
}
