import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { JobDefinition } from '../../src/jobs/queue.ts'
import { LabelStudioError, type LabelStudioProject } from '../../src/labeling/client.ts'
import { describe as failureOf } from '../../src/labeling/client-error.ts'
import { executeRun, type RunDependencies } from '../../src/runs/execute.ts'
import { importTasks } from '../../src/runs/import.ts'
import { makeProject, removeSurplusProjects } from '../../src/runs/project.ts'
import { findRun, NO_PROGRESS, type RunRow } from '../../src/runs/run.ts'
import { createRuns } from '../../src/runs/start.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { silent } from '../support/log.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await testDatabase()
})
afterAll(() => db?.drop())

const plan = {
  ...{ title: 'QA', label_config: '<View/>', model_version: 'v1', controls: [], tasks: 2, predictions: 0 },
}
const { signal } = new AbortController()
/** A failed call, as axios reports it. */
const failed = (fields: object) =>
  failureOf({ isAxiosError: true, ...fields }, { method: 'POST', url: '/api' }, 'http://ls.test')
const REFUSED_CONNECTION = () => failed({ code: 'ECONNREFUSED' })
const TIMEOUT = () => failed({ code: 'ECONNABORTED' })

let id: string
let run: RunRow
/** What Label Studio has, and how it answers the next calls. */
let projects: LabelStudioProject[]
let failures: Error[]
let calls: string[]
let looks: (() => void)[]
let deps: RunDependencies

beforeEach(async () => {
  id = randomUUID()
  projects = []
  failures = []
  calls = []
  looks = []
  const made = (fields: object): LabelStudioProject => ({
    ...{ id: projects.length + 7, title: '', description: '', label_config: '', model_version: '' },
    ...{ task_number: 0, ...fields },
  })
  const answer = async <T>(call: string, compute: () => T): Promise<T> => {
    calls.push(call)
    const failure = failures.shift()
    if (failure) throw failure
    return compute()
  }
  const labelStudio = {
    projectUrl: (project: number) => `http://ls.test/${project}`,
    async projectsTitled() {
      calls.push('look')
      looks.shift()?.()
      return projects
    },
    createProject: (fields: object) =>
      answer('create', () => {
        const project = made(fields)
        projects.push(project)
        return project
      }),
    importTasks: () => answer('import', () => [1, 2]),
    tasks: async () => ({ total: 0, tasks: [] }),
    project: async () => made({ task_number: 2 }),
    deleteProject: async (project: number) => void calls.push(`delete ${project}`),
  }
  deps = {
    ...{ database: db.database, labelStudio, log: silent, outbox: { announce: async () => {} } },
    ...{ backoff: { attempts: 1, baseMs: 1, maxMs: 1 }, publicUrl: 'http://monitor.test' },
    scanner: { concurrency: 1 },
  } as never
  await db.database.kysely
    .insertInto('runs')
    .values({
      ...{ id, monitor: 'm', status: 'importing', window_from: '2026-11-01', window_to: '2026-11-02' },
      ...{ definition: '{"notify":{"emails":[],"webhooks":[]}}', total: 2, seed: 1, request_hash: '' },
      ...{ progress: JSON.stringify(NO_PROGRESS), plan: JSON.stringify(plan) },
    })
    .execute()
  run = (await findRun(db.database.kysely, id)) as RunRow
})
afterEach(async () => {
  await db.database.kysely.deleteFrom('projects').execute()
  await db.database.kysely.deleteFrom('runs').execute()
})

const make = () => makeProject(deps, run, plan as never, signal)
const intend = (secondsAgo: number) =>
  db.database.kysely
    .updateTable('runs')
    .set({ project_intent_at: sql<Date>`clock_timestamp() - make_interval(secs => ${secondsAgo})` })
    .execute()
const own = () => ({ id: 3, description: `Made for run ${id}.`, label_config: '' }) as LabelStudioProject

