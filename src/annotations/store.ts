import { type RawBuilder, type Selectable, sql } from 'kysely'
import type { Database, Transaction } from '../db/database.ts'
import { toJsonb } from '../db/json.ts'
import type { ProjectsTable } from '../db/tables.ts'
import type { TaskOutcome } from '../evaluations/outcome.ts'
import type { Addend } from '../evaluations/tally.ts'
import type { Region } from '../labeling/types.ts'
import type { StoredAnnotation } from './merge.ts'

export type ProjectRow = Selectable<ProjectsTable>

/** The database's clock in microseconds: the one clock that all processes of the service share. */
export const NOW_US = sql<number>`(extract(epoch from clock_timestamp()) * 1000000)::bigint`

export async function databaseClock(database: Database): Promise<number> {
  const { rows } = await sql<{ now: number }>`select ${NOW_US} as now`.execute(database.kysely)
  return rows[0]?.now as number
}

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

export async function annotationsOfTasks(
  tx: Transaction,
  project: number,
  tasks: number[],
): Promise<StoredAnnotation[]> {
  const rows = await tx
    .selectFrom('annotations')
    .select(ANNOTATION_COLUMNS)
    .where('project_id', '=', project)
    .where('task_id', '=', sql<number>`any(${tasks}::bigint[])`)
    .execute()
  return rows.map(toStored)
}

/** Writes annotations as they are to be kept from now on. @returns those that were kept otherwise before */
export async function writeAnnotations(
  tx: Transaction,
  project: number,
  rows: StoredAnnotation[],
): Promise<Set<number>> {
  if (rows.length === 0) return new Set()
  const written = await sql<{ annotation_id: number }>`
    insert into annotations as known (project_id, annotation_id, task_id, unique_id, result, was_cancelled,
      ground_truth, completed_by, parent_prediction, lead_time_ms, updated_us, deleted)
    select ${project}::bigint, r.* from jsonb_to_recordset(${toJsonb(rows)}::jsonb) as r (annotation_id bigint,
      task_id bigint, unique_id text, result jsonb, was_cancelled boolean, ground_truth boolean, completed_by bigint,
      parent_prediction bigint, lead_time_ms bigint, updated_us bigint, deleted boolean)
    on conflict (project_id, annotation_id) do update set
      task_id = excluded.task_id, unique_id = excluded.unique_id, result = excluded.result,
      was_cancelled = excluded.was_cancelled, ground_truth = excluded.ground_truth,
      completed_by = excluded.completed_by, parent_prediction = excluded.parent_prediction,
      lead_time_ms = excluded.lead_time_ms, updated_us = excluded.updated_us, deleted = excluded.deleted
    where known.* is distinct from excluded.*
    returning annotation_id`.execute(tx)
  return new Set(written.rows.map((row) => row.annotation_id))
}

/**
 * Of the annotations of one task only the one that was marked last is the ground truth: Label Studio takes the mark
 * from the others without a word, and without moving their `updated_at`.
 */
export async function clearOlderGroundTruths(
  tx: Transaction,
  project: number,
  tasks: number[],
): Promise<void> {
  await sql`
    update annotations set ground_truth = false
    where project_id = ${project} and task_id = any(${tasks}::bigint[]) and ground_truth and not deleted
      and exists (select from annotations as later where later.project_id = annotations.project_id
        and later.task_id = annotations.task_id and later.ground_truth and not later.deleted
        and later.updated_us > annotations.updated_us)`.execute(tx)
}

/** Which of the tasks have several annotations, one of them the ground truth. */
export async function tasksWithGroundTruth(
  tx: Transaction,
  project: number,
  tasks: number[],
): Promise<number[]> {
  const { rows } = await sql<{ task_id: number }>`
    select task_id from annotations
    where project_id = ${project} and task_id = any(${tasks}::bigint[]) and not deleted
    group by task_id having count(*) > 1 and bool_or(ground_truth)`.execute(tx)
  return rows.map((row) => row.task_id)
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
  /** Whether reviewers do not see the prediction. */
  blind: boolean
}

/** What a task says, and what it adds to the tallies. */
export interface Said {
  outcome: TaskOutcome
  contribution: Addend[]
  /** Of the project, under which that was computed. */
  revision: number
}

