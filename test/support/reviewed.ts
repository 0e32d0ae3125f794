import { randomUUID } from 'node:crypto'
import type { StoredAnnotation } from '../../src/annotations/merge.ts'
import { retally } from '../../src/annotations/retally.ts'
import { lockProject, writeAnnotations, writeTasks } from '../../src/annotations/store.ts'
import type { Database, Transaction } from '../../src/db/database.ts'
import { toJsonb } from '../../src/db/json.ts'
import { dataHash } from '../../src/labeling/data-hash.ts'
import type { Region } from '../../src/labeling/types.ts'
import { NO_PROGRESS } from '../../src/runs/run.ts'
import { QA_CONFIG } from './monitors.ts'

/** A task with its prediction and what reviewers made of it; without annotations nobody has. */
export interface ReviewedTask {
  data: Record<string, unknown>
  prediction: Region[]
  annotations?: (Region[] | { result: Region[]; was_cancelled?: boolean; ground_truth?: boolean })[]
  version?: string
  stratum?: string
  /** Whether reviewers did not see the prediction. */
  blind?: boolean
  /** `object@offset` of its record. */
  source?: string
}

export interface ReviewedProject {
  project: number
  tasks: ReviewedTask[]
  labelConfig?: string
  /** The control tags that the run's mapping fills. */
  controls?: string[]
  /** The run that made it; none by default. */
  run?: RunOf
}

interface RunOf {
  /** By default a new one. */
  id?: string
  monitor: { id: string; name: string }
  from: string
  to: string
  strata?: { key: string; seen: number; sampled: number; blind?: number }[]
  status?: 'ready' | 'failed'
  /** What made its strata. */
  by?: string
}

/** A text answer as Label Studio keeps it. */
export const textArea = (...text: string[]): Region[] => [
  { id: 'r1', from_name: 'answer', to_name: 'question', type: 'textarea', value: { text } },
]

/** A question, its answer in production, and what a reviewer made of it; null: nobody looked yet. */
export const answered = (
  question: string,
  predicted: string,
  corrected: string | null = predicted,
): ReviewedTask => ({
  data: { question },
  prediction: textArea(predicted),
  annotations: corrected === null ? [] : [textArea(corrected)],
})

/**
 * Stores a project as it is after a run and its reviews, counted as the service counts. Ids of tasks are
 * 1000 × the project's and on, those of annotations too. @returns the id of the run, if there is one
 */
export async function reviewedProject(database: Database, given: ReviewedProject): Promise<string | null> {
  const { project, tasks, labelConfig = QA_CONFIG, controls = ['answer'], run } = given
  const id = run ? await insertRun(database, run, project) : null
  const taskIdOf = (index: number) => project * 1_000 + index
  await database.kysely.transaction().execute(async (tx) => {
    await lockProject(tx, project)
    const row = await tx
      .updateTable('projects')
      .set({
        run_id: id,
        monitor: run?.monitor.name ?? null,
        title: `Project ${project}`,
        label_config: labelConfig,
        mapped_controls: toJsonb(controls),
      })
      .where('project_id', '=', project)
      .returningAll()
      .executeTakeFirstOrThrow()
    for (let at = 0; at < tasks.length; at += 1_000) {
      const part = tasks
        .slice(at, at + 1_000)
        .map((task, index) => ({ ...task, task_id: taskIdOf(at + index) }))
      await writeTasks(
        tx,
        project,
        part.map(({ task_id, data, prediction, version = 'v1', stratum = null, blind = false }) => ({
          task_id,
          key: `${id}:${task_id}`,
          data,
          data_hash: dataHash(data),
          result: prediction,
          model_version: version,
          score: 0.5,
          stratum,
          blind,
        })),
      )
      if (id !== null) await writeRunTasks(tx, id, at, part)
      await writeAnnotations(
        tx,
        project,
        part.flatMap(({ task_id, annotations = [] }) =>
          annotations.map((annotation, index) => annotationOf(task_id, index, annotation)),
        ),
      )
      await retally(
        tx,
        row,
        part.map(({ task_id }) => task_id),
      )
    }
  })
  return id
}

async function writeRunTasks(
  tx: Transaction,
  run_id: string,
  first: number,
  tasks: (ReviewedTask & { task_id: number })[],
): Promise<void> {
  const rows = tasks.map(
    ({ task_id, data, prediction, version = 'v1', stratum = '', source = '', blind = false }, index) => ({
      run_id,
      position: first + index,
      key: `${run_id}:${task_id}`,
      stratum,
      data: toJsonb(data),
      meta: toJsonb({ source }),
      result: toJsonb(prediction),
      model_version: version,
      task_id,
      blind,
    }),
  )
  if (rows.length > 0) await tx.insertInto('run_tasks').values(rows).execute()
}

function annotationOf(
  task_id: number,
  index: number,
  given: NonNullable<ReviewedTask['annotations']>[number],
): StoredAnnotation {
  const annotation = Array.isArray(given) ? { result: given } : given
  return {
    annotation_id: task_id * 10 + index,
    task_id,
    unique_id: null,
    was_cancelled: false,
    ground_truth: false,
    updated_us: 1,
    completed_by: 1,
    parent_prediction: null,
    lead_time_ms: 2_500,
    deleted: false,
    ...annotation,
  }
}

async function insertRun(database: Database, run: RunOf, project: number): Promise<string> {
  const id = run.id ?? randomUUID()
  await database.kysely
    .insertInto('runs')
    .values({
      id,
      monitor_id: run.monitor.id,
      monitor: run.monitor.name,
      definition: toJsonb(run.by === undefined ? {} : { sample: { by: run.by } }),
      status: run.status ?? 'ready',
      window_from: run.from,
      window_to: run.to,
      total: 10,
      seed: 1,
      request_hash: id,
      progress: toJsonb(NO_PROGRESS),
      strata: toJsonb(run.strata ?? []),
      project_id: project,
      project_title: `Project ${project}`,
    })
    .execute()
  return id
}
