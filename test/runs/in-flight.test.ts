import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { JobDefinition } from '../../src/jobs/queue.ts'
import { LabelStudioError, type LabelStudioProject } from '../../src/labeling/client.ts'
import { describe as failureOf } from '../../src/labeling/client-error.ts'
import { executeRun, type RunDependencies } from '../../src/runs/execute.ts'
import { importTasks } from '../../src/runs/import.ts'
import { openTasks } from '../../src/runs/import-requests.ts'
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
let tasks: { id: number; meta: { key: string } }[]
let reads: (() => void)[]
let deps: RunDependencies

beforeEach(async () => {
  id = randomUUID()
  projects = []
  failures = []
  calls = []
  looks = []
  tasks = []
  reads = []
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
    async tasks() {
      calls.push('read')
      reads.shift()?.()
      return { total: tasks.length, tasks }
    },
    project: async () => made({ task_number: tasks.length }),
    deleteTasks: async (_project: number, ids: number[]) => void calls.push(`delete ${ids}`),
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

describe('whether there may be a second project', () => {
  test.each<[string, () => Promise<unknown>, boolean]>([
    ['there is none where the only request was answered', async () => {}, false],
    ['there may be one where another request was made before', () => intend(21), true],
    [
      'there may be one although the last of several requests surely did nothing',
      async () => {
        await intend(21)
        failures = [REFUSED_CONNECTION()]
        await expect(make()).rejects.toBeInstanceOf(LabelStudioError)
      },
      true,
    ],
  ])('%s', async (_sentence, before, maybe) => {
    await before()
    expect((await make()).project_intent_at !== null).toBe(maybe)
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
  const open = async () => (await openTasks(deps, run)).map(({ key }) => key)

  test.each([
    ['is open after no answer came', TIMEOUT, ['k0', 'k1']],
    ['is not open after nobody heard it', REFUSED_CONNECTION, []],
  ])('%s', async (_sentence, failure, keys) => {
    failures = [failure()]
    await expect(importTasks(deps, run, plan as never, signal)).rejects.toThrow('did not answer')
    expect(await open()).toEqual(keys)
  })

  const request = (secondsAgo: number) =>
    sql`insert into import_requests (run_id, first_position, last_position, sent_at)
      values (${id}, 0, 1, clock_timestamp() - make_interval(secs => ${secondsAgo}))`.execute(
      db.database.kysely,
    )
  const arrive = (...ids: number[]) => {
    tasks.push(...ids.map((task) => ({ id: task, meta: { key: `k${(task - 1) % 2}` } })))
  }
  const steps = () => calls.slice(1) // after the project's creation

  test('that nothing interrupted reads no tasks back', async () => {
    await importTasks(deps, run, plan as never, signal)
    expect(steps()).toEqual(['import'])
  })

  test('is not made again when the first request’s tasks arrive', async () => {
    await request(1)
    reads = [() => {}, () => arrive(1, 2)]
    await importTasks(deps, run, plan as never, signal)
    expect(steps()).toEqual(['read', 'read'])
    expect(await open()).toEqual([])
  })

  test('that was made again is followed until the first request’s tasks arrive, too, and leaves each task once', async () => {
    await request(21)
    reads = [() => {}, () => arrive(1, 2), () => {}, () => arrive(3, 4)]
    await importTasks(deps, run, plan as never, signal)
    expect(steps()).toEqual(['read', 'import', 'read', 'read', 'read', 'delete 3,4'])
  })

  test('that was made again long ago is over, although the first request’s tasks never came', async () => {
    await request(90)
    await request(46)
    arrive(1, 2)
    await importTasks(deps, run, plan as never, signal)
    expect(steps()).toEqual(['read', 'read'])
  })

  test('says on the run what it waits for', async () => {
    await request(21)
    await request(1)
    arrive(1, 2)
    const messages: (string | null | undefined)[] = []
    const told = async () => messages.push((await findRun(db.database.kysely, id))?.message)
    reads = [() => {}, () => {}, () => void told().then(() => arrive(3, 4))]
    await importTasks(deps, run, plan as never, signal)
    expect(messages).toEqual([expect.stringMatching(/^2 tasks were sent .* again.* For 4\d s more/)])
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
