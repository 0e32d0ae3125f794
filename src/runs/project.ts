import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { reconcile } from '../annotations/reconcile.ts'
import { lockProject } from '../annotations/store.ts'
import { registerWebhook } from '../annotations/webhook.ts'
import { toJsonb } from '../db/json.ts'
import type { LabelStudio, LabelStudioProject } from '../labeling/client.ts'
import { projectsOfRun, projectTitle } from '../labeling/project.ts'
import { type RunDependencies, RunStopped } from './execute.ts'
import { attempt, IN_FLIGHT_MS, LOOK_AGAIN_MS } from './in-flight.ts'
import type { Plan } from './plan.ts'
import { type RunRow, UNFINISHED, update } from './run.ts'

/** What sets the run's project apart from all others, for reviewers and for an interrupted attempt to find it again. */
function describe(run: RunRow): string {
  return `Sample of the production logs of ${run.monitor}, ${run.window_from} to ${run.window_to}, seed ${run.seed}. Made by label-studio-monitor, run ${run.id}.`
}

/** Makes the run's Label Studio project, or finds the one that an interrupted attempt made, and follows it. */
export async function makeProject(
  deps: RunDependencies,
  run: RunRow,
  plan: Plan,
  signal: AbortSignal,
): Promise<RunRow> {
  if (run.project_id !== null) return run
  const { database, labelStudio } = deps
  const fields = {
    title: projectTitle(plan.title, { from: run.window_from, to: run.window_to }),
    description: describe(run),
    label_config: plan.label_config,
  }
  const { found, askedAt } = await projectMadeBefore(deps, run, fields.title, signal)
  const project = found ?? (await create(deps, run, fields, askedAt))
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
      .set({
        ...{ project_id: project.id, project_title: fields.title, project_url: url },
        // Null where it was asked for once, and answered: then there is no other.
        project_intent_at: askedAt,
      })
      .where('id', '=', run.id)
      .returningAll()
      .executeTakeFirstOrThrow()
  })
}

/**
 * Waits until it is certain whether Label Studio has, or still makes, the project that it was asked for.
 *
 * @returns also when that was; null: never
 */
async function projectMadeBefore(
  { database, labelStudio }: RunDependencies,
  run: RunRow,
  title: string,
  signal: AbortSignal,
): Promise<{ found?: LabelStudioProject | undefined; askedAt: Date | null }> {
  for (;;) {
    // Read anew: an attempt of this very process may have asked for it and not heard the answer.
    const { askedAt, age_ms } = await database.kysely
      .selectFrom('runs')
      .select([
        'project_intent_at as askedAt',
        sql<number>`extract(epoch from clock_timestamp() - project_intent_at) * 1000`.as('age_ms'),
      ])
      .where('id', '=', run.id)
      .executeTakeFirstOrThrow()
    if (askedAt === null) return { askedAt }
    const [found] = await projectsOfRun(labelStudio, title, run.id)
    if (found || Number(age_ms) > IN_FLIGHT_MS) return { found, askedAt }
    await sleep(LOOK_AGAIN_MS, undefined, { signal })
  }
}

async function create(
  { database, labelStudio }: RunDependencies,
  run: RunRow,
  fields: Parameters<LabelStudio['createProject']>[0],
  askedBefore: Date | null,
): Promise<LabelStudioProject> {
  const going = await database.kysely
    .updateTable('runs')
    .set({ project_intent_at: sql<Date>`clock_timestamp()` })
    .where('id', '=', run.id)
    .where('status', 'in', UNFINISHED)
    .executeTakeFirst()
  if (going.numUpdatedRows === 0n) throw new RunStopped()
  return attempt(
    () => labelStudio.createProject(fields),
    async () => void (await update(database.kysely, run.id, { project_intent_at: askedBefore })),
  )
}

/** A request that seemed lost may have been carried out after all: a project that another one was made for, goes. */
export async function removeSurplusProjects({ labelStudio }: RunDependencies, run: RunRow): Promise<void> {
  for (const { id, task_number } of await projectsOfRun(labelStudio, run.project_title as string, run.id))
    if (id !== run.project_id && !task_number) await labelStudio.deleteProject(id)
}

/**
 * Registers the webhook; where Label Studio refuses it, the project is polled. Then reads what happened in the
 * project before.
 */
export async function followProject(deps: RunDependencies, run: RunRow, signal: AbortSignal): Promise<void> {
  const project = run.project_id as number
  if (run.project_intent_at !== null) await removeSurplusProjects(deps, run)
  const known = await deps.database.kysely
    .selectFrom('projects')
    .select('webhook_id')
    .where('project_id', '=', project)
    .executeTakeFirst()
  const state = await registerWebhook(deps, project, known?.webhook_id ?? null)
  const { registered, id, problem, remedy } = state
  await update(deps.database.kysely, run.id, { webhook: toJsonb({ registered, id, problem, remedy }) })
  await reconcile(deps, project, { signal, leaveWebhook: true })
}
