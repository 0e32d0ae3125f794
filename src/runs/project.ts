import { reconcile } from '../annotations/reconcile.ts'
import { lockProject } from '../annotations/store.ts'
import { registerWebhook } from '../annotations/webhook.ts'
import { toJsonb } from '../db/json.ts'
import { ensureProject, projectTitle } from '../labeling/project.ts'
import type { RunDependencies } from './execute.ts'
import type { Plan } from './plan.ts'
import { findRun, type RunRow, update } from './run.ts'

/** What sets the run's project apart from all others, for reviewers and for an interrupted attempt to find it again. */
function describe(run: RunRow): string {
  return `Sample of the production logs of ${run.monitor}, ${run.window_from} to ${run.window_to}, seed ${run.seed}. Made by label-studio-monitor, run ${run.id}.`
}

/** Makes the run's Label Studio project, or finds the one that an interrupted attempt made, and follows it. */
export async function makeProject(deps: RunDependencies, run: RunRow, plan: Plan): Promise<RunRow> {
  if (run.project_id !== null) return run
  const { database, labelStudio } = deps
  // Read anew: an attempt of this very process may have asked for it and not heard the answer.
  const intended = (await findRun(database.kysely, run.id))?.project_intent_at ?? null
  const uncertain = intended !== null
  await update(database.kysely, run.id, { project_intent_at: intended ?? new Date() })
  const window = { from: run.window_from, to: run.window_to }
  const fields = {
    title: projectTitle(plan.title, window),
    description: describe(run),
    label_config: plan.label_config,
  }
  const project = await ensureProject(labelStudio, fields, run.id, uncertain)
  const url = labelStudio.projectUrl(project.id)
  return database.kysely.transaction().execute(async (tx) => {
    await lockProject(tx, project.id)
    await tx
      .updateTable('projects')
      .set({
        run_id: run.id,
        monitor: run.monitor,
        title: fields.title,
        // As Label Studio keeps it: what it tells later is compared with this.
        label_config: project.label_config,
        model_version: plan.model_version,
        mapped_controls: toJsonb(plan.controls),
        adopted: true,
        gone: false,
      })
      .where('project_id', '=', project.id)
      .execute()
    return tx
      .updateTable('runs')
      .set({ project_id: project.id, project_title: fields.title, project_url: url })
      .where('id', '=', run.id)
      .returningAll()
      .executeTakeFirstOrThrow()
  })
}

/**
 * Registers the webhook; where Label Studio refuses it, the project is polled. Then reads what happened in the
 * project before.
 */
export async function followProject(deps: RunDependencies, run: RunRow, signal: AbortSignal): Promise<void> {
  const project = run.project_id as number
  const known = await deps.database.kysely
    .selectFrom('projects')
    .select('webhook_id')
    .where('project_id', '=', project)
    .executeTakeFirst()
  const state = await registerWebhook(deps, project, known?.webhook_id ?? null)
  const { registered, id, problem, remedy } = state
  await update(deps.database.kysely, run.id, { webhook: toJsonb({ registered, id, problem, remedy }) })
  await reconcile(deps, project, { signal })
}
