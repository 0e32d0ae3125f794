import { sql } from 'kysely'
import type { Transaction } from '../db/database.ts'
import { toJsonb, toText } from '../db/json.ts'
import type { StoredPrediction } from '../evaluations/outcome.ts'
import type { LabelStudioTask } from '../labeling/client.ts'
import { microseconds } from '../labeling/instant.ts'
import type { Region } from '../labeling/types.ts'
import { readRegions } from './event.ts'
import { addRepairs, noRepairs, type Repairs } from './repairs.ts'

/** Label Studio's predictions of the tasks, by task. */
export async function predictionsOfTasks(tx: Transaction, project: number, tasks: number[]) {
  const rows = await tx
    .selectFrom('predictions')
    .select(['prediction_id', 'task_id', 'model_version', 'result', 'created_us'])
    .where('project_id', '=', project)
    .where('task_id', '=', sql<number>`any(${tasks}::bigint[])`)
    .execute()
  return Map.groupBy(
    rows.map((row): StoredPrediction & { task_id: number } => ({ ...row, result: row.result as Region[] })),
    (row) => row.task_id,
  )
}

/**
 * Keeps the predictions that Label Studio has of the tasks, instead of those that were known.
 *
 * @returns the tasks that the predictions were of until now, as far as the service knew
 */
export async function replacePredictions(
  tx: Transaction,
  project: number,
  tasks: LabelStudioTask[],
  repairs: Repairs,
): Promise<number[]> {
  const rows = tasks.flatMap((task) =>
    (task.predictions ?? []).map((prediction) => ({
      prediction_id: prediction.id,
      task_id: task.id,
      model_version: toText(prediction.model_version ?? 'undefined'),
      result: readRegions(prediction.result),
      created_us: microseconds(prediction.created_at) ?? 0,
    })),
  )
  const own = sql`select task_id from tasks where project_id = ${project} and result is null
    and task_id = any(${tasks.map((task) => task.id)}::bigint[])`
  const removed = await sql<{ task_id: number }>`
    delete from predictions where project_id = ${project} and task_id in (${own})
      and prediction_id <> all(${rows.map((row) => row.prediction_id)}::bigint[])
    returning task_id`.execute(tx)
  const before = await sql<{ task_id: number }>`
    select task_id from predictions where project_id = ${project}
      and prediction_id = any(${rows.map((row) => row.prediction_id)}::bigint[])`.execute(tx)
  // Of tasks that a run imported the service has the predictions itself.
  const written = await sql<{ task_id: number }>`
    insert into predictions as known (project_id, prediction_id, task_id, model_version, result, created_us)
    select ${project}::bigint, r.* from jsonb_to_recordset(${toJsonb(rows)}::jsonb)
      as r (prediction_id bigint, task_id bigint, model_version text, result jsonb, created_us bigint)
    where r.task_id in (${own})
    on conflict (project_id, prediction_id) do update set task_id = excluded.task_id,
      model_version = excluded.model_version, result = excluded.result, created_us = excluded.created_us
    where known.* is distinct from excluded.*
    returning task_id`.execute(tx)
  const changed = new Set([...removed.rows, ...written.rows].map((row) => row.task_id))
  addRepairs(repairs, { ...noRepairs(), predictions_changed: changed.size })
  return before.rows.map((row) => row.task_id)
}
