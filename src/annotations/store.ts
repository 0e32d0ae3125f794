import { type Selectable, sql } from 'kysely'
import type { Transaction } from '../db/database.ts'
import { toJsonb } from '../db/json.ts'
import type { ProjectsTable } from '../db/tables.ts'
import type { Region } from '../labeling/types.ts'
import type { StoredAnnotation } from './merge.ts'

export type ProjectRow = Selectable<ProjectsTable>

/**
 * Makes sure that the project is followed, and locks it until the end of the transaction: whoever changes a
 * project's annotations or tallies holds this lock, so that counts move one step at a time.
 */
export async function lockProject(tx: Transaction, project: number): Promise<ProjectRow> {
  await tx
    .insertInto('projects')
    .values({ project_id: project })
    .onConflict((oc) => oc.doNothing())
    .execute()
  return tx
    .selectFrom('projects')
    .selectAll()
    .where('project_id', '=', project)
    .forUpdate()
    .executeTakeFirstOrThrow()
}

const ANNOTATION_COLUMNS = [
  'annotation_id',
  'task_id',
  'unique_id',
  'result',
  'was_cancelled',
  'ground_truth',
  'ground_truth_us',
  'completed_by',
  'parent_prediction',
  'lead_time_ms',
  'updated_us',
  'deleted',
] as const

type AnnotationRow = Omit<StoredAnnotation, 'result'> & { result: unknown }

function toStored(row: AnnotationRow): StoredAnnotation {
  return { ...row, result: row.result as Region[] }
}

export async function annotationsById(
  tx: Transaction,
  project: number,
  ids: number[],
): Promise<Map<number, StoredAnnotation>> {
  if (ids.length === 0) return new Map()
  const rows = await tx
    .selectFrom('annotations')
    .select(ANNOTATION_COLUMNS)
    .where('project_id', '=', project)
    .where('annotation_id', '=', sql<number>`any(${ids}::bigint[])`)
    .execute()
  return new Map(rows.map((row) => [row.annotation_id, toStored(row)]))
}

export async function annotationsOfTasks(tx: Transaction, project: number, tasks: number[]) {
  const rows = await tx
    .selectFrom('annotations')
    .select(ANNOTATION_COLUMNS)
    .select('seen_at')
    .where('project_id', '=', project)
    .where('task_id', '=', sql<number>`any(${tasks}::bigint[])`)
    .execute()
  return rows.map((row) => ({ ...toStored(row), seen_at: row.seen_at }))
}

/** Writes annotations as they are to be kept from now on. */
export async function writeAnnotations(
  tx: Transaction,
  project: number,
  rows: StoredAnnotation[],
): Promise<void> {
  if (rows.length === 0) return
  await sql`
    insert into annotations (project_id, annotation_id, task_id, unique_id, result, was_cancelled, ground_truth,
      ground_truth_us, completed_by, parent_prediction, lead_time_ms, updated_us, deleted)
    select ${project}::bigint, r.annotation_id, r.task_id, r.unique_id, r.result, r.was_cancelled, r.ground_truth,
      r.ground_truth_us, r.completed_by, r.parent_prediction, r.lead_time_ms, r.updated_us, r.deleted
    from jsonb_to_recordset(${toJsonb(rows)}::jsonb) as r (annotation_id bigint, task_id bigint, unique_id text,
      result jsonb, was_cancelled boolean, ground_truth boolean, ground_truth_us bigint, completed_by bigint,
      parent_prediction bigint, lead_time_ms bigint, updated_us bigint, deleted boolean)
    on conflict (project_id, annotation_id) do update set
      task_id = excluded.task_id, unique_id = excluded.unique_id, result = excluded.result,
      was_cancelled = excluded.was_cancelled, ground_truth = excluded.ground_truth,
      ground_truth_us = excluded.ground_truth_us, completed_by = excluded.completed_by,
      parent_prediction = excluded.parent_prediction, lead_time_ms = excluded.lead_time_ms,
      updated_us = excluded.updated_us, deleted = excluded.deleted, seen_at = clock_timestamp()`.execute(tx)
}

/** A task of Label Studio to be followed; `result` is the imported prediction, null when none was imported. */
export interface TaskRow {
  task_id: number
  key: string | null
  data: Record<string, unknown>
  data_hash: string | null
  result: Region[] | null
  model_version: string | null
  score: number | null
  stratum: string | null
}

/** Follows tasks, as existing. What is known of one with the same id is replaced. */
export async function writeTasks(tx: Transaction, project: number, rows: TaskRow[]): Promise<void> {
  if (rows.length === 0) return
  await sql`
    insert into tasks (project_id, task_id, key, data, data_hash, result, model_version, score, stratum)
    select ${project}::bigint, r.task_id, r.key, r.data, r.data_hash, r.result, r.model_version,
      r.score, r.stratum
    from jsonb_to_recordset(${toJsonb(rows)}::jsonb) as r (task_id bigint, key text, data jsonb, data_hash text,
      result jsonb, model_version text, score double precision, stratum text)
    on conflict (project_id, task_id) do update set
      key = excluded.key, present = true, data = excluded.data, data_hash = excluded.data_hash,
      result = excluded.result, model_version = excluded.model_version, score = excluded.score,
      stratum = excluded.stratum, seen_at = clock_timestamp()`.execute(tx)
}

/** Marks tasks as gone; unknown ones are remembered as gone too, for a late event. */
export async function markTasksGone(tx: Transaction, project: number, tasks: number[]): Promise<void> {
  if (tasks.length === 0) return
  await sql`
    insert into tasks (project_id, task_id, present)
    select distinct ${project}::bigint, id, false from unnest(${tasks}::bigint[]) as id
    on conflict (project_id, task_id) do update set present = false, seen_at = clock_timestamp()`.execute(tx)
}
