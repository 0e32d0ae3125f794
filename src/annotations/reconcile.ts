import { sql } from 'kysely'
import type { Database } from '../db/database.ts'
import type { LabelStudio } from '../labeling/client.ts'
import { microseconds } from '../labeling/instant.ts'
import { type ProjectReading, type ReadingDependencies, readProjectState, readTasks } from './reading.ts'
import { recompute } from './recompute.ts'
import { noRepairs, type Repairs } from './repairs.ts'
import { keyOf } from './settle.ts'
import { databaseClock, lockProject } from './store.ts'
import { tendWebhook, type WebhookDependencies, type WebhookReport } from './webhook.ts'

/** Label Studio lists 1,000 tasks in 0.3–0.7 s when it need not tell their annotations. */
const PAGE = 1000
/** An edit becomes visible only some time after its `updated_at`: at the most 3 s were seen, on a busy server. */
const OVERLAP_US = 15_000_000
/** Where people work all the time every look finds something new; the next reconciliation goes on. */
const MOST_LOOKS = 3

export interface ReconcileReport extends Repairs {
  project: number
  tasks_read: number
  /** Whether title, labeling config or model version differed. */
  config_changed: boolean
  /** Tasks that were compared anew because of that. */
  recomputed: number
  /** Null where it was not looked at. */
  webhook: WebhookReport | null
}

export type ReconcileDependencies = ReadingDependencies & WebhookDependencies

/**
 * Compares what is stored about a project with what Label Studio holds now, and repairs it: webhook, project, tasks,
 * predictions, annotations, tallies. Reads only tasks that differ: those changed since the last time, and those that
 * events spoke of since they were read last.
 *
 * @param options.leaveWebhook for those who come again in a moment, as a refused webhook need not be tried each time, and
 *   for those who have just registered it
 * @throws LabelStudioError `missing` when the project does not exist
 */
export async function reconcile(
  deps: ReconcileDependencies,
  projectId: number,
  { signal, leaveWebhook = false }: { signal?: AbortSignal; leaveWebhook?: boolean } = {},
): Promise<ReconcileReport> {
  const { database } = deps
  const repairs = noRepairs()
  let tasks_read = 0
  let reading = await readProjectState(deps, projectId)
  const config_changed = reading.changed
  // Before the tasks are listed: what happens afterwards is told.
  const webhook = leaveWebhook ? null : await tendWebhook(deps, reading.project)
  if (webhook && webhook.repaired.length > 0) reading = await readProjectState(deps, projectId)
  // Reading many tasks takes long: whether that was all is looked up again.
  for (let look = 1; look <= MOST_LOOKS; look++) {
    if (look > 1) reading = await readProjectState(deps, projectId)
    const differing = await lookForDifferences(deps, reading, signal)
    await readTasks(deps, projectId, differing.tasks, { repairs, signal })
    tasks_read += differing.tasks.length
    await database.kysely
      .updateTable('projects')
      .set({ read_through_us: sql`greatest(read_through_us, ${differing.readThroughUs}::bigint)` })
      .where('project_id', '=', projectId)
      .execute()
    if (differing.tasks.length === 0) break
  }
  const recomputed = await recompute(database, projectId, signal)
  await database.kysely
    .updateTable('projects')
    .set({ adopted: true, gone: false, last_reconciled_at: sql<Date>`clock_timestamp()` })
    .where('project_id', '=', projectId)
    .execute()
  return { project: projectId, tasks_read, config_changed, recomputed, webhook, ...repairs }
}

/** Which tasks are to be read, and up to which instant Label Studio's changes are known when they were. */
async function lookForDifferences(
  { database, labelStudio }: ReadingDependencies,
  { project, tasks: count }: ProjectReading,
  signal: AbortSignal | undefined,
): Promise<{ tasks: number[]; readThroughUs: number | null }> {
  const { project_id } = project
  const startedUs = await databaseClock(database)
  const since = project.read_through_us
  // Deleted tasks simply vanish: that they are missing shows only in the number of tasks.
  const everything = since === null || count !== (await presentCount(database, project_id))
  const listed = await listTasks(labelStudio, project_id, everything ? null : since, signal)
  const latest = listed.reduce((last, task) => Math.max(last, task.updated_us ?? 0), since ?? 0)
  const byCount = project.run_id !== null && (await confirmUntouched(database, project_id, listed, startedUs))
  return {
    tasks: await differing(database, project_id, listed, everything),
    readThroughUs: Math.min(byCount ? latest - OVERLAP_US : latest, startedUs - OVERLAP_US),
  }
}

