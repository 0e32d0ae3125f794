import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createIntake, type Intake } from '../../src/annotations/intake.ts'
import { type Database, openDatabase } from '../../src/db/database.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { silent } from '../support/log.ts'
import { collectingJobs, type Job } from './collecting-jobs.ts'
import {
  annotated,
  coverageOf,
  eventsOf,
  followProject,
  forgetAll,
  PROJECT,
  project,
} from './followed-project.ts'

let db: TestDatabase
let database: Database
let intake: Intake
let waiting: Job[]
let jobs: ReturnType<typeof collectingJobs>['jobs']

beforeAll(async () => {
  db = await testDatabase()
  database = db.database
})
afterAll(() => db?.drop())

beforeEach(async () => {
  await followProject(database)
  ;({ jobs, waiting } = collectingJobs())
  intake = createIntake(database, jobs, silent)
})
afterEach(async () => {
  await intake.stop()
  await forgetAll(database)
})

function receive(body: Record<string, unknown>, into = intake): Promise<void> {
  return into.receive(Buffer.from(JSON.stringify(body)), body)
}
const coverage = () => coverageOf(database)
const events = () => eventsOf(database)

describe('an event', () => {
  test('is stored, as it came, before it is acknowledged', async () => {
    const raw = Buffer.from('{ "action":"ANNOTATION_SOLD",\n "project": {"id": 1} }')
    await intake.receive(raw, JSON.parse(raw.toString()))
    const [event] = await events()
    expect(event).toMatchObject({ action: 'ANNOTATION_SOLD', project_id: 1, body: raw })
  })

  test('moves the numbers without being asked to', async () => {
    await receive(annotated(1, 1))
    await expect.poll(coverage).toMatchObject({ reviewed: 1 })
  })

  test('that comes by two doors counts once', async () => {
    await Promise.all([receive(annotated(1, 1)), receive(annotated(1, 1))])
    await intake.drain()
    expect(await coverage()).toMatchObject({ reviewed: 1 })
    expect(await events()).toHaveLength(2)
  })

  test('of a project that nobody knows has it read as a whole, and nothing else', async () => {
    await receive({ action: 'TASKS_CREATED', project: { id: 7, title: 'x' }, tasks: [{ id: 3 }] })
    await intake.drain()
    expect(waiting).toEqual([['reconcile', { project: 7 }]])
  })

  test('of an annotation of a task that nobody knows moves no number, is kept, and has the task read', async () => {
    const before = await coverage()
    await receive(annotated(1, 77))
    await intake.drain()
    expect(await coverage()).toEqual(before)
    expect(waiting).toEqual([['readTasks', { project: PROJECT, tasks: [77] }]])
    const kept = await database.kysely.selectFrom('annotations').select('task_id').execute()
    expect(kept).toEqual([{ task_id: 77 }])
  })

  test.each([
    ['no integer id', { id: '5' }],
    ['no time', { updated_at: 'soon' }],
  ])('of an annotation with %s moves no number, is kept, and has the task read', async (_, changes) => {
    const before = await coverage()
    await receive(annotated(1, 4, 0, changes))
    await intake.drain()
    expect(await coverage()).toEqual(before)
    expect(waiting).toEqual([['readTasks', { project: PROJECT, tasks: [4] }]])
    expect((await events()).map(({ note }) => note)).toEqual([null])
  })

  test('without a project has all projects read', async () => {
    await receive({ action: 'ANNOTATION_UPDATED' })
    await intake.drain()
    expect(waiting).toEqual([['reconcile', { project: PROJECT }]])
    expect((await events()).map(({ note }) => note)).toEqual(['names no project'])
  })

  test.each([{ action: 'START_TRAINING' }, {}, { action: 7 }, { hello: 'world' }])(
    'that says nothing moves nothing: %o',
    async (body) => {
      await receive(body)
      await intake.drain()
      expect(waiting).toEqual([])
    },
  )

  test.each([
    ['another title', { title: 'other' }, true],
    ['another labeling config', { label_config: '<View></View>' }, true],
    ['another model version', { model_version: 'v2' }, true],
    ['nothing new', {}, false],
  ])('of whatever whose project has %s has the project read: %o', async (_, change, isRead) => {
    await receive({
      action: 'ANNOTATIONS_DELETED',
      annotations: [{ id: 5 }],
      project: { ...project, ...change },
    })
    await intake.drain()
    expect(waiting).toEqual(isRead ? [['readProject', { project: PROJECT }]] : [])
  })

  test('of 5,000 tasks is processed as any other', async () => {
    const tasks = Array.from({ length: 5_000 }, (_, index) => ({
      id: index + 1,
      data: { q: 'x'.repeat(700) },
    }))
    await receive({ action: 'TASKS_CREATED', project, tasks })
    await intake.drain()
    expect(waiting).toEqual([['readTasks', { project: PROJECT, tasks: tasks.map(({ id }) => id) }]])
  })
})

