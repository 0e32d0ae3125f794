import { setImmediate as turn } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createIntake, type Intake } from '../../src/annotations/intake.ts'
import type { Database } from '../../src/db/database.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { recordingLog, silent } from '../support/log.ts'
import { collectingJobs, type Job } from './collecting-jobs.ts'
import { annotated, coverageOf, eventsOf, followProject, forgetAll, PROJECT } from './followed-project.ts'

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

describe('what fails', () => {
  /** Jobs that fail for as long as `error` holds one. */
  function failing(fault: { error: unknown }) {
    const readTasks = async (...args: Parameters<typeof jobs.readTasks>) => {
      if (fault.error) throw fault.error
      await jobs.readTasks(...args)
    }
    return { ...jobs, readTasks }
  }

  test('in the database is not acknowledged', async () => {
    await database.pool.query('alter table events rename to gone')
    await expect(receive(annotated(1, 1))).rejects.toThrow('events')
    await database.pool.query('alter table gone rename to events')
    await receive(annotated(1, 1))
    expect(await events()).toHaveLength(1)
  })

  test.each([
    ['is stored', false],
    ['fails', true],
  ])('while a batch %s, none starts beside one of more events, and none is forgotten', async (_, fails) => {
    const batches: PromiseWithResolvers<void>[] = []
    const sizes: number[] = []
    const query = async (statement: { name?: string; text: string; values: unknown[][] }) => {
      if (statement.name === 'store-events') {
        sizes.push(statement.values[0]?.length ?? 0)
        await batches[batches.push(Promise.withResolvers()) - 1]?.promise
      }
      return database.pool.query(statement)
    }
    const slow = createIntake(Object.create(database, { pool: { value: { query } } }), jobs, silent)
    const receiveAll = async (ids: number[]) => {
      const all = ids.map((id) =>
        receive(annotated(id, 1), slow).then(
          () => 'stored',
          () => 'refused',
        ),
      )
      for (let times = 0; times < 3; times++) await turn()
      return all
    }
    const first = await receiveAll([1, 2, 3])
    const second = await receiveAll([4])
    expect(sizes).toEqual([3])
    second.push(...(await receiveAll([5, 6])))
    expect(sizes).toEqual([3, 3])
    const third = await receiveAll([7])
    if (fails) batches[0]?.reject(new Error('connection lost'))
    else batches[0]?.resolve()
    expect(await Promise.all(first)).toEqual(Array(3).fill(fails ? 'refused' : 'stored'))
    expect(sizes).toEqual([3, 3])
    batches[1]?.resolve()
    expect(await Promise.all(second)).toEqual(Array(3).fill('stored'))
    await expect.poll(() => sizes).toEqual([3, 3, 1])
    batches[2]?.resolve()
    expect(await Promise.all(third)).toEqual(['stored'])
    await slow.stop()
    expect(await events()).toHaveLength(fails ? 4 : 7)
  })

  test('for the moment stays stored, and is tried again', async () => {
    const fault = { error: Object.assign(new Error('deadlock detected'), { code: '40P01' }) as unknown }
    const log = recordingLog()
    const patient = createIntake(database, failing(fault), log)
    await receive(annotated(1, 77), patient)
    await receive(annotated(2, 1), patient)
    await expect(patient.drain()).rejects.toThrow('deadlock')
    expect((await events()).map(({ processed_at }) => processed_at)).toEqual([null, null])
    fault.error = null
    patient.start()
    await expect.poll(coverage).toMatchObject({ reviewed: 1 })
    await patient.stop()
    expect((await events()).map(({ note }) => note)).toEqual([null, null])
    expect(log.entries).toContainEqual(expect.stringContaining('events stay stored'))
  })

  test('for ever is put aside with the reason; the project is read, and the others are processed', async () => {
    const log = recordingLog()
    const bold = createIntake(database, failing({ error: new Error('nobody foresaw it') }), log)
    for (const body of [annotated(1, 1), annotated(2, 77), annotated(3, 3)]) {
      await database.kysely
        .insertInto('events')
        .values({ action: '', project_id: PROJECT, body: Buffer.from(JSON.stringify(body)) })
        .execute()
    }
    await bold.drain()
    expect((await events()).map(({ note }) => note)).toEqual([null, 'failed: Error: nobody foresaw it', null])
    expect(await coverage()).toMatchObject({ reviewed: 2 })
    expect(waiting).toEqual([['reconcile', { project: PROJECT }]])
    expect(log.entries).toContainEqual(expect.stringContaining('can not be processed'))
  })

  test('in one project does not keep those of others', async () => {
    const bold = createIntake(database, failing({ error: new Error('x') }), silent)
    await receive(annotated(1, 77), bold)
    await receive({ action: 'TASKS_CREATED', tasks: [{ id: 3 }], project: { id: 7 } }, bold)
    await bold.drain()
    expect(waiting).toEqual([
      ['reconcile', { project: PROJECT }],
      ['reconcile', { project: 7 }],
    ])
  })

  test('to be processed before the end is for the next start', async () => {
    await intake.stop()
    await receive(annotated(1, 1))
    await intake.drain()
    expect((await events()).map(({ processed_at }) => processed_at)).toEqual([null])
    const next = createIntake(database, jobs, silent)
    next.start()
    await expect.poll(coverage).toMatchObject({ reviewed: 1 })
    await next.stop()
  })
})