interface ListedTask {
  task_id: number
  key: string | null
  updated_us: number | null
  /** How many Label Studio counts, skipped ones included. */
  annotations: number
}

/** All tasks of the project, or those changed since, without what is in them. */
async function listTasks(
  labelStudio: LabelStudio,
  project: number,
  updatedAfterUs: number | null,
  signal: AbortSignal | undefined,
): Promise<ListedTask[]> {
  const listed: ListedTask[] = []
  for (;;) {
    signal?.throwIfAborted()
    const afterId = listed.at(-1)?.task_id ?? 0
    const query = { afterId, updatedAfterUs, pageSize: PAGE, fields: 'identity' } as const
    const { tasks } = await labelStudio.tasks(project, query)
    for (const task of tasks) {
      listed.push({
        task_id: task.id,
        key: keyOf(task),
        updated_us: microseconds(task.updated_at),
        annotations: task.total_annotations + task.cancelled_annotations,
      })
    }
    if (tasks.length < PAGE) return listed
  }
}

/**
 * Of tasks that a run has just imported all is known but what people did: those without an annotation need not be read,
 * which would take Label Studio minutes for some ten thousand. Should a count be older than the annotation that it is
 * about, the next list, which overlaps this one, has both.
 *
 * @returns whether there were such tasks
 */
async function confirmUntouched(
  database: Database,
  project: number,
  listed: ListedTask[],
  startedUs: number,
): Promise<boolean> {
  const untouched = listed.filter(({ annotations, key }) => annotations === 0 && key !== null)
  if (untouched.length === 0) return false
  return database.kysely.transaction().execute(async (tx) => {
    await lockProject(tx, project)
    // The planner takes the list for short and the project for empty, and would go through the one for each task of the other.
    await sql`set local enable_nestloop = off`.execute(tx)
    const { numAffectedRows = 0n } = await sql`
      update tasks set read_us = ${startedUs}::bigint, updated_us = l.updated_us
      from jsonb_to_recordset(${JSON.stringify(untouched)}::jsonb) as l (task_id bigint, key text, updated_us bigint)
      where project_id = ${project} and tasks.task_id = l.task_id and tasks.key = l.key
        and read_us is null and result is not null and present and touched_us < ${startedUs}::bigint
        and not exists (select from annotations where annotations.project_id = tasks.project_id
          and annotations.task_id = tasks.task_id and not deleted)`.execute(tx)
    return numAffectedRows > 0n
  })
}

/** Listed tasks that are stored otherwise, tasks that are not confirmed, and what is missing in a complete list. */
async function differing(
  database: Database,
  project: number,
  listed: ListedTask[],
  isComplete: boolean,
): Promise<number[]> {
  const { rows } = await sql<{ task_id: number }>`
    with listed as (select * from jsonb_to_recordset(${JSON.stringify(listed)}::jsonb)
      as l (task_id bigint, key text, updated_us bigint, annotations bigint))
    select listed.task_id from listed left join tasks on project_id = ${project} and tasks.task_id = listed.task_id
    where present is distinct from true or tasks.updated_us is distinct from listed.updated_us
      or tasks.key is distinct from listed.key
      or (listed.annotations > 0 and not exists (select from annotations as known
        where known.project_id = ${project} and known.task_id = listed.task_id and not known.deleted))
    union select task_id from tasks where project_id = ${project} and (read_us is null or touched_us >= read_us)
    union select task_id from tasks where project_id = ${project} and present and ${isComplete}
      and task_id not in (select task_id from listed)
    order by task_id`.execute(database.kysely)
  return rows.map((row) => row.task_id)
}

async function presentCount(database: Database, project: number): Promise<number> {
  const { present } = await database.kysely
    .selectFrom('tasks')
    .select(sql<number>`count(*)`.as('present'))
    .where('project_id', '=', project)
    .where('present', '=', true)
    .executeTakeFirstOrThrow()
  return present
}
