import { sql } from 'kysely'
import type { Transaction } from '../db/database.ts'
import type { Event } from './event.ts'
import { mergeAnnotation, type StoredAnnotation, tombstone } from './merge.ts'
import { changeProject } from './project.ts'
import { retally } from './retally.ts'
import { annotationsById, markTasksGone, type ProjectRow, writeAnnotations } from './store.ts'

/** What remains to be done after events were applied, because only Label Studio can tell. */
export interface FollowUp {
  readTasks: Set<number>
  reconcile: boolean
  recompute: boolean
}

/**
 * Applies events of one project, in the order of their arrival, and moves the tallies. The caller holds the
 * project's lock.
 */
export async function applyEvents(tx: Transaction, project: ProjectRow, events: Event[]): Promise<FollowUp> {
  const followUp: FollowUp = { readTasks: new Set(), reconcile: !project.adopted, recompute: false }
  const known = await annotationsById(
    tx,
    project.project_id,
    events.flatMap((event) => [
      ...event.annotations.map((facts) => facts.annotation_id),
      ...event.deletedAnnotations,
    ]),
  )
  const written = new Map<number, StoredAnnotation>()
  const touched = new Set<number>()
  const keep = (next: StoredAnnotation) => {
    const task = known.get(next.annotation_id)?.task_id
    if (task != null) touched.add(task)
    if (next.task_id !== null) touched.add(next.task_id)
    known.set(next.annotation_id, next)
    written.set(next.annotation_id, next)
  }

  const gone = new Set<number>()
  let current = project
  for (const event of events) {
    for (const facts of event.annotations) {
      const { next, unclear } = mergeAnnotation(known.get(facts.annotation_id) ?? null, facts)
      if (next) keep(next)
      if (unclear) followUp.readTasks.add(facts.task_id)
    }
    for (const id of event.deletedAnnotations) keep(tombstone(known.get(id) ?? null, id))
    for (const id of event.deletedTasks) gone.add(id)
    for (const id of event.createdTasks) touched.add(id)
    for (const id of event.unclearTasks) followUp.readTasks.add(id)
    if (event.unclear) followUp.reconcile = true
    if (event.projectChange) {
      const change = await changeProject(tx, current, event.projectChange)
      current = change.project
      followUp.recompute ||= change.recompute
    }
  }
  await writeAnnotations(tx, project.project_id, [...written.values()])
  await markTasksGone(tx, project.project_id, [...gone])
  for (const task of await unknownTasks(tx, project.project_id, touched)) {
    // A deletion and an annotation of the same task, in either order: deleted is what Label Studio says last,
    // unless it gave the id to a new task, which only a look can tell.
    followUp.readTasks.add(task)
  }
  await retally(tx, current, [...touched, ...gone])
  await tx
    .updateTable('projects')
    .set({ last_event_at: sql`clock_timestamp()`, updated_at: sql`clock_timestamp()` })
    .where('project_id', '=', project.project_id)
    .execute()
  return followUp
}

/** Which of the tasks are not followed as existing. */
async function unknownTasks(tx: Transaction, project: number, tasks: Set<number>): Promise<number[]> {
  if (tasks.size === 0) return []
  const rows = await tx
    .selectFrom('tasks')
    .select('task_id')
    .where('project_id', '=', project)
    .where('present', '=', true)
    .where('task_id', '=', sql<number>`any(${[...tasks]}::bigint[])`)
    .execute()
  const present = new Set(rows.map((row) => row.task_id))
  return [...tasks].filter((task) => !present.has(task))
}
