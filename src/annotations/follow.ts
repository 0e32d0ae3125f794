import type { Selectable } from 'kysely'
import { noteMoved } from '../alerts/watches.ts'
import type { Transaction } from '../db/database.ts'
import type { RunTasksTable } from '../db/tables.ts'
import { taskOutcome } from '../evaluations/outcome.ts'
import { contribution, difference, moveTallies } from '../evaluations/tally.ts'
import { dataHash } from '../labeling/data-hash.ts'
import type { Region } from '../labeling/types.ts'
import { projectFacts, retally } from './retally.ts'
import { type ProjectRow, writeImportedTasks } from './store.ts'

/** A task of a run's plan that Label Studio has just imported. */
export interface ImportedTask {
  /** The id that Label Studio gave it. */
  id: number
  task: Selectable<RunTasksTable>
}

/**
 * Follows tasks that were just imported, and counts them. Of most nothing was heard before, and so it is known what they
 * say: those are written once, with it. The caller holds the project's lock.
 *
 * @param run whose tasks they are
 */
export async function followTasks(
  tx: Transaction,
  project: ProjectRow,
  run: string,
  tasks: readonly ImportedTask[],
): Promise<void> {
  const facts = projectFacts(project)
  const rows = tasks.map(({ id: task_id, task }) => {
    const { stratum, model_version } = task
    const imported = { result: task.result as Region[], model_version }
    const outcome = taskOutcome({ stratum, imported, predictions: [] }, [], facts)
    return {
      task_id,
      position: task.position,
      data_hash: dataHash(task.data),
      said: { outcome, contribution: contribution(outcome, task.blind), revision: project.revision },
    }
  })
  const id = project.project_id
  const isNew = await writeImportedTasks(tx, id, run, rows)
  const moved = difference(
    [],
    rows.flatMap(({ task_id, said }) => (isNew.has(task_id) ? said.contribution : [])),
  )
  await moveTallies(tx, id, moved)
  if (moved.length > 0 && project.run_id !== null) await noteMoved(tx, id)
  await retally(
    tx,
    project,
    rows.flatMap(({ task_id }) => (isNew.has(task_id) ? [] : task_id)),
  )
}
