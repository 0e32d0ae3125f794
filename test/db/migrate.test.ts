import { sql } from 'kysely'
import type { Migration } from 'kysely/migration'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Database, openDatabase } from '../../src/db/database.ts'
import { migrate } from '../../src/db/migrate.ts'
import { migrations } from '../../src/db/migrations/index.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { silent } from '../support/log.ts'

let test_: TestDatabase
let database: Database

beforeEach(async () => {
  test_ = await testDatabase({ migrated: false })
  database = test_.database
})

afterEach(() => test_.drop())

const running = (statement: string): Migration => ({
  up: async (db) => void (await sql.raw(statement).execute(db)),
})
const first = { '0001-numbers': running('create table numbers (n int)') }
const second = { ...first, '0002-one': running('insert into numbers values (1)') }
const rows = async () => (await database.pool.query('select n from numbers')).rows

test('runs what is missing, in order, once', async () => {
  expect(await migrate(database, first)).toEqual(['0001-numbers'])
  expect(await migrate(database, second)).toEqual(['0002-one'])
  expect(await migrate(database, second)).toEqual([])
  expect(await rows()).toEqual([{ n: 1 }])
})

test('twenty processes that start at once', async () => {
  const open = () => openDatabase({ databaseUrl: test_.url, dataDir: '', log: silent })
  const starters = await Promise.all(Array.from({ length: 20 }, open))
  try {
    const ran = await Promise.all(starters.map((starter) => migrate(starter, second)))
    expect(ran.filter((names) => names.length > 0)).toEqual([['0001-numbers', '0002-one']])
    expect(await rows()).toEqual([{ n: 1 }])
  } finally {
    await Promise.all(starters.map((starter) => starter.close()))
  }
})

test('a schema of a newer version is refused and left alone', async () => {
  await migrate(database, { ...second, '0003-later': running('create table later ()') })
  await expect(migrate(database, second)).rejects.toThrow(
    /newer version of the service \(0003-later\); this one knows migrations up to 0002-one\. Start the newer version/,
  )
  await database.pool.query('select from later')
})

test('a migration that fails leaves nothing of itself or of those before it', async () => {
  const failing = { ...second, '0003-wrong': running('create table wrong (n nonsense)') }
  await expect(migrate(database, failing)).rejects.toThrow('type "nonsense" does not exist')
  await expect(rows()).rejects.toThrow('relation "numbers" does not exist')
  expect(await migrate(database, second)).toEqual(['0001-numbers', '0002-one'])
})

test("the service's own migrations", async () => {
  expect(await migrate(database, migrations)).toEqual(Object.keys(migrations))
  expect(Object.keys(migrations)).toEqual(Object.keys(migrations).toSorted())
})

test('a database from before confusions were counted has all its tasks compared anew', async () => {
  await migrate(database, Object.fromEntries(Object.entries(migrations).slice(0, 2)))
  await database.pool.query('insert into projects (project_id, revision) values (1, 4)')
  await migrate(database, migrations)
  const { rows } = await database.pool.query('select revision from projects')
  expect(rows[0].revision).toBeGreaterThan(4)
})

test('a request for tasks that nobody heard the answer to is still open after the upgrade', async () => {
  const before = Object.entries(migrations).filter(([name]) => name < '0008')
  await migrate(database, Object.fromEntries(before))
  const run = '3fe82704-c8c5-453e-bf1c-d27bbe18fdc4'
  await database.pool.query(
    `insert into runs (id, monitor, status, window_from, window_to, definition, total, seed, request_hash, progress)
     values ($1, 'm', 'importing', '2026-11-01', '2026-11-02', '{}', 5, 1, '', '{}')`,
    [run],
  )
  // Two that came, two that are open, one that nobody asked for.
  await database.pool.query(
    `insert into run_tasks (run_id, position, key, stratum, data, meta, result, sent_at, task_id)
     select $1, n, 'k' || n, '', '{}', '{}', '[]',
       case when n < 4 then timestamptz '2026-11-02 10:00:00.5' + n * interval '1 ms' end, case when n < 2 then n end
     from generate_series(0, 4) as n`,
    [run],
  )
  await migrate(database, migrations)
  const { rows } = await database.pool.query('select first_position, last_position from import_requests')
  expect(rows).toEqual([{ first_position: 2, last_position: 3 }])
})
