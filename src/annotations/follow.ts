import { noteMoved } from '../alerts/watches.ts'
import type { Transaction } from '../db/database.ts'
import { taskOutcome } from '../evaluations/outcome.ts'
import { contribution, difference, moveTallies } from '../evaluations/tally.ts'
import { projectFacts, retally } from './retally.ts'
import { type ProjectRow, type TaskRow, writeTasks } from './store.ts'

/**
 * Follows tasks that were just imported, and counts them. Of most nothing was heard before, and so it is known what they
 * say: those are written once, with it. The caller holds the project's lock.
 */
export async function followTasks(tx: Transaction, project: ProjectRow, tasks: TaskRow[]): Promise<void> {
  const facts = projectFacts(project)
  const rows = tasks.map((task) => {
    const { stratum, result, model_version, blind } = task
    const imported = result && { result, model_version }
    const outcome = taskOutcome({ stratum, imported, predictions: [] }, [], facts)
    return {
      ...task,
      said: { outcome, contribution: contribution(outcome, blind), revision: project.revision },
    }
  })
  const id = project.project_id
  const known = new Set(await writeTasks(tx, id, rows))
  const moved = difference(
    [],
    rows.flatMap(({ task_id, said }) => (known.has(task_id) ? [] : said.contribution)),
  )
  await moveTallies(tx, id, moved)
  if (moved.length > 0 && project.run_id !== null) await noteMoved(tx, id)
  await retally(tx, project, known)
}
