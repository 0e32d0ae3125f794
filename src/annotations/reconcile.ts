import { sql } from 'kysely'
import type { Database } from '../db/database.ts'
import type { LabelStudio } from '../labeling/client.ts'
import { microseconds } from '../labeling/instant.ts'
import { type ReadingDependencies, readProjectState, readTasks } from './reading.ts'
import { recompute } from './recompute.ts'
import { noRepairs, type Repairs } from './repairs.ts'
import { keyOf } from './settle.ts'
import { databaseClock } from './store.ts'

/** Label Studio lists 1,000 tasks in 0.3–0.7 s when it need not tell their annotations. */
const PAGE = 1000
/** An edit becomes visible only some time after its `updated_at`: at the most 3 s were seen, on a busy server. */
const OVERLAP_US = 15_000_000
/** Where people work all the time every look finds something new; the next reconciliation goes on. */
const MOST_LOOKS = 3

export interface ReconcileReport extends Repairs {
  project: number
  tasks_read: number
  recomputed: number
}

/**
 * Compares what is stored about a project with what Label Studio holds now, and repairs it: project, tasks,
 * predictions, annotations, tallies. Reads only tasks that differ: those changed since the last time, and those that
 * events spoke of since they were read last.
 *
 * @throws LabelStudioError `missing` when the project does not exist
 */
export async function reconcile(
  deps: ReadingDependencies,
  projectId: number,
  { signal }: { signal?: AbortSignal } = {},
): Promise<ReconcileReport> {
  const { database } = deps
  const repairs = noRepairs()
  let tasks_read = 0
  // Reading many tasks takes long: whether that was all is looked up again.
  for (let look = 1; look <= MOST_LOOKS; look++) {
    const differing = await lookForDifferences(deps, projectId, signal)
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
  return { project: projectId, tasks_read, recomputed, ...repairs }
}

/** Which tasks are to be read, and up to which instant Label Studio's changes are known when they were. */
async function lookForDifferences(
  deps: ReadingDependencies,
  projectId: number,
  signal: AbortSignal | undefined,
): Promise<{ tasks: number[]; readThroughUs: number | null }> {
  const { database, labelStudio } = deps
  const { project, tasks: count } = await readProjectState(deps, projectId)
  const startedUs = await databaseClock(database)
  const since = project.read_through_us
  // Deleted tasks simply vanish: that they are missing shows only in the number of tasks.
  const everything = since === null || count !== (await presentCount(database, projectId))
  const listed = await listTasks(labelStudio, projectId, everything ? null : since, signal)
  const latest = listed.reduce((last, task) => Math.max(last, task.updated_us ?? 0), since ?? 0)
  return {
    tasks: await differing(database, projectId, listed, everything),
    readThroughUs: Math.min(latest, startedUs - OVERLAP_US),
  }
}

interface ListedTask {
  task_id: number
  key: string | null
  updated_us: number | null
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
      listed.push({ task_id: task.id, key: keyOf(task), updated_us: microseconds(task.updated_at) })
    }
    if (tasks.length < PAGE) return listed
  }
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
      as l (task_id bigint, key text, updated_us bigint))
    select listed.task_id from listed left join tasks on project_id = ${project} and tasks.task_id = listed.task_id
    where present is distinct from true or tasks.updated_us is distinct from listed.updated_us
      or tasks.key is distinct from listed.key
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
