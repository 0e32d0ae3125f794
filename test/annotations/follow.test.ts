import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { followTasks, type ImportedTask } from '../../src/annotations/follow.ts'
import { retally } from '../../src/annotations/retally.ts'
import { lockProject, markTasksGone, touchTasks, writeAnnotations } from '../../src/annotations/store.ts'
import type { Transaction } from '../../src/db/database.ts'
import { dataHash } from '../../src/labeling/data-hash.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { coverageOf, followProject, forgetAll, PROJECT } from './followed-project.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await testDatabase()
})
afterAll(() => db?.drop())
afterEach(async () => {
  await forgetAll(db.database)
  await db.database.kysely.deleteFrom('runs').execute()
})

const inTransaction = <T>(work: (tx: Transaction) => Promise<T>) =>
  db.database.kysely.transaction().execute(work)

const RESULT = [{ from_name: 'a', to_name: 'q', type: 'textarea', value: { text: ['x'] } }]
/** Tasks of a new run, as Label Studio has imported them: each with the id that its plan gives here. */
async function imported(plan: ({ id: number } & Record<string, unknown>)[]) {
  const run = randomUUID()
  const { kysely } = db.database
  await kysely
    .insertInto('runs')
    .values({
      ...{ id: run, monitor: 'm', definition: '{}', status: 'importing', request_hash: run, progress: '{}' },
      ...{ window_from: '2026-11-01', window_to: '2026-11-02', total: plan.length, seed: 1 },
    })
    .execute()
  const rows = await kysely
    .insertInto('run_tasks')
    .values(
      plan.map(({ id, ...changes }, index) => ({
        ...{ run_id: run, position: plan.length - index, key: `run:${id}`, data: `{"q":${id}}`, meta: '{}' },
        ...{ result: JSON.stringify(RESULT), model_version: 'v', score: id / 100, stratum: 's', ...changes },
      })),
    )
    .returningAll()
    .execute()
  const tasks = plan.map(
    ({ id }): ImportedTask => ({ id, task: rows.find(({ key }) => key === `run:${id}`) as never }),
  )
  return { run, tasks }
}
const annotation = (annotation_id: number, task_id: number) => ({
  ...{ annotation_id, task_id, unique_id: null, result: RESULT as never, was_cancelled: false },
  ...{ ground_truth: false, completed_by: 1, parent_prediction: null, lead_time_ms: null },
  ...{ updated_us: 1, deleted: false },
})

/** What is stored of the tasks, and what is counted. */
const stored = async () => ({
  tasks: await db.database.kysely
    .selectFrom('tasks')
    .select(['task_id', 'key', 'present', 'outcome', 'changed', 'contribution', 'revision'])
    .orderBy('task_id')
    .execute(),
  tallies: await db.database.kysely
    .selectFrom('tallies')
    .selectAll()
    .orderBy('dimension')
    .orderBy('key')
    .execute(),
})

test('what is written of imported tasks is what would be computed from them, whatever was heard of them before', async () => {
  await followProject(db.database) // tasks 1 to 9
  const { run, tasks } = await imported([
    { id: 1 }, // an id that was given away again
    { id: 2 }, // annotated already
    { id: 3 }, // deleted before
    { id: 20 },
    { id: 21, blind: true },
    { id: 22, result: '[]', model_version: null, score: null, stratum: '' },
    { id: 23 }, // an event spoke of it, and it was not read yet
    { id: 24 }, // the same, with an annotation
  ])
  await inTransaction(async (tx) => {
    const project = await lockProject(tx, PROJECT)
    await touchTasks(tx, PROJECT, [23, 24])
    await writeAnnotations(tx, PROJECT, [annotation(1, 2), annotation(2, 24)])
    await markTasksGone(tx, PROJECT, [3])
    await retally(tx, project, [2, 3])
    await followTasks(tx, project, run, tasks)
  })
  const { tasks: rows, tallies } = await stored()
  expect(await coverageOf(db.database)).toEqual({ tasks: 14, blind: 1, reviewed: 2 })
  expect(rows.filter(({ key }) => key !== null).map(({ task_id }) => task_id)).toEqual(
    tasks.map(({ id }) => id),
  )
  await inTransaction(async (tx) =>
    retally(
      tx,
      await lockProject(tx, PROJECT),
      rows.map(({ task_id }) => task_id),
    ),
  )
  expect(await stored()).toEqual({ tasks: rows, tallies })
})

test('tasks that are followed twice are counted once', async () => {
  const { run, tasks } = await imported([{ id: 1 }, { id: 2 }])
  for (let times = 0; times < 2; times++) {
    await inTransaction(async (tx) => followTasks(tx, await lockProject(tx, PROJECT), run, tasks))
  }
  expect(await coverageOf(db.database)).toEqual({ tasks: 2 })
})

test('a task has what the plan of its run says, and the hash of its data', async () => {
  await followProject(db.database)
  const { run, tasks } = await imported([{ id: 1 }, { id: 30, blind: true, score: null }])
  await imported([{ id: 31 }, { id: 32 }]) // the same positions in another run
  await inTransaction(async (tx) => followTasks(tx, await lockProject(tx, PROJECT), run, tasks))
  const rows = await db.database.kysely
    .selectFrom('tasks')
    .select(['task_id', 'key', 'data', 'data_hash', 'result', 'model_version', 'score', 'stratum', 'blind'])
    .where('key', 'is not', null)
    .orderBy('task_id')
    .execute()
  expect(rows).toEqual(
    tasks.map(({ id, task: { key, data, result, model_version, score, stratum, blind } }) => ({
      ...{ task_id: id, key, data, data_hash: dataHash(data), result, model_version, score, stratum, blind },
    })),
  )
})
