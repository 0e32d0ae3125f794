import { type Selectable, sql, type Updateable } from 'kysely'
import type { Database, Transaction } from '../db/database.ts'
import { toJsonb } from '../db/json.ts'
import type { RunStatus, RunsTable } from '../db/tables.ts'
import { NOTHING_SCANNED, type ScanProgress } from '../logs/gather.ts'
import type { RunDefinition } from './focus.ts'

export type RunRow = Selectable<RunsTable>

export interface RunProgress extends ScanProgress {
  tasks_total: number
  tasks_imported: number
}

export const NO_PROGRESS: RunProgress = { ...NOTHING_SCANNED, tasks_total: 0, tasks_imported: 0 }

export interface RunError {
  /** Who can mend it: `user` (the monitor), `operator` (the service's surroundings), `bug`. */
  kind: 'user' | 'operator' | 'bug'
  message: string
}

export const UNFINISHED: readonly RunStatus[] = ['queued', 'scanning', 'importing']

/** From which states each state can be entered; every change names where it comes from. */
const ENTERED_FROM: Record<RunStatus, readonly RunStatus[]> = {
  queued: ['failed', 'cancelled'],
  scanning: ['queued', 'scanning'],
  importing: ['queued', 'scanning', 'importing'],
  ready: ['queued', 'scanning', 'importing'],
  failed: UNFINISHED,
  cancelled: UNFINISHED,
}

export async function findRun(db: Database['kysely'] | Transaction, id: string): Promise<RunRow | undefined> {
  return db.selectFrom('runs').selectAll().where('id', '=', id).executeTakeFirst()
}

/**
 * Moves a run to another state, if it is in one that leads there.
 *
 * @returns the run, or undefined when it was in no such state (cancelled meanwhile, for example)
 */
export async function enter(
  db: Database['kysely'] | Transaction,
  id: string,
  status: RunStatus,
  fields: Updateable<RunsTable> = {},
): Promise<RunRow | undefined> {
  return db
    .updateTable('runs')
    .set({ ...fields, status })
    .where('id', '=', id)
    .where('status', 'in', ENTERED_FROM[status])
    .returningAll()
    .executeTakeFirst()
}

/** Writes fields of a run that is under way. @returns false when it no longer is */
export async function update(
  db: Database['kysely'] | Transaction,
  id: string,
  fields: Updateable<RunsTable>,
): Promise<boolean> {
  const row = await db
    .updateTable('runs')
    .set(fields)
    .where('id', '=', id)
    .where('status', 'in', UNFINISHED)
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}

export interface NewRun {
  id: string
  monitor_id: string
  monitor: string
  definition: RunDefinition
  window: { from: string; to: string }
  total: number
  seed: number
  idempotency_key: string | null
  /** Identifies the request's content, to find a key that comes again with another body. */
  request_hash: string
}

export type Creation =
  | { run: RunRow; created: boolean }
  /** The key was used for another request. */
  | { run: RunRow; created: false; conflict: true }

/**
 * Makes a run, unless there is one: with the same idempotency key, or, where the request names no key and does not
 * force, for the same monitor, window and focus. Failed and cancelled runs do not count.
 * Two equal requests at the same moment make one run.
 */
export async function createRun(tx: Transaction, run: NewRun, force: boolean): Promise<Creation> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`run of ${run.monitor_id}`}, 0))`.execute(tx)
  const existing = await existingRun(tx, run, force)
  if (existing) {
    if (run.idempotency_key !== null && existing.request_hash !== run.request_hash) {
      return { run: existing, created: false, conflict: true }
    }
    return { run: existing, created: false }
  }
  const created = await tx
    .insertInto('runs')
    .values({
      id: run.id,
      monitor_id: run.monitor_id,
      monitor: run.monitor,
      definition: toJsonb(run.definition),
      status: 'queued',
      window_from: run.window.from,
      window_to: run.window.to,
      total: run.total,
      seed: run.seed,
      idempotency_key: run.idempotency_key,
      request_hash: run.request_hash,
      progress: toJsonb(NO_PROGRESS),
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  return { run: created, created: true }
}

async function existingRun(tx: Transaction, run: NewRun, force: boolean): Promise<RunRow | undefined> {
  if (run.idempotency_key !== null) {
    return tx
      .selectFrom('runs')
      .selectAll()
      .where('idempotency_key', '=', run.idempotency_key)
      .executeTakeFirst()
  }
  if (force) return undefined
  return tx
    .selectFrom('runs')
    .selectAll()
    .where('monitor_id', '=', run.monitor_id)
    .where('window_from', '=', run.window.from)
    .where('window_to', '=', run.window.to)
    .where(
      sql<boolean>`coalesce(definition->'focus', 'null') = ${toJsonb(run.definition.focus ?? null)}::jsonb`,
    )
    .where('status', 'not in', ['failed', 'cancelled'])
    .orderBy('created_at', 'desc')
    .executeTakeFirst()
}

/** Runs, the newest first; `before` is `<created_at> <id>` of the last one that was read. */
export async function listRuns(
  db: Database['kysely'],
  options: { before: string | null; limit: number; monitor: string | null; status: RunStatus | null },
): Promise<RunRow[]> {
  const [createdAt, id] = options.before?.split(' ') ?? []
  return db
    .selectFrom('runs')
    .selectAll()
    .$if(options.monitor !== null, (query) =>
      query.where((eb) =>
        eb.or([eb('monitor', '=', options.monitor), eb(sql`monitor_id::text`, '=', options.monitor)]),
      ),
    )
    .$if(options.status !== null, (query) => query.where('status', '=', options.status as RunStatus))
    .$if(createdAt !== undefined && id !== undefined, (query) =>
      query.where(
        sql<boolean>`(date_trunc('milliseconds', created_at), id) < (${createdAt}::timestamptz, ${id}::uuid)`,
      ),
    )
    .orderBy(sql`date_trunc('milliseconds', created_at)`, 'desc')
    .orderBy('id', 'desc')
    .limit(options.limit)
    .execute()
}