/** Follows tasks, as existing. What is known of one with the same id is replaced. */
export async function writeTasks(tx: Transaction, project: number, rows: TaskRow[]): Promise<void> {
  if (rows.length === 0) return
  await insertTasks(
    tx,
    project,
    sql`(select *, null::jsonb as said from jsonb_to_recordset(${toJsonb(rows)}::jsonb) as r (task_id bigint, key text,
      data jsonb, data_hash text, result jsonb, model_version text, score double precision, stratum text, blind boolean)) as r`,
  )
}

/** A task of a run's plan that Label Studio has imported, with what it says if nothing was heard of it before. */
export interface ImportedTaskRow {
  task_id: number
  /** In the plan, where the database has the rest of it. */
  position: number
  data_hash: string
  said: Said
}

/**
 * Follows tasks of a run, as existing. What is known of one with the same id is replaced.
 *
 * @returns those that are new: of the others something was known, and what they say is still to be computed
 */
export async function writeImportedTasks(
  tx: Transaction,
  project: number,
  run: string,
  rows: ImportedTaskRow[],
): Promise<Set<number>> {
  if (rows.length === 0) return new Set()
  const positions = rows.map(({ position }) => position)
  const written = await insertTasks(
    tx,
    project,
    sql`(select r.task_id, key, data, data_hash, result, model_version, score, stratum, blind, said
      from jsonb_to_recordset(${toJsonb(rows)}::jsonb)
        as r (task_id bigint, position integer, data_hash text, said jsonb)
      join run_tasks on run_id = ${run} and run_tasks.position = r.position and ${isBetween(positions)}) as r`,
  )
  return new Set(written.flatMap(({ task_id, isNew }) => (isNew ? task_id : [])))
}

/**
 * Holds a statement about some tasks of a run to their part of the plan. The planner takes a run that is newer than its statistics
 * for empty, and would go through all of it.
 */
export function isBetween(positions: readonly number[]): RawBuilder<boolean> {
  return sql`run_tasks.position between ${Math.min(...positions)} and ${Math.max(...positions)}`
}

/** @param rows what is selected from: the columns of a `TaskRow`, and what it says as `said` */
async function insertTasks(tx: Transaction, project: number, rows: RawBuilder<unknown>) {
  const written = await sql<{ task_id: number; isNew: boolean }>`
    insert into tasks (project_id, task_id, key, data, data_hash, result, model_version, score, stratum,
      blind, touched_us, outcome, contribution, revision)
    select ${project}::bigint, task_id, key, data, data_hash, result, model_version, score, stratum, blind, ${NOW_US},
      said->'outcome', coalesce(said->'contribution', '[]'), coalesce((said->>'revision')::integer, 0)
    from ${rows}
    on conflict (project_id, task_id) do update set
      key = excluded.key, present = true, data = excluded.data, data_hash = excluded.data_hash,
      result = excluded.result, model_version = excluded.model_version, score = excluded.score,
      stratum = excluded.stratum, blind = excluded.blind, touched_us = excluded.touched_us
    returning task_id, xmax = 0 as "isNew"`.execute(tx)
  return written.rows
}

/** Which of the tasks are followed as existing. */
export async function presentTasks(tx: Transaction, project: number, tasks: number[]): Promise<Set<number>> {
  const rows = await tx
    .selectFrom('tasks')
    .select('task_id')
    .where('project_id', '=', project)
    .where('present', '=', true)
    .where('task_id', '=', sql<number>`any(${tasks}::bigint[])`)
    .execute()
  return new Set(rows.map((row) => row.task_id))
}

/** Notes that events said something about the tasks; one that is not followed yet waits to be read. */
export async function touchTasks(tx: Transaction, project: number, tasks: number[]): Promise<void> {
  if (tasks.length === 0) return
  await sql`
    insert into tasks (project_id, task_id, present, touched_us)
    select distinct ${project}::bigint, id, false, ${NOW_US} from unnest(${tasks}::bigint[]) as id
    on conflict (project_id, task_id) do update set touched_us = excluded.touched_us`.execute(tx)
}

export async function markTasksGone(tx: Transaction, project: number, tasks: number[]): Promise<void> {
  if (tasks.length === 0) return
  await tx
    .updateTable('tasks')
    .set({ present: false })
    .where('project_id', '=', project)
    .where('task_id', '=', sql<number>`any(${tasks}::bigint[])`)
    .execute()
}
