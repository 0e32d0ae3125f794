import { setTimeout as sleep } from 'node:timers/promises'
import type { LabelStudioProject } from '../labeling/client.ts'
import { taskIdsByKey } from '../labeling/project.ts'
import type { RunDependencies } from './execute.ts'
import { anyRepeated, keptTasks } from './import-requests.ts'
import { LOOK_AGAIN_MS, OVER_MS } from './in-flight.ts'
import type { Plan } from './plan.ts'
import { type RunRow, update } from './run.ts'

/**
 * Removes the second of two tasks with one key: a request that seemed lost, and was made again, may be carried out after
 * all. As long as that is possible, it waits, and says so on the run.
 *
 * @param there the project after the import
 * @returns false when that tells that there are none
 */
export async function removeDuplicates(
  deps: Pick<RunDependencies, 'labelStudio' | 'database'>,
  run: RunRow,
  plan: Plan,
  there: LabelStudioProject,
  signal: AbortSignal,
): Promise<boolean> {
  const { labelStudio, database } = deps
  const project = there.id
  if ((there.task_number ?? 0) <= plan.tasks && !(await anyRepeated(deps, run))) return false
  for (;;) {
    const found = await taskIdsByKey(labelStudio, project)
    const copies = (await keptTasks(deps, run)).map((task) => ({ ...task, ids: found.get(task.key) ?? [] }))
    const waiting = copies.filter(
      ({ ids, requests, age_ms }) => ids.length > 0 && ids.length < requests && age_ms < OVER_MS,
    )
    if (waiting.length === 0) {
      const doubles = copies.flatMap(({ ids, task_id }) => ids.filter((id) => id !== task_id))
      if (doubles.length > 0) await labelStudio.deleteTasks(project, doubles)
      return true
    }
    const seconds = Math.ceil((OVER_MS - Math.min(...waiting.map(({ age_ms }) => age_ms))) / 1_000)
    const message = `${waiting.length} tasks were sent to Label Studio again, because it had not answered. For ${seconds} s more the run looks whether they come twice, to remove one of each.`
    await update(database.kysely, run.id, { message })
    await sleep(LOOK_AGAIN_MS, undefined, { signal })
  }
}
