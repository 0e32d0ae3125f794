import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { reconcile } from '../../src/annotations/reconcile.ts'
import { retally } from '../../src/annotations/retally.ts'
import { lockProject, writeTasks } from '../../src/annotations/store.ts'
import type { Database } from '../../src/db/database.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import type { FakeLabelStudio } from './fake-label-studio.ts'
import { CONFIGS, predictionOf, resultOf } from './history.ts'
import { WEBHOOK, World } from './world.ts'

let db: TestDatabase
let database: Database
beforeAll(async () => {
  db = await testDatabase()
  database = db.database
})
afterAll(() => db?.drop())

/** A project of a run, as it is after the run, when nobody has touched it for a minute. */
let world: World
let fake: FakeLabelStudio
let project: number
beforeEach(async () => {
  world = new World(database, [], (Date.now() - 60_000) * 1000)
  ;({ fake, project } = world)
  await world.startRun()
  fake.calls.length = 0
})
afterEach(() => world.remove())

const NOTHING = {
  ...{ tasks_read: 0, recomputed: 0, tasks_added: 0, tasks_changed: 0, tasks_removed: 0 },
  ...{ annotations_added: 0, annotations_changed: 0, annotations_removed: 0, predictions_changed: 0 },
  ...{ config_changed: false, webhook: { active: false, repaired: [] as string[], problem: null } },
}
const tasks = () => [...fake.tasks.values()].filter((task) => task.project === project).map(({ id }) => id)
const deps = () => ({ database, labelStudio: fake.api, webhook: WEBHOOK })

async function expectEqual(): Promise<void> {
  expect(await world.tallies()).toEqual(world.expected())
}

describe('where nothing changed', () => {
  test('a reconciliation is three calls, whatever the number of tasks', async () => {
    expect(await world.reconcile()).toEqual({ project, ...NOTHING })
    expect(fake.calls).toEqual(['project', 'webhooks', 'tasks identity'])
  })

  test('in a project that the service did not make it is, too', async () => {
    const other = new World(database, [], (Date.now() - 60_000) * 1000)
    other.startForeign()
    await other.reconcile()
    other.fake.calls.length = 0
    expect(await other.reconcile()).toEqual({ project: other.project, ...NOTHING })
    expect(other.fake.calls).toEqual(['project', 'webhooks', 'tasks identity'])
    await other.remove()
  })

  test('no task is read again either when its change was only just made', async () => {
    fake.wait(120)
    fake.annotate(tasks()[0] as number, { result: resultOf(3) })
    expect(await world.reconcile()).toMatchObject({ tasks_read: 1 })
    expect(await world.reconcile()).toMatchObject({ tasks_read: 0 })
  })
})

describe('a reconciliation finds', () => {
  test.each<[sentence: string, act: () => unknown, repairs: Partial<typeof NOTHING>]>([
    [
      'an annotation',
      () => fake.annotate(tasks()[0] as number, { result: resultOf(3) }),
      { annotations_added: 1 },
    ],
    ['a task that was deleted', () => fake.deleteTask(tasks()[0] as number), { tasks_removed: 1 }],
    [
      'a task that was added',
      () => fake.importTasks(project, [{ predictions: [predictionOf(1)] }]),
      { tasks_added: 1, predictions_changed: 1 },
    ],
    [
      'a task that took the place of a deleted one, and its id',
      () => {
        fake.deleteTask(tasks().at(-1) as number)
        fake.importTasks(project, [{ annotations: [{ result: resultOf(1) }] }])
      },
      { tasks_read: 1, annotations_added: 1 },
    ],
    [
      'one task gone and another come',
      () => {
        fake.importTasks(project, [{}])
        fake.deleteTask(tasks()[0] as number)
      },
      { tasks_added: 1, tasks_removed: 1 },
    ],
    [
      'a task that was deleted and one that was annotated',
      () => {
        fake.deleteTask(tasks()[0] as number)
        fake.annotate(tasks()[1] as number, { result: resultOf(3) })
      },
      { tasks_removed: 1, annotations_added: 1 },
    ],
    [
      'a new labeling config',
      () => fake.updateProject(project, { label_config: CONFIGS[1] as string }),
      { recomputed: 4 },
    ],
    ['a new title, which asks for nothing', () => fake.updateProject(project, { title: 'x' }), {}],
  ])('%s', async (_sentence, act, repairs) => {
    fake.wait(30)
    await act()
    expect(await world.reconcile()).toMatchObject({ ...repairs })
    await expectEqual()
    expect(await world.reconcile()).toEqual({ project, ...NOTHING })
  })

  test('what became of an annotation, one thing after the other', async () => {
    const [task] = tasks() as [number]
    const annotation = fake.annotate(task, { result: resultOf(3), ground_truth: true })
    const steps: [act: () => unknown, repairs: Partial<typeof NOTHING>][] = [
      [() => {}, { annotations_added: 1 }],
      [() => fake.patchAnnotation(annotation, { result: resultOf(8) }), { annotations_changed: 1 }],
      [() => fake.patchAnnotation(annotation, { was_cancelled: true }), { annotations_changed: 1 }],
      [() => fake.patchAnnotation(annotation, { was_cancelled: false }), { annotations_changed: 1 }],
      // The first loses the mark without a change of its time.
      [() => fake.annotate(task, { ground_truth: true }), { annotations_added: 1, annotations_changed: 1 }],
      [() => fake.deleteAnnotation(annotation), { annotations_removed: 1 }],
    ]
    for (const [act, repairs] of steps) {
      fake.wait(30)
      act()
      expect(await world.reconcile()).toEqual({ project, ...NOTHING, tasks_read: 1, ...repairs })
      await expectEqual()
    }
  })

  test('the prediction that the run imported again when a task seemed gone', async () => {
    const [task] = tasks() as [number]
    await database.kysely.updateTable('tasks').set({ present: false }).where('task_id', '=', task).execute()
    expect(await world.reconcile()).toMatchObject({ tasks_added: 1 })
    const row = await database.kysely
      .selectFrom('tasks')
      .select(['key', 'stratum', 'model_version', 'result'])
      .where('task_id', '=', task)
      .executeTakeFirst()
    expect(row).toMatchObject({ key: 'key 0', stratum: 'day 1', ...predictionOf(3) })
  })

  test('no prediction for a task that only has the id of an imported one', async () => {
    fake.deleteTask(tasks().at(-1) as number)
    const [task] = fake.importTasks(project, [{ meta: { key: 'of somebody else' } }])
    fake.annotate(task as number, { result: resultOf(1) })
    await world.reconcile()
    expect(await world.tallies()).toMatchObject({ 'coverage not_comparable': [1, 0, 0] })
    await expectEqual()
  })

  test('of a project that is not there that it is missing', async () => {
    await expect(reconcile(deps(), 999)).rejects.toMatchObject({ kind: 'missing' })
    const rows = await database.kysely
      .selectFrom('projects')
      .where('project_id', '=', 999)
      .selectAll()
      .execute()
    expect(rows).toEqual([])
  })
})

