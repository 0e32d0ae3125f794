import { type Selectable, sql } from 'kysely'
import type { RunTasksTable } from '../db/tables.ts'
import type { RunDependencies } from './execute.ts'
import type { RunRow } from './run.ts'

type RunTask = Selectable<RunTasksTable>
type Deps = Pick<RunDependencies, 'database'>

/**
 * Notes that Label Studio is about to be asked to import these tasks.
 *
 * @param tasks in import order; those between the first and the last that are not among them have their id
 * @returns the id of the request
 */
export async function noteRequest({ database }: Deps, run: RunRow, tasks: RunTask[]): Promise<number> {
  const { id } = await database.kysely
    .insertInto('import_requests')
    .values({
      run_id: run.id,
      first_position: tasks[0]?.position as number,
      last_position: tasks.at(-1)?.position as number,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  return id
}

/** Takes back what surely was not carried out. */
export async function forgetRequest({ database }: Deps, id: number): Promise<void> {
  await database.kysely.deleteFrom('import_requests').where('id', '=', id).execute()
}

/** The tasks that were asked for and have no id yet. @returns each with the age of its last request, in ms */
export async function openTasks(deps: Deps, run: RunRow): Promise<(RunTask & { age_ms: number })[]> {
  const open = await requested(deps, run).selectAll('run_tasks').where('task_id', 'is', null).execute()
  return open.map((task) => ({ ...task, age_ms: Number(task.age_ms) }))
}

/** @returns whether any task was asked for more than once */
export async function anyRepeated({ database }: Deps, run: RunRow): Promise<boolean> {
  const { rows } = await sql`
    select 1 from import_requests as one join import_requests as other on other.run_id = one.run_id and other.id > one.id
      and other.first_position <= one.last_position and one.first_position <= other.last_position
    where one.run_id = ${run.id} limit 1`.execute(database.kysely)
  return rows.length > 0
}

/** The tasks that have an id. @returns how often each was asked for, and the age of its last request, in ms */
export async function keptTasks(deps: Deps, run: RunRow) {
  const kept = await requested(deps, run)
    .select(['key', 'task_id', sql<number>`count(*)`.as('requests')])
    .where('task_id', 'is not', null)
    .execute()
  return kept.map(({ age_ms, requests, ...task }) => ({
    ...task,
    requests: Number(requests),
    age_ms: Number(age_ms),
  }))
}

function requested({ database }: Deps, run: RunRow) {
  return database.kysely
    .selectFrom('run_tasks')
    .innerJoin('import_requests', (join) =>
      join
        .onRef('import_requests.run_id', '=', 'run_tasks.run_id')
        .onRef('first_position', '<=', 'position')
        .onRef('last_position', '>=', 'position'),
    )
    .select(sql<number>`extract(epoch from clock_timestamp() - max(sent_at)) * 1000`.as('age_ms'))
    .where('run_tasks.run_id', '=', run.id)
    .groupBy(['run_tasks.run_id', 'position'])
}
