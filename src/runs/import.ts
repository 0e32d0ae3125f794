import { setTimeout as sleep } from 'node:timers/promises'
import { type Selectable, sql } from 'kysely'
import { followTasks, type ImportedTask } from '../annotations/follow.ts'
import { isBetween, lockProject } from '../annotations/store.ts'
import { toJsonb } from '../db/json.ts'
import type { RunTasksTable } from '../db/tables.ts'
import { importTask, taskIdsByKey } from '../labeling/project.ts'
import type { Region } from '../labeling/types.ts'
import { removeDuplicates } from './duplicates.ts'
import { type RunDependencies, RunStopped } from './execute.ts'
import { forgetRequest, noteRequest, openTasks } from './import-requests.ts'
import { attempt, IN_FLIGHT_MS, LOOK_AGAIN_MS } from './in-flight.ts'
import { importMissingPredictions } from './missing-predictions.ts'
import type { Plan } from './plan.ts'
import { type RunProgress, type RunRow, update } from './run.ts'

type RunTask = Selectable<RunTasksTable>

/** Some seconds of Label Studio's time, at the end of which it tells how it went: ARCHITECTURE.md has the reasons. */
const BATCH = 2500
/** What a request may come to, unless one task alone is more: Label Studio takes 250 MB, and holds it several times over. */
const BATCH_BYTES = 32e6

/**
 * Imports the tasks of the plan that Label Studio doesn't have yet, in sample order.
 *
 * Label Studio's import is no idempotent call, so an attempt that was interrupted in one leaves it open whether
 * its tasks are there. Each batch is therefore noted before it is sent, and an open one is looked up by the keys
 * in the tasks' `meta` before anything is sent again. Where that came too early, and both arrive, one goes.
 */
export async function importTasks(
  deps: RunDependencies,
  run: RunRow,
  plan: Plan,
  signal: AbortSignal,
): Promise<void> {
  await settleOpenBatches(deps, run, signal)
  await update(deps.database.kysely, run.id, { message: null })
  // While Label Studio is at a batch, the next is read, and it is noted what it answered to the one before.
  let next = readBatch(deps, run, -1)
  let noted: Promise<void> = Promise.resolve()
  try {
    for (let batch = await next; batch.length > 0; batch = await next) {
      signal.throwIfAborted()
      next = readBatch(deps, run, (batch.at(-1) as RunTask).position)
      next.catch(() => {}) // Thrown where it is waited for.
      const ids = await send(deps, run, plan, batch)
      await noted
      noted = note(
        deps,
        run,
        batch.map((task, index) => ({ task, id: ids[index] as number })),
      )
      noted.catch(() => {})
    }
    await checkImport(deps, run, plan, { noted, signal })
  } finally {
    await noted
  }
}

/** Sets right what Label Studio's import can leave behind, by what it counts in the project. */
async function checkImport(
  { labelStudio, database }: RunDependencies,
  run: RunRow,
  plan: Plan,
  { noted, signal }: { noted: Promise<void>; signal: AbortSignal },
): Promise<void> {
  const deps = { labelStudio, database }
  const id = run.project_id as number
  let [project] = await Promise.all([labelStudio.project(id), noted])
  if (await removeDuplicates(deps, run, plan, project, signal)) project = await labelStudio.project(id)
  await importMissingPredictions(deps, run, plan, project)
  // Label Studio takes the version of the first import's last prediction; where none had one, reviewers would see none.
  if (plan.predictions > 0 && project.model_version !== plan.model_version)
    await labelStudio.updateProject(id, { model_version: plan.model_version })
}

/** The tasks after a position that Label Studio doesn't have yet, as many as one request takes. */
async function readBatch({ database }: RunDependencies, run: RunRow, after: number): Promise<RunTask[]> {
  const sized = await sql<{ last: number | null }>`
    select max(position) as last from (
      select position, row_number() over (order by position) as place,
        sum(octet_length(data::text) + octet_length(meta::text) + octet_length(result::text)) over (order by position) as bytes
      from (select * from run_tasks where run_id = ${run.id} and position > ${after} and task_id is null
        order by position limit ${BATCH}) as next) as sized
    where place = 1 or bytes <= ${BATCH_BYTES}`.execute(database.kysely)
  return database.kysely
    .selectFrom('run_tasks')
    .selectAll()
    .where('run_id', '=', run.id)
    .where('position', '>', after)
    .where('position', '<=', sized.rows[0]?.last ?? after)
    .where('task_id', 'is', null)
    .orderBy('position')
    .execute()
}

/** @returns the ids that Label Studio gave the tasks */
async function send(deps: RunDependencies, run: RunRow, plan: Plan, batch: RunTask[]): Promise<number[]> {
  const tasks = batch.map((task) =>
    importTask({
      ...task,
      // Nothing in Label Studio tells a blind task from one that has no prediction.
      result: task.blind ? [] : (task.result as Region[]),
      model_version: plan.model_version,
    }),
  )
  const request = await noteRequest(deps, run, batch)
  return attempt(
    () => deps.labelStudio.importTasks(run.project_id as number, tasks),
    () => forgetRequest(deps, request),
  )
}

/** Waits until it is certain what became of batches that an interrupted attempt had sent. */
async function settleOpenBatches(deps: RunDependencies, run: RunRow, signal: AbortSignal): Promise<void> {
  for (;;) {
    const open = await openTasks(deps, run)
    if (open.length === 0) return
    const found = await taskIdsByKey(deps.labelStudio, run.project_id as number)
    const arrived = open.flatMap((task) =>
      (found.get(task.key) ?? []).slice(0, 1).map((id) => ({ task, id })),
    )
    await note(deps, run, arrived)
    // Label Studio imports all tasks of a request or none.
    const there = new Set(arrived.map(({ task }) => task.key))
    const waiting = open.filter(({ key }) => !there.has(key))
    if (waiting.every(({ age_ms }) => age_ms > IN_FLIGHT_MS)) return
    const message = `${waiting.length} tasks were sent to Label Studio before an interruption; the run looks whether they arrive.`
    await update(deps.database.kysely, run.id, { message })
    await sleep(LOOK_AGAIN_MS, undefined, { signal })
  }
}

/** Notes which tasks Label Studio has, under which ids, and follows them. */
async function note(deps: RunDependencies, run: RunRow, imported: readonly ImportedTask[]): Promise<void> {
  if (imported.length === 0) return
  const project = run.project_id as number
  const ids = imported.map(({ id }) => id)
  const positions = imported.map(({ task }) => task.position)
  const going = await deps.database.kysely.transaction().execute(async (tx) => {
    const row = await lockProject(tx, project)
    await sql`
      update run_tasks set task_id = new.id
      from unnest(${positions}::integer[], ${ids}::bigint[]) as new (position, id)
      where run_id = ${run.id} and run_tasks.position = new.position and ${isBetween(positions)}`.execute(tx)
    await followTasks(tx, row, run.id, imported)
    const { count } = await tx
      .selectFrom('run_tasks')
      .select(sql<number>`count(*)`.as('count'))
      .where('run_id', '=', run.id)
      .where('task_id', 'is not', null)
      .executeTakeFirstOrThrow()
    const progress: RunProgress = { ...(run.progress as RunProgress), tasks_imported: count }
    return update(tx, run.id, { progress: toJsonb(progress) })
  })
  if (!going) throw new RunStopped()
}
