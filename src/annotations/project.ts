import { sql } from 'kysely'
import type { Transaction } from '../db/database.ts'
import { toJsonb, toText } from '../db/json.ts'
import type { ProjectChange } from './event.ts'
import type { ProjectRow } from './store.ts'

/**
 * Takes over a project's title, labeling config and model version. A new config, or in a project that no run made a
 * new model version, asks for all its tasks to be compared anew: the revision moves, and tasks of an older revision
 * are what the recomputation still has to do.
 */
export async function changeProject(
  tx: Transaction,
  project: ProjectRow,
  change: ProjectChange,
): Promise<{ project: ProjectRow; recompute: boolean }> {
  const title = toText(change.title)
  const label_config = toText(change.label_config)
  const model_version = toText(change.model_version)
  const recompute =
    label_config !== project.label_config ||
    (project.run_id === null && model_version !== project.model_version)
  if (!recompute && title === project.title && model_version === project.model_version) {
    return { project, recompute: false }
  }
  const next = await tx
    .updateTable('projects')
    .set({
      title,
      label_config,
      model_version,
      ...(recompute ? { revision: sql<number>`revision + 1` } : {}),
      updated_at: sql`clock_timestamp()`,
    })
    .where('project_id', '=', project.project_id)
    .returningAll()
    .executeTakeFirstOrThrow()
  return { project: next, recompute }
}

/**
 * Derives which controls the predictions of a project fill, where no run's mapping says so.
 *
 * @returns the project; with a moved revision when the controls are others than before
 */
export async function derivePredictedControls(
  tx: Transaction,
  project: ProjectRow,
): Promise<{ project: ProjectRow; recompute: boolean }> {
  if (project.mapped_controls) return { project, recompute: false }
  const { rows } = await sql<{ name: string }>`
    select distinct coalesce(region->>'from_name', case when region->>'type' = 'relation' then 'relations' end) as name
    from predictions, jsonb_array_elements(result) as region
    where project_id = ${project.project_id}`.execute(tx)
  const names = rows
    .map((row) => row.name)
    .filter((name) => name !== null)
    .sort()
  if (JSON.stringify(names) === JSON.stringify(project.predicted_controls))
    return { project, recompute: false }
  const next = await tx
    .updateTable('projects')
    .set({ predicted_controls: toJsonb(names), revision: sql<number>`revision + 1` })
    .where('project_id', '=', project.project_id)
    .returningAll()
    .executeTakeFirstOrThrow()
  return { project: next, recompute: true }
}