describe('the project of a run', () => {
  test('is made at once when nobody asked for it before', async () => {
    expect(await make()).toMatchObject({ project_id: 7 })
    expect(calls).toEqual(['create'])
  })

  test('is the one that an interrupted attempt made', async () => {
    await intend(1)
    projects = [own()]
    expect(await make()).toMatchObject({ project_id: 3 })
    expect(calls).toEqual(['look'])
  })

  test('is waited for where Label Studio may still be making it', async () => {
    await intend(1)
    looks = [() => {}, () => projects.push(own())]
    expect(await make()).toMatchObject({ project_id: 3 })
    expect(calls).toEqual(['look', 'look'])
  })

  test('is made when it is not there long after it was asked for', async () => {
    await intend(21)
    expect(await make()).toMatchObject({ project_id: 7 })
    expect(calls).toEqual(['look', 'create'])
  })

  test.each([
    ['nobody heard the request', REFUSED_CONNECTION],
    ['Label Studio refused it', () => failed({ response: { status: 400, data: {}, headers: {} } })],
    ['no Label Studio is configured', () => new LabelStudioError('unset', '')],
  ])('is made without a wait after %s', async (_why, failure) => {
    failures = [failure()]
    await expect(make()).rejects.toBeInstanceOf(LabelStudioError)
    expect(await make()).toMatchObject({ project_id: 7 })
    expect(calls).toEqual(['create', 'create'])
  })

  test.each([
    ['the connection broke', () => failed({ code: 'ECONNRESET' })],
    ['no answer came in time', TIMEOUT],
    ['Label Studio failed', () => failed({ response: { status: 500, data: {}, headers: {} } })],
  ])('is looked for after %s', async (_why, failure) => {
    failures = [failure()]
    await expect(make()).rejects.toBeInstanceOf(LabelStudioError)
    projects = [own()]
    expect(await make()).toMatchObject({ project_id: 3 })
    expect(calls).toEqual(['create', 'look'])
  })

  test('is waited for anew when a second attempt asked for it', async () => {
    await intend(21)
    failures = [TIMEOUT()]
    await expect(make()).rejects.toThrow('did not answer')
    looks = [() => {}, () => projects.push(own())]
    expect(await make()).toMatchObject({ project_id: 3 })
    expect(calls).toEqual(['look', 'create', 'look', 'look'])
  })
})

test('a project that came after all goes, where it is of this run and has no tasks', async () => {
  run = await make()
  const [kept] = projects as [LabelStudioProject]
  const { description } = kept
  projects.push({ ...kept, id: 90 }, { ...kept, id: 91, task_number: 1 })
  projects.push({ ...kept, id: 92, description: description.replace(id, randomUUID()) })
  calls = []
  await removeSurplusProjects(deps, run)
  expect(calls).toEqual(['look', 'delete 90'])
})

describe('an import', () => {
  beforeEach(async () => {
    run = await make()
    const tasks = [0, 1].map((position) => ({
      ...{ run_id: id, position, key: `k${position}`, stratum: 's' },
      ...{ data: '{}', meta: '{}', result: '[]' },
    }))
    await db.database.kysely.insertInto('run_tasks').values(tasks).execute()
  })
  const sent = async () => {
    const rows = await db.database.kysely.selectFrom('run_tasks').select('sent_at').execute()
    return rows.map(({ sent_at }) => sent_at !== null)
  }

  test.each([
    ['is open after no answer came', TIMEOUT, [true, true]],
    ['is not open after nobody heard it', REFUSED_CONNECTION, [false, false]],
  ])('%s', async (_sentence, failure, open) => {
    failures = [failure()]
    await expect(importTasks(deps, run, plan as never, signal)).rejects.toThrow('did not answer')
    expect(await sent()).toEqual(open)
  })

  test('into a project that was deleted fails with what to do', async () => {
    failures = [failed({ response: { status: 404, data: '<html>', headers: {} } })]
    await executeRun(deps, id, signal)
    expect(await findRun(db.database.kysely, id)).toMatchObject({
      status: 'failed',
      error: {
        kind: 'operator',
        message: expect.stringMatching(/no project 7 any more.*start a new run for the same window/),
      },
    })
  })
})

describe('a run that another process is at', () => {
  test('is left to it, and looked at again, should that process end before the run does', async () => {
    const other = await db.database.session('other')
    await other.query('select pg_advisory_lock(hashtextextended($1, 0))', [`run ${id}`])
    const sent: unknown[] = []
    let definition: JobDefinition<{ run: string }> | undefined
    const queue = {
      define: (name: string, given: JobDefinition<{ run: string }>) => {
        if (name === 'run') definition = given
      },
      send: async (...args: unknown[]) => void sent.push(args),
    }
    const now = new Date('2026-11-23T12:00:00Z')
    createRuns({ ...deps, queue: queue as never, findMonitor: async () => undefined, now: () => now })
    const perform = () => definition?.handler({ run: id }, { signal } as never)
    await perform()
    const startAfter = new Date('2026-11-23T12:00:05Z')
    expect(sent).toEqual([['run', { run: id }, { startAfter, singletonKey: `look again ${id}` }]])
    expect(calls).toEqual([])

    await other.end()
    await db.database.kysely.updateTable('runs').set({ status: 'cancelled' }).execute()
    await perform()
    expect(sent).toHaveLength(1)
  })
})
