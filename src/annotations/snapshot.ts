import { sql } from 'kysely'
import type { Transaction } from '../db/database.ts'
import { toJsonb, toText } from '../db/json.ts'
import type { LabelStudioTask } from '../labeling/client.ts'
import { dataHash } from '../labeling/data-hash.ts'
import { microseconds } from '../labeling/instant.ts'
import { type AnnotationFacts, readAnnotation } from './event.ts'
import { type StoredAnnotation, tombstone } from './merge.ts'
import { annotationsOfTasks, type ProjectRow, type TaskRow, writeAnnotations, writeTasks } from './store.ts'

/** How far the service was from what Label Studio holds. */
export interface Repairs {
  tasks_added: number
  tasks_removed: number
  annotations_added: number
  annotations_changed: number
  annotations_removed: number
  predictions_changed: number
}

export function noRepairs(): Repairs {
  return {
    tasks_added: 0,
    tasks_removed: 0,
    annotations_added: 0,
    annotations_changed: 0,
    annotations_removed: 0,
    predictions_changed: 0,
  }
}

/**
 * Makes what is stored about tasks equal to what Label Studio said when they were read. What an event changed since
 * `readAt` (the database's clock, taken before the reading) is newer than the reading and stays.
 * The caller holds the project's lock, and recomputes the tallies of the tasks afterwards.
 */
export async function applySnapshot(
  tx: Transaction,
  project: ProjectRow,
  tasks: LabelStudioTask[],
  readAt: Date,
): Promise<Repairs> {
  const repairs = noRepairs()
  const id = project.project_id
  const ids = tasks.map((task) => task.id)
  const stored = new Map((await storedTasks(tx, id, ids)).map((row) => [row.task_id, row]))
  const current = tasks.filter((task) => !isGoneSince(stored.get(task.id), readAt))

  const fresh = current.filter((task) => {
    const row = stored.get(task.id)
    // Label Studio on SQLite gives ids away again: another key under the same id is another task.
    return !row?.present || (row.key !== null && row.key !== keyOf(task))
  })
  if (fresh.length > 0) {
    await writeTasks(tx, id, await Promise.all(fresh.map((task) => taskRow(tx, project, task))))
    repairs.tasks_added += fresh.length
  }
  const imported = new Set(
    (await storedTasks(tx, id, ids)).filter((row) => row.imported).map((row) => row.task_id),
  )
  for (const task of current) {
    if (!imported.has(task.id) && (await replacePredictions(tx, id, task))) repairs.predictions_changed++
  }
  await writeAnnotations(tx, id, await annotationRepairs(tx, id, current, readAt, repairs))
  return repairs
}

function isGoneSince(row: { present: boolean; seen_at: Date } | undefined, readAt: Date): boolean {
  return row !== undefined && !row.present && row.seen_at >= readAt
}

async function storedTasks(tx: Transaction, project: number, ids: number[]) {
  return tx
    .selectFrom('tasks')
    .select(['task_id', 'key', 'present', 'seen_at', sql<boolean>`result is not null`.as('imported')])
    .where('project_id', '=', project)
    .where('task_id', '=', sql<number>`any(${ids}::bigint[])`)
    .execute()
}

