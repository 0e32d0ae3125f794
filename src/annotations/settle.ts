import { sql } from 'kysely'
import type { Transaction } from '../db/database.ts'
import { toJsonb, toText } from '../db/json.ts'
import type { LabelStudioTask } from '../labeling/client.ts'
import { dataHash } from '../labeling/data-hash.ts'
import { microseconds } from '../labeling/instant.ts'
import { type AnnotationFacts, readAnnotation } from './event.ts'
import { type StoredAnnotation, tombstone } from './merge.ts'
import { replacePredictions } from './predictions.ts'
import { addRepairs, noRepairs, type Repairs } from './repairs.ts'
import { retally } from './retally.ts'
import {
  annotationsById,
  annotationsOfTasks,
  lockProject,
  markTasksGone,
  type ProjectRow,
  type TaskRow,
  touchTasks,
  writeAnnotations,
  writeTasks,
} from './store.ts'

/** Tasks as Label Studio told them; those of `asked` that are not among `tasks` do not exist in the project. */
export interface Reading {
  asked: number[]
  tasks: LabelStudioTask[]
  /** The database's clock when the reading began. */
  readUs: number
}

/**
 * Makes what is stored about the tasks that were asked for equal to what Label Studio said, whatever that was before,
 * and moves the tallies.
 *
 * @param repairs counts what was different
 * @returns the tasks to be read once more: those that something else was heard of while they were read, which are left
 *   as they are, because whether that is older or newer than the reading can't be told; and those that lost an
 *   annotation or a prediction to a task of this reading, because its id was given away again
 */
export async function settleTasks(
  tx: Transaction,
  projectId: number,
  reading: Reading,
  repairs: Repairs,
): Promise<number[]> {
  const project = await lockProject(tx, projectId)
  const stored = new Map((await storedTasks(tx, projectId, reading.asked)).map((row) => [row.task_id, row]))
  const isDisturbed = (task: number) => {
    const row = stored.get(task)
    return row !== undefined && (row.touched_us >= reading.readUs || (row.read_us ?? 0) >= reading.readUs)
  }
  const settled = reading.asked.filter((task) => !isDisturbed(task))
  const wanted = new Set(settled)
  const tasks = reading.tasks.filter((task) => wanted.has(task.id))
  const existing = new Set(tasks.map((task) => task.id))
  const vanished = settled.filter((task) => !existing.has(task) && stored.get(task)?.present)

  const fresh = tasks.filter((task) => {
    // Label Studio on SQLite gives ids away again: another key under the same id is another task.
    const row = stored.get(task.id)
    return !row || row.key !== keyOf(task)
  })
  await writeTasks(tx, projectId, await taskRows(tx, project, fresh))
  await markTasksGone(tx, projectId, vanished)
  const former = [
    ...(await replacePredictions(tx, projectId, tasks, repairs)),
    ...(await replaceAnnotations(tx, projectId, tasks, repairs)),
  ]
  const displaced = [...new Set(former)].filter((task) => !wanted.has(task))
  await touchTasks(tx, projectId, displaced)
  await noteReading(tx, projectId, tasks, settled, reading.readUs)
  await retally(tx, project, [...settled, ...displaced])
  addRepairs(repairs, {
    ...noRepairs(),
    tasks_added: tasks.filter((task) => !stored.get(task.id)?.present).length,
    tasks_removed: vanished.length,
  })
  return [...new Set([...reading.asked.filter(isDisturbed), ...displaced])]
}

async function storedTasks(tx: Transaction, project: number, ids: number[]) {
  return tx
    .selectFrom('tasks')
    .select(['task_id', 'key', 'present', 'touched_us', 'read_us'])
    .where('project_id', '=', project)
    .where('task_id', '=', sql<number>`any(${ids}::bigint[])`)
    .execute()
}

/** The service's own key, which it put into the task's `meta` at import. */
export function keyOf(task: { meta: Record<string, unknown> | null }): string | null {
  const key = task.meta?.key
  return typeof key === 'string' ? toText(key) : null
}

/** Tasks with the prediction that a run imported, where the project is that of a run and the key one of its keys. */
async function taskRows(tx: Transaction, project: ProjectRow, tasks: LabelStudioTask[]): Promise<TaskRow[]> {
  const keys = tasks.map(keyOf).filter((key) => key !== null)
  const planned =
    project.run_id === null || keys.length === 0
      ? []
      : await tx
          .selectFrom('run_tasks')
          .selectAll()
          .where('run_id', '=', project.run_id)
          .where('key', '=', sql<string>`any(${keys}::text[])`)
          .execute()
  const byKey = new Map(planned.map((plan) => [plan.key, plan]))
  return tasks.map((task) => {
    const key = keyOf(task)
    const plan = key === null ? undefined : byKey.get(key)
    return {
      task_id: task.id,
      key,
      data: task.data,
      data_hash: plan ? dataHash(plan.data) : null,
      result: plan ? (plan.result as TaskRow['result']) : null,
      model_version: plan?.model_version ?? null,
      score: plan?.score ?? null,
      stratum: plan?.stratum ?? null,
      blind: plan?.blind ?? false,
    }
  })
}

/** Notes of what was read that it exists, or not, and when that was. */
async function noteReading(
  tx: Transaction,
  project: number,
  tasks: LabelStudioTask[],
  settled: number[],
  readUs: number,
): Promise<void> {
  const rows = tasks.map(({ id, data, updated_at }) => ({ id, data, updated_us: microseconds(updated_at) }))
  await sql`
    update tasks set present = true, data = r.data, updated_us = r.updated_us
    from jsonb_to_recordset(${toJsonb(rows)}::jsonb) as r (id bigint, data jsonb, updated_us bigint)
    where project_id = ${project} and task_id = r.id`.execute(tx)
  // What was heard before the reading is in it.
  await sql`
    update tasks set read_us = ${readUs}::bigint, touched_us = least(touched_us, ${readUs}::bigint - 1)
    where project_id = ${project} and task_id = any(${settled}::bigint[])`.execute(tx)
}

/** @returns the tasks that the annotations were in until now, as far as the service knew */
async function replaceAnnotations(
  tx: Transaction,
  project: number,
  tasks: LabelStudioTask[],
  repairs: Repairs,
): Promise<number[]> {
  const read = new Map<number, AnnotationFacts>()
  for (const task of tasks) {
    for (const raw of task.annotations ?? []) {
      const facts = readAnnotation(raw, task.id)
      if (facts) read.set(facts.annotation_id, facts)
    }
  }
  const known = await annotationsById(tx, project, [...read.keys()])
  const ids = tasks.map((task) => task.id)
  const removed = (await annotationsOfTasks(tx, project, ids)).filter(
    (row) => !row.deleted && !read.has(row.annotation_id),
  )
  const present = [...read.values()].map((facts): StoredAnnotation => {
    const row = known.get(facts.annotation_id)
    // Label Studio's lists hold no unique_id; that of a deleted annotation was another's.
    const unique_id = facts.unique_id ?? (row?.deleted ? null : (row?.unique_id ?? null))
    return { ...facts, unique_id, deleted: false }
  })
  const changed = await writeAnnotations(tx, project, [
    ...present,
    ...removed.map((row) => tombstone(row, row.annotation_id)),
  ])
  const added = present.filter(({ annotation_id }) => known.get(annotation_id)?.deleted ?? true).length
  addRepairs(repairs, {
    ...noRepairs(),
    annotations_added: added,
    annotations_changed: changed.size - added - removed.length,
    annotations_removed: removed.length,
  })
  return [...known.values()].flatMap((row) => (row.deleted ? [] : (row.task_id ?? [])))
}
