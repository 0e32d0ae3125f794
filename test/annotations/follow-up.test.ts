import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createFollowUpJobs, type FollowUpJobs } from '../../src/annotations/follow-up.ts'
import { lockProject } from '../../src/annotations/store.ts'
import type { Database, Transaction } from '../../src/db/database.ts'
import type { JobDefinition, Queue, SendOptions } from '../../src/jobs/queue.ts'
import { LabelStudioError } from '../../src/labeling/client.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { recordingLog } from '../support/log.ts'
import { FakeLabelStudio } from './fake-label-studio.ts'
import { CONFIGS, predictionOf } from './history.ts'

let db: TestDatabase
let database: Database
beforeAll(async () => {
  db = await testDatabase()
  database = db.database
})
afterAll(() => db?.drop())

const PROJECT = 1
let fake: FakeLabelStudio
let jobs: FollowUpJobs
let log: ReturnType<typeof recordingLog>
let sent: [name: string, data: object, options: SendOptions][]
// biome-ignore lint/suspicious/noExplicitAny: each job has its own data
let definitions: Map<string, JobDefinition<any>>

beforeEach(() => {
  sent = []
  definitions = new Map()
  log = recordingLog()
  fake = new FakeLabelStudio()
  fake.createProject(PROJECT, CONFIGS[0] as string)
  const queue = {
    define: (name: string, definition: JobDefinition<object>) => definitions.set(name, definition),
    async send(name: string, data: object, options: SendOptions) {
      sent.push([name, data, options])
    },
  } as unknown as Queue
  jobs = createFollowUpJobs({ database, labelStudio: fake.api, queue }, log as never)
})
afterEach(async () => {
  await database.kysely.deleteFrom('projects').execute()
})

const inTransaction = (work: (tx: Transaction) => Promise<unknown>) =>
  database.kysely.transaction().execute(work)
const perform = (name: string, data: object) => {
  const context = { id: '', attempt: 1, lastAttempt: false, signal: new AbortController().signal }
  return (definitions.get(name) as JobDefinition<object>).handler(data, context)
}
const row = () =>
  database.kysely.selectFrom('projects').selectAll().where('project_id', '=', PROJECT).executeTakeFirst()
const follow = (adopted: boolean) =>
  inTransaction(async (tx) => {
    await lockProject(tx, PROJECT)
    await tx.updateTable('projects').set({ adopted, polled: true, webhook_active: true }).execute()
  })

describe('the jobs that events leave behind', () => {
  test('exist if and when the transaction that sends them commits', async () => {
    await inTransaction(async (tx) => {
      await jobs.readTasks(tx, PROJECT, [3, 4])
      await jobs.readProject(tx, PROJECT)
      await jobs.reconcile(tx, PROJECT)
      expect(sent.map(([, , { transaction }]) => transaction === tx)).toEqual([true, true, true])
    })
    expect(sent.map(([name, data]) => [name, data])).toEqual([
      ['read-tasks', { project: PROJECT, tasks: [3, 4] }],
      ['read-project', { project: PROJECT }],
      ['reconcile', { project: PROJECT }],
    ])
  })

  test('wait one at a time where they are about a whole project, and each where about tasks', async () => {
    await inTransaction(async (tx) => {
      await jobs.readTasks(tx, PROJECT, [3])
      await jobs.readProject(tx, PROJECT)
      await jobs.reconcile(tx, PROJECT)
    })
    expect(sent.map(([, , { singletonKey }]) => singletonKey)).toEqual([undefined, 'project 1', 'project 1'])
  })

  test('are sent for all projects that Label Studio still has', async () => {
    await inTransaction(async (tx) => {
      for (const project of [3, 1, 2]) await lockProject(tx, project)
      await tx.updateTable('projects').set({ gone: true }).where('project_id', '=', 2).execute()
      await jobs.reconcileAll(tx)
    })
    expect(sent.map(([name, data]) => [name, data])).toEqual([
      ['reconcile', { project: 1 }],
      ['reconcile', { project: 3 }],
    ])
  })
})

