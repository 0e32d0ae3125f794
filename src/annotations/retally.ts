import { sql } from 'kysely'
import { noteMoved } from '../alerts/watches.ts'
import type { Transaction } from '../db/database.ts'
import { toJsonb } from '../db/json.ts'
import { type ProjectFacts, type TaskOutcome, taskOutcome } from '../evaluations/outcome.ts'
import { type Addend, contribution, difference, moveTallies } from '../evaluations/tally.ts'
import { findTag, parseLabelingConfig } from '../labeling/config.ts'
import type { ControlTag, LabelingConfig, ObjectTag, Region } from '../labeling/types.ts'
import { RELATIONS } from '../metrics/compare.ts'
import { predictionsOfTasks } from './predictions.ts'
import { annotationsOfTasks, NOW_US, type ProjectRow } from './store.ts'

/**
 * Computes anew what the given tasks say, and moves the project's tallies by the difference to what they said
 * before. The caller holds the project's lock. Calling it twice changes nothing the second time.
 *
 * @param touched those that events said something about, which is noted in the same write: a task is a wide row
 */
export async function retally(
  tx: Transaction,
  project: ProjectRow,
  taskIds: Iterable<number>,
  touched: ReadonlySet<number> = new Set(),
): Promise<void> {
  const id = project.project_id
  const tasks = await computeTasks(tx, project, taskIds)
  if (tasks.length === 0) return
  const rows = tasks.map(({ task_id, outcome, addends }) => ({
    task_id,
    outcome,
    changed: outcome?.compared?.changed ?? null,
    contribution: addends,
    touched: touched.has(task_id),
  }))
  await sql`
    update tasks set outcome = r.outcome, changed = r.changed, contribution = r.contribution,
      revision = ${project.revision}, touched_us = case when r.touched then ${NOW_US} else tasks.touched_us end
    from jsonb_to_recordset(${toJsonb(rows)}::jsonb)
      as r (task_id bigint, outcome jsonb, changed boolean, contribution jsonb, touched boolean)
    where tasks.project_id = ${id} and tasks.task_id = r.task_id`.execute(tx)
  const before = tasks.flatMap(({ stored }) => stored)
  const now = tasks.flatMap(({ addends }) => addends)
  const moved = difference(before, now)
  await moveTallies(tx, id, moved)
  // A project that no run made has no monitor, and so no thresholds.
  if (moved.length > 0 && project.run_id !== null) await noteMoved(tx, id)
}

/** A task as what is stored about it says, and what it was noted to add to the tallies. */
export interface ComputedTask {
  task_id: number
  /** Under which revision of the project it was compared last. */
  revision: number
  stored: Addend[]
  /** Null where the task no longer exists. */
  outcome: TaskOutcome | null
  addends: Addend[]
}

/** What tasks say, computed from their stored annotations and predictions; writes nothing. */
export async function computeTasks(
  tx: Transaction,
  project: ProjectRow,
  taskIds: Iterable<number>,
): Promise<ComputedTask[]> {
  const ids = [...new Set(taskIds)]
  if (ids.length === 0) return []
  const id = project.project_id
  const tasks = await tx
    .selectFrom('tasks')
    .select(['task_id', 'present', 'result', 'model_version', 'stratum', 'blind', 'contribution', 'revision'])
    .where('project_id', '=', id)
    .where('task_id', '=', sql<number>`any(${ids}::bigint[])`)
    .execute()
  const annotations = Map.groupBy(await annotationsOfTasks(tx, id, ids), (row) => row.task_id)
  const predictions = await predictionsOfTasks(tx, id, ids)
  const facts = projectFacts(project)
  return tasks.map((task) => {
    const outcome: TaskOutcome | null = task.present
      ? taskOutcome(
          {
            stratum: task.stratum,
            imported: task.result
              ? { result: task.result as Region[], model_version: task.model_version }
              : null,
            predictions: predictions.get(task.task_id) ?? [],
          },
          annotations.get(task.task_id) ?? [],
          facts,
        )
      : null
    return {
      task_id: task.task_id,
      revision: task.revision,
      stored: task.contribution as Addend[],
      outcome,
      addends: outcome ? contribution(outcome, task.blind) : [],
    }
  })
}

/**
 * The controls that the model predicts: those that the run's mapping fills, or that occur in any prediction. One
 * that the labeling config doesn't know is none, because the editor shows it to nobody; where the config can't be
 * read, each is compared by what its regions say.
 */
export function projectFacts(project: ProjectRow): ProjectFacts {
  const config = configOf(project.label_config)
  const find = (name: string) => findTag(config.controls, name)
  const isReadable = config.controls.length > 0
  const names = project.mapped_controls ?? project.predicted_controls
  const predicted = names.filter((name) => !isReadable || name === RELATIONS || find(name))
  return {
    model_version: project.model_version,
    predicted: predicted.map((name) => find(name) ?? unknownControl(name, config)),
  }
}

/** What the labeling config shows. */
export function projectObjects(project: ProjectRow): ObjectTag[] {
  return configOf(project.label_config).objects
}

function configOf(labelConfig: string): LabelingConfig {
  try {
    return parseLabelingConfig(labelConfig)
  } catch {
    // A config that Label Studio took and we can't read must not stop the counting.
    return { objects: [], controls: [] }
  }
}

function unknownControl(name: string, { relationLabels }: LabelingConfig): ControlTag {
  const isRelations = name === RELATIONS
  return {
    name,
    tag: '',
    type: isRelations ? RELATIONS : '',
    toName: [],
    labels: (isRelations && relationLabels) || [],
    perRegion: false,
    attributes: {},
  }
}
