import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { followTasks } from '../../src/annotations/follow.ts'
import { retally } from '../../src/annotations/retally.ts'
import { lockProject, markTasksGone, touchTasks, writeAnnotations } from '../../src/annotations/store.ts'
import type { Transaction } from '../../src/db/database.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { coverageOf, followProject, forgetAll, PROJECT } from './followed-project.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await testDatabase()
})
afterAll(() => db?.drop())
afterEach(() => forgetAll(db.database))

const inTransaction = <T>(work: (tx: Transaction) => Promise<T>) =>
  db.database.kysely.transaction().execute(work)

const RESULT = [{ from_name: 'a', to_name: 'q', type: 'textarea', value: { text: ['x'] } }]
const imported = (task_id: number, changes = {}) => ({
  ...{ task_id, key: `run:${task_id}`, data: { q: task_id }, data_hash: null, result: RESULT as never },
  ...{ model_version: 'v', score: null, stratum: 's', blind: false, ...changes },
})
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
  const tasks = [
    imported(1), // an id that was given away again
    imported(2), // annotated already
    imported(3), // deleted before
    imported(20),
    imported(21, { blind: true }),
    imported(22, { result: [], stratum: null }),
    imported(23), // an event spoke of it, and it was not read yet
    imported(24), // the same, with an annotation
  ]
  await inTransaction(async (tx) => {
    const project = await lockProject(tx, PROJECT)
    await touchTasks(tx, PROJECT, [23, 24])
    await writeAnnotations(tx, PROJECT, [annotation(1, 2), annotation(2, 24)])
    await markTasksGone(tx, PROJECT, [3])
    await retally(tx, project, [2, 3])
    await followTasks(tx, project, tasks)
  })
  const { tasks: rows, tallies } = await stored()
  expect(await coverageOf(db.database)).toEqual({ tasks: 14, blind: 1, reviewed: 2 })
  expect(rows.filter(({ key }) => key !== null).map(({ task_id }) => task_id)).toEqual(
    tasks.map(({ task_id }) => task_id),
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
  for (let times = 0; times < 2; times++) {
    await inTransaction(async (tx) =>
      followTasks(tx, await lockProject(tx, PROJECT), [imported(1), imported(2)]),
    )
  }
  expect(await coverageOf(db.database)).toEqual({ tasks: 2 })
})
