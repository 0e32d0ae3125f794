import { sql } from 'kysely'
import type { Database, Transaction } from '../db/database.ts'
import { derivePredictedControls } from './project.ts'
import { retally } from './retally.ts'
import { lockProject } from './store.ts'

const BATCH = 500

/**
 * Derives which controls are predicted, and compares anew all tasks that were last compared under an older revision of
 * the project.
 *
 * @returns how many those were
 */
export async function recompute(
  database: Database,
  projectId: number,
  signal?: AbortSignal,
): Promise<number> {
  await database.kysely.transaction().execute(async (tx) => {
    await derivePredictedControls(tx, await lockProject(tx, projectId))
  })
  for (let done = 0; ; ) {
    signal?.throwIfAborted()
    const count = await database.kysely.transaction().execute(async (tx) => {
      const project = await lockProject(tx, projectId)
      const rows = await tx
        .selectFrom('tasks')
        .select('task_id')
        .where('project_id', '=', projectId)
        .where('revision', '<', project.revision)
        .limit(BATCH)
        .execute()
      await retally(
        tx,
        project,
        rows.map((row) => row.task_id),
      )
      return rows.length
    })
    done += count
    if (count < BATCH) return done
  }
}

/** The projects with tasks that were last compared under an older revision. */
export async function outdatedProjects(tx: Transaction): Promise<number[]> {
  const { rows } = await sql<{ project_id: number }>`
    select project_id from projects where exists (select from tasks
      where tasks.project_id = projects.project_id and tasks.revision < projects.revision)
    order by project_id`.execute(tx)
  return rows.map((row) => row.project_id)
}
