import { sql } from 'kysely'
import type { LabelStudioProject } from '../labeling/client.ts'
import type { Region } from '../labeling/types.ts'
import type { RunDependencies } from './execute.ts'
import type { Plan } from './plan.ts'
import type { RunRow } from './run.ts'

const PAGE = 1_000

/**
 * Gives the tasks their predictions that have none in Label Studio. Its import can leave all of a request's out and still
 * answer 201: on SQLite, where somebody else writes at the same time, it tries again with what is left of the tasks.
 *
 * @param there the project after the import
 */
export async function importMissingPredictions(
  deps: Pick<RunDependencies, 'labelStudio' | 'database'>,
  run: RunRow,
  plan: Plan,
  there: LabelStudioProject,
): Promise<void> {
  const planned = await deps.database.kysely
    .selectFrom('run_tasks')
    .select(['task_id', 'result', 'score'])
    .where('run_id', '=', run.id)
    .where('blind', '=', false)
    .where(sql<boolean>`${there.total_predictions_number ?? null}::integer < (
      select count(*) from run_tasks as all_tasks
      where all_tasks.run_id = ${run.id} and not all_tasks.blind and all_tasks.result <> '[]')`)
    .where(sql<boolean>`result <> '[]'`)
    .execute()
  if (planned.length === 0) return
  const missing = new Map(planned.map((task) => [Number(task.task_id), task]))
  for (let afterId = 0; ; ) {
    const { tasks } = await deps.labelStudio.tasks(there.id, { afterId, pageSize: PAGE, fields: 'all' })
    for (const { id, predictions } of tasks) if (predictions.length > 0) missing.delete(id)
    if (tasks.length < PAGE) break
    afterId = tasks.at(-1)?.id as number
  }
  const predictions = [...missing].map(([task, { result, score }]) => ({
    task,
    model_version: plan.model_version,
    result: result as Region[],
    ...(score === null ? {} : { score }),
  }))
  for (let start = 0; start < predictions.length; start += PAGE) {
    await deps.labelStudio.importPredictions(there.id, predictions.slice(start, start + PAGE))
  }
}
