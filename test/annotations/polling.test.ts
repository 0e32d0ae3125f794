import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { createPolling, type Polling } from '../../src/annotations/polling.ts'
import { lockProject } from '../../src/annotations/store.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { recordingLog } from '../support/log.ts'
import { collectingJobs } from './collecting-jobs.ts'

let db: TestDatabase
let polling: Polling
let collected: ReturnType<typeof collectingJobs>
let log: ReturnType<typeof recordingLog>
beforeAll(async () => {
  db = await testDatabase()
  await db.database.kysely.transaction().execute(async (tx) => {
    for (const project of [1, 2, 3]) await lockProject(tx, project)
    await tx.updateTable('projects').set({ polled: true }).where('project_id', '>', 1).execute()
    await tx.updateTable('projects').set({ gone: true }).where('project_id', '=', 3).execute()
  })
})
afterAll(() => db?.drop())

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  collected = collectingJobs()
  log = recordingLog()
})
afterEach(() => {
  polling.stop()
  vi.useRealTimers()
})

function start(reconcileSeconds: number, jobs = collected.jobs): void {
  polling = createPolling(db.database, jobs, reconcileSeconds, log as never)
  polling.start()
}
async function startedWithoutSchedule(): Promise<void> {
  start(0)
  await expect.poll(projects).toEqual(expect.arrayContaining([1, 2]))
  collected.waiting.length = 0
}
const projects = () => collected.waiting.map(([, { project }]) => project)

describe('Label Studio is asked', () => {
  test('about every project at the start', async () => {
    start(300)
    await expect.poll(projects).toEqual(expect.arrayContaining([1, 2]))
  })

  test('every ten seconds about projects without a webhook, unless they are gone', async () => {
    await startedWithoutSchedule()
    await vi.advanceTimersByTimeAsync(9_999)
    expect(projects()).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    await expect.poll(projects).toEqual([2])
  })

  test('about all projects as often as was set', async () => {
    start(5)
    await expect.poll(projects).toContain(1)
    collected.waiting.length = 0
    await vi.advanceTimersByTimeAsync(5_000)
    await expect.poll(projects).toContain(1)
  })

  test('about all projects only at the start when the schedule is switched off', async () => {
    await startedWithoutSchedule()
    await vi.advanceTimersByTimeAsync(3_600_000)
    await expect.poll(projects).toEqual([2])
  })

  test('no more after the end', async () => {
    await startedWithoutSchedule()
    polling.stop()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(projects()).toEqual([])
  })
})

test('what an older version of the service compared is compared anew at the start, gone or not', async () => {
  const { kysely } = db.database
  await kysely.insertInto('tasks').values({ project_id: 3, task_id: 1, touched_us: 0, revision: 1 }).execute()
  await kysely.insertInto('tasks').values({ project_id: 1, task_id: 1, touched_us: 0, revision: 2 }).execute()
  await kysely.updateTable('projects').set({ revision: 2 }).execute()
  start(0)
  const recomputed = () => collected.waiting.filter(([name]) => name === 'recompute')
  await expect.poll(recomputed).toEqual([['recompute', { project: 3 }]])
})

test('a database that is away is asked again later', async () => {
  let isAway = true
  const reconcileAll = async (...args: Parameters<typeof collected.jobs.reconcileAll>) => {
    if (isAway) throw new Error('the database is away')
    await collected.jobs.reconcileAll(...args)
  }
  start(5, { ...collected.jobs, reconcileAll })
  await expect.poll(() => log.entries.join()).toContain('could not be looked up')
  isAway = false
  await vi.advanceTimersByTimeAsync(5_000)
  await expect.poll(projects).toContain(1)
})
