import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { audit } from '../../src/annotations/audit.ts'
import { cli } from '../commands/io.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { resultOf } from './history.ts'
import { World } from './world.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await testDatabase()
})
afterAll(() => db?.drop())

/** A run's project of four tasks; the first is annotated and changed, the second skipped. */
let world: World
let project: number
let first: number
beforeEach(async () => {
  world = new World(db.database, [], (Date.now() - 60_000) * 1000)
  project = world.project
  await world.startRun()
  const tasks = [...world.fake.tasks.values()].filter((task) => task.project === project)
  first = tasks[0]?.id as number
  world.fake.annotate(first, { result: resultOf(33) })
  world.fake.annotate(tasks[1]?.id as number, { was_cancelled: true })
  await world.reconcile()
})
afterEach(() => world.remove())

const run = (statement: ReturnType<typeof sql>) => statement.execute(db.database.kysely)

test('a database in which nothing is wrong is told to be right, with what was looked at', async () => {
  const report = () => expect.fail('nothing differs')
  expect(await audit(db.database, { report })).toEqual({
    ...{ projects: 1, tasks: 4, annotations: 2, pending: 0, differences: 0 },
  })
})

describe('an audit finds', () => {
  const one = { count: 1, changed: 0, amount: 0 }
  test.each<[sentence: string, act: () => Promise<unknown>, found: object[]]>([
    [
      'a tally that is too high',
      () => run(sql`update tallies set count = 2 where dimension = 'coverage' and key = 'reviewed'`),
      [{ task: null, dimension: 'coverage', key: 'reviewed', stored: { ...one, count: 2 }, computed: one }],
    ],
    [
      'a tally that is missing',
      () => run(sql`delete from tallies where key = 'skipped'`),
      [{ task: null, dimension: 'coverage', key: 'skipped', stored: { ...one, count: 0 }, computed: one }],
    ],
    [
      'a tally of nothing',
      () =>
        run(
          sql`insert into tallies (project_id, dimension, key, count) values (${project}, 'stratum', 'x', 1)`,
        ),
      [{ task: null, dimension: 'stratum', key: 'x', stored: one, computed: { ...one, count: 0 } }],
    ],
    [
      'a similarity that is off by a billionth',
      () => run(sql`update tallies set amount = amount + 1 where dimension = 'total'`),
      [{ task: null, dimension: 'total', key: '' }],
    ],
    [
      'what a task is noted to add, though the sum is right',
      () => run(sql`update tasks set contribution = '[]' where contribution @> '[["coverage", "skipped"]]'`),
      [
        { dimension: 'coverage', key: 'tasks', stored: { ...one, count: 0 }, computed: one },
        { dimension: 'coverage', key: 'blind', stored: { ...one, count: 0 }, computed: one },
        { dimension: 'seed', key: '', stored: { ...one, count: 0 }, computed: one },
        { dimension: 'coverage', key: 'skipped', stored: { ...one, count: 0 }, computed: one },
      ],
    ],
    [
      'an annotation that was changed under the hand, for its task and in the sum',
      () => run(sql`update annotations set was_cancelled = true`),
      [],
    ],
  ])('%s', async (_sentence, act, found) => {
    await act()
    const differences = await world.audit()
    expect(differences).not.toEqual([])
    if (found.length > 0) expect(differences).toMatchObject(found)
    else {
      expect(new Set(differences.map(({ task }) => task))).toEqual(new Set([first, null]))
      expect(differences).toContainEqual({
        ...{ project, task: first, dimension: 'coverage', key: 'skipped' },
        ...{ stored: { ...one, count: 0 }, computed: one },
      })
    }
  })
})

test('tasks that are still to be compared anew are counted, and are no difference', async () => {
  await run(sql`update projects set revision = revision + 1, mapped_controls = '["answer"]'`)
  const found: object[] = []
  const totals = await audit(db.database, { report: (difference) => found.push(difference) })
  expect(found).toEqual([])
  expect(totals).toMatchObject({ pending: 4, differences: 0 })
})

describe('doctor --audit', () => {
  const doctor = (options = '') => cli(`doctor --audit ${options}`, { env: { DATABASE_URL: db.url } })

  test('says that all is right', async () => {
    expect(await doctor()).toEqual({
      ...{ code: 0, stderr: '' },
      stdout: 'Every count is what 2 annotations of 4 tasks in 1 project say.\n',
    })
    expect(JSON.parse((await doctor('--json')).stdout)).toEqual({
      ...{ ok: true, projects: 1, tasks: 4, annotations: 2, pending: 0 },
      ...{ differences: [] },
    })
  })

  test('lists what differs, and exits with 1', async () => {
    await run(sql`update tallies set count = 2 where dimension = 'coverage' and key = 'reviewed'`)
    const { code, stdout } = await doctor()
    expect(code).toBe(1)
    expect(stdout.replace(/ +/g, ' ').split('\n').slice(0, 3)).toEqual([
      ' project task count of kept computed',
      ` ${project} all coverage reviewed 2/0/0 1/0/0`,
      'Not what 2 annotations of 4 tasks in 1 project say: 1 count. Please report this as a fault of the service.',
    ])
    const json = await doctor('--json')
    expect(json.code).toBe(1)
    expect(JSON.parse(json.stdout)).toMatchObject({
      ok: false,
      differences: [
        {
          ...{ project, task: null, dimension: 'coverage', key: 'reviewed' },
          ...{ stored: { count: 2 }, computed: { count: 1 } },
        },
      ],
    })
  })

  test('makes no database where there is none', async () => {
    const { code, stderr } = await cli('doctor --audit', { env: { DATA_DIR: '/nowhere/at/all' } })
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('/nowhere/at/all') })
  })

  test('says what to do where the service was never started', async () => {
    const empty = await testDatabase({ migrated: false })
    const { code, stderr } = await cli('doctor --audit', { env: { DATABASE_URL: empty.url } })
    await empty.drop()
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('start the service') })
  })
})
