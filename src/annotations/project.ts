import { sql } from 'kysely'
import type { Transaction } from '../db/database.ts'
import { toJsonb, toText } from '../db/json.ts'
import type { ProjectState } from './event.ts'
import type { ProjectRow } from './store.ts'

/** Whether a project as Label Studio tells it differs from what is known of it. */
export function isOtherwise(project: ProjectRow, state: ProjectState): boolean {
  const { title, label_config, model_version } = storable(state)
  return (
    title !== project.title ||
    label_config !== project.label_config ||
    model_version !== project.model_version
  )
}

/**
 * Takes over a project's title, labeling config and model version as they were read. A new config or
 * model version asks for all its tasks to be compared anew: the revision moves, and tasks of an older revision are what
 * the recomputation still has to do.
 */
export async function changeProject(
  tx: Transaction,
  project: ProjectRow,
  state: ProjectState,
  readUs: number,
): Promise<ProjectRow> {
  const next = storable(state)
  const compareAnew =
    next.label_config !== project.label_config || next.model_version !== project.model_version
  return tx
    .updateTable('projects')
    .set({
      ...next,
      read_us: readUs,
      ...(compareAnew ? { revision: sql<number>`revision + 1` } : {}),
      ...(isOtherwise(project, state) ? { updated_at: sql<Date>`clock_timestamp()` } : {}),
    })
    .where('project_id', '=', project.project_id)
    .returningAll()
    .executeTakeFirstOrThrow()
}

function storable(state: ProjectState): ProjectState {
  return {
    title: toText(state.title),
    label_config: toText(state.label_config),
    model_version: toText(state.model_version),
  }
}

/** Derives which controls the predictions of a project fill, where no run's mapping says so. */
export async function derivePredictedControls(tx: Transaction, project: ProjectRow): Promise<void> {
  if (project.mapped_controls) return
  const { rows } = await sql<{ name: string }>`
    select distinct coalesce(region->>'from_name', case when region->>'type' = 'relation' then 'relations' end) as name
    from predictions join tasks using (project_id, task_id), jsonb_array_elements(predictions.result) as region
    where project_id = ${project.project_id} and present`.execute(tx)
  const names = rows
    .map((row) => row.name)
    .filter((name) => name !== null)
    .sort()
  if (JSON.stringify(names) === JSON.stringify(project.predicted_controls)) return
  await tx
    .updateTable('projects')
    .set({ predicted_controls: toJsonb(names), revision: sql<number>`revision + 1` })
    .where('project_id', '=', project.project_id)
    .execute()
}