describe('whatever an annotation holds, it is counted or put aside:', () => {
  const deep = (levels: number) => JSON.parse(`${'['.repeat(levels)}1${']'.repeat(levels)}`) as unknown
  test.each<[sentence: string, changes: Record<string, unknown>, counted?: number]>([
    [
      'NUL characters',
      { result: [{ from_name: 'a\0', type: '\0', value: { text: ['\0'] } }], unique_id: '\0' },
    ],
    [
      'half surrogate pairs',
      { result: [{ from_name: '\ud800', value: { '\udfff': '\ud800' } }], unique_id: '\ud800' },
    ],
    [
      'numbers out of range',
      { result: [{ value: { number: 1e308 } }], lead_time: 1e300, completed_by: 1e300 },
    ],
    ['a nesting of 200 levels', { result: [{ value: { a: deep(200) } }] }],
    ['names of what every object has', { result: [{ from_name: '__proto__', value: { constructor: 1 } }] }],
    ['the year 9999', { updated_at: '9999-12-31T23:59:59.999999Z' }, 1],
    ['the year 1', { updated_at: '0001-01-01T00:00:00Z' }, 1],
    ['the year 1900', { updated_at: '1900-01-01T00:00:00Z' }],
  ])('%s', async (_sentence, changes, counted = 2) => {
    await receive(annotated(1, 1, 0, changes))
    await receive(annotated(2, 2))
    await intake.drain()
    expect(await coverage()).toMatchObject({ reviewed: counted })
    expect((await events()).filter(({ processed_at }) => processed_at === null)).toEqual([])
  })

  test('a nesting of 20,000 levels', async () => {
    const nested = `${'['.repeat(20_000)}1${']'.repeat(20_000)}`
    const raw = JSON.stringify(annotated(1, 1)).replace('["x"]', nested)
    await intake.receive(Buffer.from(raw), JSON.parse(raw))
    await receive(annotated(2, 2))
    await intake.drain()
    expect(await coverage()).toMatchObject({ reviewed: 1 })
    expect((await events()).map(({ note }) => note)).toEqual([expect.stringContaining('failed'), null])
  })
})

describe('many events', () => {
  test('that come at once share a commit', async () => {
    await Promise.all(Array.from({ length: 100 }, (_, id) => receive(annotated(id + 1, 1))))
    const { rows } = await database.pool.query('select distinct xmin::text from events')
    expect(rows.length).toBeLessThan(10)
    await intake.drain()
    expect(await coverage()).toMatchObject({ reviewed: 1 })
    expect(await database.kysely.selectFrom('annotations').selectAll().execute()).toHaveLength(100)
  })

  test('more than one statement takes are stored all the same', async () => {
    await Promise.all(Array.from({ length: 25_000 }, () => receive({ action: 'START_TRAINING' })))
    const { rows } = await database.pool.query('select count(*) as stored from events')
    expect(rows[0].stored).toBe(25_000)
  })

  test('that come faster than they are worked out do not keep the first ones waiting for ever', async () => {
    const isWorkedOut = async () => (await events()).some(({ processed_at }) => processed_at)
    let sent = 0
    while (!(await isWorkedOut())) {
      await Promise.all(Array.from({ length: 300 }, () => receive(annotated(++sent, 1 + (sent % 9)))))
    }
    await intake.drain()
    expect((await events()).filter(({ processed_at }) => !processed_at)).toEqual([])
    expect(await coverage()).toEqual({ tasks: 9, reviewed: 9 })
    expect(await database.kysely.selectFrom('annotations').selectAll().execute()).toHaveLength(sent)
  })

  test('larger together than a transaction takes are processed in several', async () => {
    const padding = 'x'.repeat(7_000_000)
    for (let id = 1; id <= 4; id++) await receive({ ...annotated(id, id), padding })
    await intake.drain()
    expect(await coverage()).toMatchObject({ reviewed: 4 })
  })

  test('processed by two processes at once count once', async () => {
    const second = await openDatabase({ databaseUrl: db.url, dataDir: '', log: silent })
    const other = createIntake(second, jobs, silent)
    try {
      const all = Array.from({ length: 600 }, (_, index) =>
        annotated(1 + (index % 90), 1 + (index % 9), index),
      )
      await Promise.all(all.flatMap((body) => [receive(body), receive(body, other)]))
      await expect.poll(async () => (await events()).every(({ processed_at }) => processed_at)).toBe(true)
      expect(await coverage()).toEqual({ tasks: 9, reviewed: 9 })
      const { rows } = await database.pool.query(`select count from tallies where dimension = 'total'`)
      expect(rows).toEqual([{ count: 9 }])
    } finally {
      await other.stop()
      await second.close()
    }
  })
})
