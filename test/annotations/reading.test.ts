import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { readProjectState, readTasks } from '../../src/annotations/reading.ts'
import type { Database } from '../../src/db/database.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import type { FakeLabelStudio } from './fake-label-studio.ts'
import { annotationEvent, idsEvent } from './fake-webhooks.ts'
import { CONFIGS, resultOf } from './history.ts'
import { World } from './world.ts'

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

const tasks = () => [...fake.tasks.values()].filter((task) => task.project === project).map(({ id }) => id)
const deps = () => ({ database, labelStudio: fake.api })

async function expectEqual(): Promise<void> {
  expect(await world.tallies()).toEqual(world.expected())
}

describe('what happens while Label Studio is read', () => {
  /** Does it once, when Label Studio has looked at single tasks, and before its answer is here. */
  function onceRead(act: () => unknown): void {
    fake.meanwhile = async (when) => {
      if (when !== 'after' || fake.calls.at(-1) !== 'tasks by id') return
      fake.meanwhile = async () => {}
      await act()
    }
  }

  test('an event that is newer than the reading wins', async () => {
    const [task] = tasks() as [number]
    const annotation = fake.annotate(task, { result: resultOf(3) })
    onceRead(async () => {
      fake.wait(30)
      fake.patchAnnotation(annotation, { result: [] })
      await world.tell(annotationEvent(fake, 'ANNOTATION_UPDATED', annotation))
    })
    await readTasks(deps(), project, [task])
    await expectEqual()
    expect(fake.calls.filter((call) => call === 'tasks by id')).toHaveLength(2)
  })

  test('an event that is older than the reading does not win, though it comes later', async () => {
    const [task] = tasks() as [number]
    const annotation = fake.annotate(task, { result: [] })
    const late = annotationEvent(fake, 'ANNOTATION_CREATED', annotation)
    fake.wait(30)
    fake.patchAnnotation(annotation, { result: resultOf(3) }) // of which no event comes
    onceRead(() => world.tell(late))
    await readTasks(deps(), project, [task])
    await expectEqual()
  })

  test('the late event of an annotation that was deleted does not bring it back', async () => {
    const [task] = tasks() as [number]
    const annotation = fake.annotate(task, {})
    const late = annotationEvent(fake, 'ANNOTATION_CREATED', annotation)
    fake.deleteAnnotation(annotation)
    onceRead(() => world.tell(late))
    await readTasks(deps(), project, [task])
    await expectEqual()
  })

  test('another reading that ends first is not undone', async () => {
    const [task] = tasks() as [number]
    fake.annotate(task, {})
    onceRead(async () => {
      fake.annotate(task, {})
      await readTasks(deps(), project, [task])
    })
    await readTasks(deps(), project, [task])
    await expectEqual()
  })

  test('of two readings at once the older does not take an annotation whose id moved on', async () => {
    const [task, other] = tasks() as [number, number]
    const annotation = fake.annotate(task, { result: resultOf(3) })
    let added = 0
    onceRead(async () => {
      fake.deleteAnnotation(annotation)
      added = fake.importTasks(project, [{ annotations: [{ result: [] }] }])[0] as number
      expect(fake.annotationsOf(added)[0]?.id).toBe(annotation)
      await readTasks(deps(), project, [added])
    })
    await readTasks(deps(), project, [task, other])
    await expectEqual()
  })

  test('a task that is deleted while it is read is gone', async () => {
    const [task] = tasks() as [number]
    onceRead(async () => {
      fake.deleteTask(task)
      await world.tell(idsEvent(fake, 'TASKS_DELETED', project, [task]))
    })
    await readTasks(deps(), project, [task])
    await expectEqual()
  })

  test('a change of the project while it is read is not undone', async () => {
    fake.updateProject(project, { label_config: CONFIGS[1] as string })
    fake.meanwhile = async (when) => {
      if (when !== 'after') return
      fake.meanwhile = async () => {}
      fake.updateProject(project, { title: 'newest', label_config: CONFIGS[2] as string })
      await readProjectState(deps(), project)
    }
    const { project: row } = await readProjectState(deps(), project)
    expect(row).toMatchObject({ title: 'newest', label_config: CONFIGS[2] })
  })
})

describe('a late event after a reconciliation', () => {
  test('that brings back what was deleted is corrected by the next one, though Label Studio knows no change', async () => {
    const [task] = tasks() as [number]
    const annotation = fake.annotate(task, {})
    const late = annotationEvent(fake, 'ANNOTATION_CREATED', annotation)
    fake.deleteAnnotation(annotation) // of which no event comes
    await world.reconcile()
    await world.tell(late)
    expect(await world.tallies()).not.toEqual(world.expected())
    expect(await world.reconcile()).toMatchObject({ tasks_read: 1, annotations_removed: 1 })
    await expectEqual()
  })

  test('that deletes the annotation that has the id now has the task read', async () => {
    const [task, other] = tasks() as [number, number]
    const annotation = fake.annotate(task, {})
    fake.deleteAnnotation(annotation)
    const late = idsEvent(fake, 'ANNOTATIONS_DELETED', project, [annotation])
    const [added] = fake.importTasks(project, [{ annotations: [{ result: [] }] }]) as [number]
    expect(fake.annotationsOf(added)[0]?.id).toBe(annotation)
    await world.reconcile()
    await world.tell(late)
    expect(world.waiting).toEqual([['readTasks', { project, tasks: [added] }]])
    await readTasks(deps(), project, [added, other])
    await expectEqual()
  })
})
