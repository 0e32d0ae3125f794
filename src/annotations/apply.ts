import { sql } from 'kysely'
import type { Transaction } from '../db/database.ts'
import type { Event } from './event.ts'
import { mergeAnnotation, type StoredAnnotation, tombstone } from './merge.ts'
import { isOtherwise } from './project.ts'
import { retally } from './retally.ts'
import {
  annotationsById,
  clearOlderGroundTruths,
  markTasksGone,
  type ProjectRow,
  presentTasks,
  tasksWithGroundTruth,
  touchTasks,
  writeAnnotations,
} from './store.ts'

/** What remains to be done after events were applied, because only Label Studio can tell. */
export interface FollowUp {
  readTasks: number[]
  readProject: boolean
  reconcile: boolean
}

/**
 * Applies events of one project, in the order of their arrival, and moves the tallies. What they say is believed at
 * once; what they leave open is to be read from Label Studio. The caller holds the project's lock.
 */
export async function applyEvents(tx: Transaction, project: ProjectRow, events: Event[]): Promise<FollowUp> {
  const id = project.project_id
  const { written, touched, doubtful } = await joinAnnotations(tx, id, events)
  await writeAnnotations(tx, id, written)
  await clearOlderGroundTruths(tx, id, [...touched])

  const created = events.flatMap((event) => event.createdTasks)
  const deleted = events.flatMap((event) => event.deletedTasks)
  const unclear = events.flatMap((event) => event.unclearTasks)
  const present = await presentTasks(tx, id, [...touched, ...deleted])
  const followUp = new Set([
    ...doubtful,
    ...unclear,
    // Their predictions stand in no event.
    ...created,
    // A deletion names an id only, and Label Studio on SQLite gives ids away again: it may be that of an older task.
    ...deleted.filter((task) => present.has(task)),
    ...[...touched].filter((task) => !present.has(task)),
    // Another one may have had the mark, and lost it again, between two events.
    ...(await tasksWithGroundTruth(tx, id, [...touched])),
  ])
  await touchTasks(tx, id, [...followUp])
  await markTasksGone(tx, id, deleted)
  await retally(tx, project, [...touched, ...deleted], touched)
  await tx
    .updateTable('projects')
    .set({
      last_event_at: sql`clock_timestamp()`,
      webhook_active: true,
      updated_at: sql`clock_timestamp()`,
    })
    .where('project_id', '=', id)
    .execute()
  const states = events.flatMap((event) => event.projectState ?? [])
  return {
    readTasks: [...followUp],
    readProject: states.some((state) => isOtherwise(project, state)),
    reconcile: !project.adopted || events.some((event) => event.unclear),
  }
}

/** What is to be kept of the annotations that events speak of, and of which tasks they are. */
async function joinAnnotations(tx: Transaction, project: number, events: Event[]) {
  const ids = events.flatMap((event) => [
    ...event.annotations.map((facts) => facts.annotation_id),
    ...event.deletedAnnotations,
  ])
  const known = await annotationsById(tx, project, ids)
  const written = new Map<number, StoredAnnotation>()
  const touched = new Set<number>()
  const doubtful = new Set<number>()
  const keep = (stored: StoredAnnotation | null, next: StoredAnnotation) => {
    for (const task of [stored?.task_id, next.task_id]) if (task != null) touched.add(task)
    known.set(next.annotation_id, next)
    written.set(next.annotation_id, next)
  }
  for (const event of events) {
    for (const facts of event.annotations) {
      const stored = known.get(facts.annotation_id) ?? null
      const { next, unclear } = mergeAnnotation(stored, facts)
      if (next) keep(stored, next)
      if (unclear) doubtful.add(facts.task_id)
    }
    for (const id of event.deletedAnnotations) {
      const stored = known.get(id) ?? null
      if (stored?.deleted) continue
      keep(stored, tombstone(stored, id))
      // The id may have been given away again, so that this one lives.
      if (stored && stored.task_id !== null) doubtful.add(stored.task_id)
    }
  }
  return { written: [...written.values()], touched, doubtful }
}