describe('tasks that a run has just imported', () => {
  const COUNT = 1_200
  let ids: number[]
  beforeEach(async () => {
    const news = Array.from({ length: COUNT }, (_, n) => ({ meta: { key: `new ${n}` }, data: { q: `${n}` } }))
    ids = fake.importTasks(project, news)
    await database.kysely.transaction().execute(async (tx) => {
      const row = await lockProject(tx, project)
      const rows = ids.map((task_id, n) => ({
        ...{
          task_id,
          key: `new ${n}`,
          data: { q: `${n}` },
          data_hash: null,
          score: null,
          stratum: 's',
          blind: false,
        },
        ...predictionOf(2 * n),
      }))
      await writeTasks(tx, project, rows)
      await retally(tx, row, ids)
    })
    fake.calls.length = 0
  })

  test('are known already, and none is read', async () => {
    expect(await world.reconcile()).toEqual({ project, ...NOTHING })
    expect(fake.calls).not.toContain('tasks by id')
    expect(await world.reconcile()).toEqual({ project, ...NOTHING })
    expect(await world.tallies()).toMatchObject({ 'coverage tasks': [COUNT + 4, 0, 0] })
  })

  test('are read where somebody has annotated them, or they are others by now', async () => {
    fake.annotate(ids[3] as number, { result: resultOf(3) })
    fake.annotate(ids[4] as number, { was_cancelled: true })
    fake.deleteTask(ids.at(-1) as number)
    fake.importTasks(project, [{ meta: { key: 'of somebody else' } }])
    expect(await world.reconcile()).toMatchObject({ tasks_read: 3, annotations_added: 2, tasks_changed: 1 })
  })

  test('are read in the next reconciliation where Label Studio had not counted the annotation yet', async () => {
    const told = fake.api.tasks
    fake.api.tasks = async (...args) => {
      const answer = await told(...args)
      for (const task of answer.tasks) Object.assign(task, { total_annotations: 0 })
      return answer
    }
    fake.annotate(ids[3] as number, { result: resultOf(3) })
    expect(await world.reconcile()).toMatchObject({ tasks_read: 0 })
    fake.api.tasks = told
    expect(await world.reconcile()).toMatchObject({ tasks_read: 1, annotations_added: 1 })
  })
})

describe('many tasks', () => {
  test('are listed by their ids, so that a deletion between two pages hides none', async () => {
    const ids = fake.importTasks(
      project,
      Array.from({ length: 2_400 }, () => ({})),
    )
    fake.meanwhile = async (when) => {
      if (when === 'after' && fake.calls.at(-1) === 'tasks identity') fake.deleteTask(ids.shift() as number)
    }
    await world.reconcile()
    fake.meanwhile = async () => {}
    await world.reconcile()
    await expectEqual()
  })

  test('are read only as far as they changed', async () => {
    const ids = fake.importTasks(
      project,
      Array.from({ length: 1_500 }, () => ({})),
    )
    await world.reconcile()
    fake.wait(30)
    for (const id of ids.slice(0, 250)) fake.annotate(id, {})
    fake.calls.length = 0
    expect(await world.reconcile()).toMatchObject({ tasks_read: 250, annotations_added: 250 })
    expect(fake.calls.filter((call) => call === 'tasks by id')).toHaveLength(2)
  })
})
