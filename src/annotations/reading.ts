import type { Database } from '../db/database.ts'
import type { LabelStudio } from '../labeling/client.ts'
import { readProject } from './event.ts'
import { changeProject, isOtherwise } from './project.ts'
import { noRepairs, type Repairs } from './repairs.ts'
import { settleTasks } from './settle.ts'
import { databaseClock, lockProject, type ProjectRow } from './store.ts'

export interface ReadingDependencies {
  database: Database
  labelStudio: LabelStudio
}

/** Label Studio serves 140–220 full tasks/s whatever the page; small ones keep transactions and URLs short. */
const CHUNK = 200

/**
 * Reads tasks from Label Studio and makes what is stored about them equal to that. One that events speak of meanwhile
 * is read again, until nothing does.
 */
export async function readTasks(
  { database, labelStudio }: ReadingDependencies,
  projectId: number,
  ids: Iterable<number>,
  { repairs = noRepairs(), signal }: { repairs?: Repairs; signal?: AbortSignal | undefined } = {},
): Promise<Repairs> {
  const waiting = [...new Set(ids)]
  while (waiting.length > 0) {
    signal?.throwIfAborted()
    const asked = waiting.splice(0, CHUNK)
    const readUs = await databaseClock(database)
    const { tasks } = await labelStudio.tasks(projectId, { ids: asked, pageSize: CHUNK, fields: 'all' })
    const disturbed = await database.kysely
      .transaction()
      .execute((tx) => settleTasks(tx, projectId, { asked, tasks, readUs }, repairs))
    waiting.push(...disturbed)
  }
  return repairs
}

/** A project as it is known now. */
export interface ProjectReading {
  project: ProjectRow
  /** How many tasks Label Studio counts in it. */
  tasks: number | null
  /** Whether its title, labeling config or model version was not as it was known. */
  changed: boolean
}

/**
 * Reads a project's title, labeling config and model version from Label Studio.
 *
 * @throws LabelStudioError `missing` when there is no such project
 */
export async function readProjectState(
  { database, labelStudio }: ReadingDependencies,
  projectId: number,
): Promise<ProjectReading> {
  for (;;) {
    const readUs = await databaseClock(database)
    const remote = await labelStudio.project(projectId)
    const state = readProject(remote)
    if (!state) throw new Error(`Label Studio tells project ${projectId} without its labeling config`)
    const reading = await database.kysely.transaction().execute(async (tx) => {
      const known = await lockProject(tx, projectId)
      // Which of two readings at the same time is the newer one can't be told.
      if ((known.read_us ?? 0) >= readUs) return null
      const changed = isOtherwise(known, state)
      return { project: await changeProject(tx, known, state, readUs), tasks: remote.task_number, changed }
    })
    if (reading) return reading
  }
}