describe('a job', () => {
  test('adopts a project that nobody made', async () => {
    await follow(false)
    fake.importTasks(PROJECT, [{ predictions: [predictionOf(2)] }])
    await perform('reconcile', { project: PROJECT })
    expect(await row()).toMatchObject({ adopted: true, title: 'project 1', label_config: CONFIGS[0] })
    expect((await row())?.predicted_controls).toEqual(
      predictionOf(2)
        .result.map(({ from_name }) => from_name)
        .sort(),
    )
    expect(log.entries).toContain('info reconciled')
  })

  test('that reads the project has its tasks compared anew', async () => {
    await follow(true)
    const [task] = fake.importTasks(PROJECT, [{ predictions: [predictionOf(2), predictionOf(3)] }])
    fake.annotate(task as number, { result: predictionOf(3).result })
    await perform('reconcile', { project: PROJECT })
    const version = async () => {
      const { outcome } = await database.kysely
        .selectFrom('tasks')
        .select('outcome')
        .executeTakeFirstOrThrow()
      return (outcome as { compared: { model_version: string } }).compared.model_version
    }
    expect(await version()).toBe('v1')
    fake.updateProject(PROJECT, { model_version: 'v3' })
    await perform('read-project', { project: PROJECT })
    expect(await version()).toBe('v3')
  })

  test('that reads tasks derives the predicted controls anew', async () => {
    await follow(true)
    const ids = fake.importTasks(PROJECT, [{ predictions: [predictionOf(2)] }])
    await perform('read-tasks', { project: PROJECT, tasks: ids })
    expect((await row())?.predicted_controls).not.toEqual([])
    fake.deleteTask(ids[0] as number)
    await perform('read-tasks', { project: PROJECT, tasks: ids })
    expect((await row())?.predicted_controls).toEqual([])
  })

  test('that compares anew counts what an older version of the service did not, without Label Studio', async () => {
    await follow(true)
    const [task] = fake.importTasks(PROJECT, [{ predictions: [predictionOf(18)] }])
    fake.annotate(task as number, { result: predictionOf(36).result })
    await perform('reconcile', { project: PROJECT })
    const tallies = () =>
      database.kysely.selectFrom('tallies').selectAll().orderBy('dimension').orderBy('key').execute()
    const counted = await tallies()
    await sql`delete from tallies where dimension ~ '^(label|confusion|edit) '`.execute(database.kysely)
    await sql`update tasks set contribution = (select jsonb_agg(addend) from jsonb_array_elements(contribution) as addend
      where addend->>0 !~ '^(label|confusion|edit) ')`.execute(database.kysely)
    await database.kysely.updateTable('projects').set({ revision: 9 }).execute()
    expect(await tallies()).not.toEqual(counted)

    fake.projects.clear()
    await inTransaction((tx) => jobs.recomputeAll(tx))
    for (const [name, data] of sent.filter(([name]) => name === 'recompute')) await perform(name, data)
    expect(await tallies()).toEqual(counted)
  })

  test.each(['reconcile', 'read-project', 'read-tasks'])(
    '%s keeps the last numbers of a project that was deleted, and asks about it no more',
    async (name) => {
      await follow(true)
      fake.projects.clear()
      await perform(name, { project: PROJECT, tasks: [1] })
      expect(await row()).toMatchObject({ gone: true, polled: false, webhook_active: false })
      expect(log.entries).toContain('warn Label Studio has no such project any more')
    },
  )

  test('forgets a project that never was', async () => {
    await follow(false)
    fake.projects.clear()
    await perform('reconcile', { project: PROJECT })
    expect(await row()).toBeUndefined()
  })

  test('that Label Studio does not answer fails, to be tried again', async () => {
    await follow(true)
    fake.meanwhile = async () => {
      throw new LabelStudioError('unavailable', 'Label Studio is away')
    }
    await expect(perform('reconcile', { project: PROJECT })).rejects.toThrow('away')
    expect(await row()).toMatchObject({ gone: false, last_reconciled_at: null })
    expect(definitions.get('reconcile')?.retry.limit).toBeGreaterThan(10)
  })

  test('follows a project again that is back', async () => {
    await follow(true)
    await database.kysely.updateTable('projects').set({ gone: true }).execute()
    await perform('reconcile', { project: PROJECT })
    expect(await row()).toMatchObject({ gone: false })
  })

  test('leaves off when the service stops', async () => {
    await follow(true)
    fake.importTasks(PROJECT, [{}])
    const context = {
      id: '',
      attempt: 1,
      lastAttempt: false,
      signal: AbortSignal.abort(new Error('stopping')),
    }
    await expect(definitions.get('reconcile')?.handler({ project: PROJECT }, context)).rejects.toThrow(
      'stopping',
    )
  })
})
