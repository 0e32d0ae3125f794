import { sql } from 'kysely'
import type { Database, Transaction } from '../db/database.ts'
import { type LabelStudio, LabelStudioError, type LabelStudioTask } from '../labeling/client.ts'
import { microseconds } from '../labeling/instant.ts'
import { readProject } from './event.ts'
import { changeProject, derivePredictedControls } from './project.ts'
import { retally } from './retally.ts'
import { applySnapshot, noRepairs, type Repairs } from './snapshot.ts'
import { lockProject, markTasksGone } from './store.ts'

/** Label Studio serves 100–1,000 tasks a page at the same 140–220 tasks/s; small pages keep transactions short. */
const PAGE = 200
/** Transactions of Label Studio that were open when it was read last may have committed with an earlier time. */
const OVERLAP_US = 30_000_000
const RECOMPUTE_BATCH = 500

export interface ReconcileReport extends Repairs {
  project: number
  tasks_read: number
  recomputed: number
}

interface Dependencies {
  database: Database
  labelStudio: LabelStudio
}

/**
 * Compares what is stored about a project with what Label Studio holds now, and repairs it: project, tasks,
 * predictions, annotations, tallies. Reads only tasks changed since the last time, unless `full`.
 *
 * @throws LabelStudioError `missing` when the project does not exist
 */
export async function reconcile(
  { database, labelStudio }: Dependencies,
  projectId: number,
  options: { full?: boolean; signal?: AbortSignal } = {},
): Promise<ReconcileReport> {
  const report: ReconcileReport = { project: projectId, tasks_read: 0, recomputed: 0, ...noRepairs() }
  const remote = await labelStudio.project(projectId)
  const row = await database.kysely.transaction().execute(async (tx) => {
    const project = await lockProject(tx, projectId)
    const facts = readProject(remote)
    return facts ? (await changeProject(tx, project, facts)).project : project
  })

  const since = options.full || row.read_through_us === null ? null : row.read_through_us - OVERLAP_US
  let readThrough = row.read_through_us ?? 0
  for (let page = 1, total = Number.POSITIVE_INFINITY; (page - 1) * PAGE < total; page++) {
    options.signal?.throwIfAborted()
    const readAt = await databaseClock(database)
    const answer = await labelStudio.tasks(projectId, {
      page,
      pageSize: PAGE,
      updatedAfterUs: since,
      fields: 'all',
    })
    total = answer.total
    report.tasks_read += answer.tasks.length
    await database.kysely.transaction().execute((tx) => settle(tx, projectId, answer.tasks, readAt, report))
    for (const task of answer.tasks) readThrough = Math.max(readThrough, microseconds(task.updated_at) ?? 0)
  }
  await removeVanished({ database, labelStudio }, projectId, report)
  await database.kysely.transaction().execute(async (tx) => {
    await derivePredictedControls(tx, await lockProject(tx, projectId))
  })
  report.recomputed = await recompute(database, projectId, options.signal)
  await database.kysely
    .updateTable('projects')
    .set({ adopted: true, read_through_us: readThrough, last_reconciled_at: sql`clock_timestamp()` })
    .where('project_id', '=', projectId)
    .execute()
  return report
}

/** Reads single tasks from Label Studio, because an event about them could not be understood or came for an unknown one. */
export async function readTasks({ database, labelStudio }: Dependencies, projectId: number, ids: number[]) {
  const report = { ...noRepairs() }
  for (const id of ids) {
    const readAt = await databaseClock(database)
    const task = await labelStudio.task(id).catch((error) => {
      if (error instanceof LabelStudioError && error.kind === 'missing') return null
      throw error
    })
    await database.kysely.transaction().execute(async (tx) => {
      if (task?.project === projectId) {
        await settle(tx, projectId, [task], readAt, report)
        await derivePredictedControls(tx, await lockProject(tx, projectId))
        return
      }
      const project = await lockProject(tx, projectId)
      await markTasksGone(tx, projectId, [id])
      await retally(tx, project, [id])
    })
  }
  await recompute(database, projectId)
  return report
}

/** Compares anew all tasks that were last compared under an older revision of the project. */
export async function recompute(
  database: Database,
  projectId: number,
  signal?: AbortSignal,
): Promise<number> {
  for (let done = 0; ; ) {
    signal?.throwIfAborted()
    const count = await database.kysely.transaction().execute(async (tx) => {
      const project = await lockProject(tx, projectId)
      const rows = await tx
        .selectFrom('tasks')
        .select('task_id')
        .where('project_id', '=', projectId)
        .where('revision', '<', project.revision)
        .limit(RECOMPUTE_BATCH)
        .execute()
      await retally(
        tx,
        project,
        rows.map((row) => row.task_id),
      )
      return rows.length
    })
    done += count
    if (count < RECOMPUTE_BATCH) return done
  }
}

async function settle(
  tx: Transaction,
  projectId: number,
  tasks: LabelStudioTask[],
  readAt: Date,
  report: Repairs,
) {
  const project = await lockProject(tx, projectId)
  const repairs = await applySnapshot(tx, project, tasks, readAt)
  for (const key of Object.keys(repairs) as (keyof Repairs)[]) report[key] += repairs[key]
  await retally(
    tx,
    project,
    tasks.map((task) => task.id),
  )
}

/**
 * Deleted tasks simply vanish from Label Studio. Additions are already known here, so equal numbers mean that
 * nothing vanished; only otherwise are all ids read.
 */
async function removeVanished(
  { database, labelStudio }: Dependencies,
  projectId: number,
  report: ReconcileReport,
) {
  const readAt = await databaseClock(database)
  const remote = await labelStudio.tasks(projectId, { page: 1, pageSize: 1, fields: 'identity' })
  const { present } = await database.kysely
    .selectFrom('tasks')
    .select(sql<number>`count(*)`.as('present'))
    .where('project_id', '=', projectId)
    .where('present', '=', true)
    .executeTakeFirstOrThrow()
  if (present === remote.total) return
  const ids = new Set<number>()
  for (let page = 1; (page - 1) * 1000 < remote.total; page++) {
    const answer = await labelStudio.tasks(projectId, { page, pageSize: 1000, fields: 'identity' })
    for (const task of answer.tasks) ids.add(task.id)
  }
  await database.kysely.transaction().execute(async (tx) => {
    const project = await lockProject(tx, projectId)
    const rows = await tx
      .selectFrom('tasks')
      .select('task_id')
      .where('project_id', '=', projectId)
      .where('present', '=', true)
      .where('seen_at', '<', readAt)
      .execute()
    const vanished = rows.map((row) => row.task_id).filter((id) => !ids.has(id))
    await markTasksGone(tx, projectId, vanished)
    await retally(tx, project, vanished)
    report.tasks_removed += vanished.length
  })
}

async function databaseClock(database: Database): Promise<Date> {
  const { rows } = await sql<{ now: Date }>`select clock_timestamp() as now`.execute(database.kysely)
  return rows[0]?.now as Date
}
