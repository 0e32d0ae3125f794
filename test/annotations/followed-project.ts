import { retally } from '../../src/annotations/retally.ts'
import { lockProject, writeTasks } from '../../src/annotations/store.ts'
import type { Database } from '../../src/db/database.ts'

export const PROJECT = 1
const state = { title: 't', label_config: '<View/>', model_version: 'v' }
export const project = { id: PROJECT, ...state }

const result = [{ from_name: 'a', type: 'textarea', value: { text: ['x'] } }]
const TASK = {
  ...{ key: null, data: {}, data_hash: null, result, model_version: 'v', score: null, stratum: null },
  blind: false,
}

/** An annotation of a task, saved in the given minute. */
export function annotated(id: number, task: number, minute = 0, changes = {}) {
  const updated_at = new Date(Date.UTC(2026, 10, 23, 0, minute)).toISOString()
  const annotation = { id, task, unique_id: `u${id}`, result, updated_at, completed_by: 1, ...changes }
  return { action: 'ANNOTATION_UPDATED', project, annotation }
}

/** Follows a project with the tasks 1 to 9. */
export async function followProject(database: Database): Promise<void> {
  await database.kysely.transaction().execute(async (tx) => {
    await lockProject(tx, PROJECT)
    const row = await tx
      .updateTable('projects')
      .set({ ...state, adopted: true, mapped_controls: '["a"]' })
      .returningAll()
      .executeTakeFirstOrThrow()
    const tasks = Array.from({ length: 9 }, (_, index) => ({ ...TASK, task_id: index + 1 }))
    await writeTasks(tx, PROJECT, tasks)
    await retally(
      tx,
      row,
      tasks.map(({ task_id }) => task_id),
    )
  })
}

export async function coverageOf(database: Database): Promise<Record<string, number>> {
  const rows = await database.kysely
    .selectFrom('tallies')
    .select(['key', 'count'])
    .where('dimension', '=', 'coverage')
    .execute()
  return Object.fromEntries(rows.map(({ key, count }) => [key, count]))
}

export function eventsOf(database: Database) {
  return database.kysely.selectFrom('events').selectAll().orderBy('id').execute()
}

export async function forgetAll(database: Database): Promise<void> {
  await database.kysely.deleteFrom('events').execute()
  await database.kysely.deleteFrom('projects').execute()
}