/** The annotations to be written so that the stored ones equal the read ones. */
async function annotationRepairs(
  tx: Transaction,
  project: number,
  tasks: LabelStudioTask[],
  readAt: Date,
  repairs: Repairs,
): Promise<StoredAnnotation[]> {
  const read = new Map<number, AnnotationFacts>()
  for (const task of tasks) {
    for (const raw of task.annotations ?? []) {
      const facts = readAnnotation(raw, task.id)
      if (facts) read.set(facts.annotation_id, facts)
    }
  }
  const known = await annotationsOfTasks(
    tx,
    project,
    tasks.map((task) => task.id),
  )
  const byId = new Map(known.map((row) => [row.annotation_id, row]))
  const writes: StoredAnnotation[] = []
  for (const facts of read.values()) {
    const row = byId.get(facts.annotation_id)
    if (row && row.seen_at >= readAt) continue
    const next: StoredAnnotation = {
      ...facts,
      unique_id: facts.unique_id ?? (row?.deleted ? null : (row?.unique_id ?? null)),
      deleted: false,
      ground_truth_us: facts.ground_truth ? facts.updated_us : null,
    }
    const isSame = row !== undefined && !row.deleted && sameAnnotation(row, next)
    // Derived by the service alone: set right, but no difference to Label Studio.
    if (isSame && (row.ground_truth_us === null) === (next.ground_truth_us === null)) continue
    writes.push(next)
    if (isSame) continue
    if (!row || row.deleted) repairs.annotations_added++
    else repairs.annotations_changed++
  }
  for (const row of known) {
    if (row.deleted || read.has(row.annotation_id) || row.seen_at >= readAt) continue
    writes.push({ ...tombstone(row, row.annotation_id), ground_truth_us: null })
    repairs.annotations_removed++
  }
  return writes
}

/** Whether both say the same as Label Studio would; what stands behind one `updated_at` is one result. */
function sameAnnotation(a: StoredAnnotation, b: StoredAnnotation): boolean {
  return (
    a.updated_us === b.updated_us &&
    a.task_id === b.task_id &&
    a.was_cancelled === b.was_cancelled &&
    a.ground_truth === b.ground_truth &&
    a.parent_prediction === b.parent_prediction &&
    a.completed_by === b.completed_by
  )
}

async function taskRow(tx: Transaction, project: ProjectRow, task: LabelStudioTask): Promise<TaskRow> {
  const key = keyOf(task)
  const plan =
    project.run_id && key
      ? await tx
          .selectFrom('run_tasks')
          .selectAll()
          .where('run_id', '=', project.run_id)
          .where('key', '=', key)
          .executeTakeFirst()
      : undefined
  return {
    task_id: task.id,
    key,
    data: task.data,
    data_hash: plan ? dataHash(plan.data) : null,
    result: plan ? (plan.result as TaskRow['result']) : null,
    model_version: plan?.model_version ?? null,
    score: plan?.score ?? null,
    stratum: plan?.stratum ?? null,
  }
}

/** The service's own key, which it put into the task's `meta` at import. */
export function keyOf(task: { meta: Record<string, unknown> | null }): string | null {
  const key = task.meta?.key
  return typeof key === 'string' ? key : null
}

/** @returns whether anything was different */
async function replacePredictions(tx: Transaction, project: number, task: LabelStudioTask): Promise<boolean> {
  const rows = (task.predictions ?? []).map((prediction) => ({
    prediction_id: prediction.id,
    task_id: task.id,
    model_version: toText(prediction.model_version ?? 'undefined'),
    result: Array.isArray(prediction.result) ? prediction.result : [],
    created_us: microseconds(prediction.created_at) ?? 0,
  }))
  const { numAffectedRows: removed } = await sql`
    delete from predictions where project_id = ${project} and task_id = ${task.id}
      and prediction_id <> all(${rows.map((row) => row.prediction_id)}::bigint[])`.execute(tx)
  const { numAffectedRows: written } = await sql`
    insert into predictions (project_id, prediction_id, task_id, model_version, result, created_us)
    select ${project}::bigint, r.* from jsonb_to_recordset(${toJsonb(rows)}::jsonb)
      as r (prediction_id bigint, task_id bigint, model_version text, result jsonb, created_us bigint)
    on conflict (project_id, prediction_id) do update set task_id = excluded.task_id,
      model_version = excluded.model_version, result = excluded.result, created_us = excluded.created_us
    where (predictions.task_id, predictions.model_version, predictions.result, predictions.created_us)
      is distinct from (excluded.task_id, excluded.model_version, excluded.result, excluded.created_us)`.execute(
    tx,
  )
  return Boolean(removed) || Boolean(written)
}
