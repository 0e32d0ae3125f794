import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openDatabase } from '../../src/db/database.ts'
import { problemsWith, warningsAbout } from '../../src/db/external.ts'
import { onServer, type TestDatabase, testDatabase, urlOf } from '../support/database.ts'
import { recordingLog, silent } from '../support/log.ts'

let shared: TestDatabase
const log = recordingLog()

beforeAll(async () => {
  shared = await testDatabase({ migrated: false, log })
})
afterAll(() => shared.drop())

const value = async (expression: string) =>
  (await shared.database.pool.query(`select ${expression} as value`)).rows[0].value

describe('values', () => {
  test.each([
    ['a bigint is a number', '9007199254740991::bigint', 9_007_199_254_740_991],
    ['a negative bigint is a number', '-1::bigint', -1],
    ['a count is a number', 'count(*)', 1],
    ['a date is its text', `'2024-02-29'::date`, '2024-02-29'],
    ['an instant is a Date', `'2024-11-12T01:02:03+01'::timestamptz`, new Date('2024-11-12T00:02:03Z')],
    ['JSON is its value', `'{"a": [1, null]}'::jsonb`, { a: [1, null] }],
    ['null stays null', 'null::bigint', null],
  ])('%s', async (_, expression, expected) => {
    expect(await value(expression)).toEqual(expected)
  })

  test.each(['9007199254740992', '-9223372036854775808'])(
    'a bigint that a number cannot hold fails: %s',
    async (text) => {
      await expect(value(`'${text}'::bigint`)).rejects.toThrow(`the integer ${text}`)
      expect(await value('1')).toBe(1)
    },
  )
})

describe('connections that break', () => {
  async function terminateOthers(): Promise<void> {
    const name = shared.url.match(/test_\w+/)?.[0]
    await onServer(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`)
  }

  test('while idle: said in the log, and the next statement gets a new one', async () => {
    await value('1')
    await terminateOthers()
    await delay(50)
    expect(log.entries.at(-1)).toMatch(/^warn A connection to the database broke: terminating connection/)
    expect(await value('2')).toBe(2)
  })

  test('in a transaction: it fails and the process goes on', async () => {
    const lost = shared.database.kysely.transaction().execute(async (tx) => {
      await sql`select 1`.execute(tx)
      await terminateOthers()
      await delay(50)
      await sql`select 1`.execute(tx)
    })
    await expect(lost).rejects.toThrow(/connection/i)
    expect(await value('3')).toBe(3)
  })

  test('a session of its own: its end is heard', async () => {
    const session = await shared.database.session('test')
    const ended = new Promise((resolve) => session.once('end', () => resolve('ended')))
    await terminateOthers()
    expect(await ended).toBe('ended')
  })
})

describe('DATABASE_URL that does not work', () => {
  const opening = (databaseUrl: string) =>
    openDatabase({ databaseUrl, dataDir: '', log: silent }).then(
      () => 'it opened',
      (error: Error) => `${error.name}: ${error.message}`,
    )

  test.each([
    [
      'nothing listens there',
      'postgres://me:hush@127.0.0.1:1/app',
      /database app on 127\.0\.0\.1:1 as user me: .*ECONNREFUSED.*start the server or mend host and port/,
    ],
    [
      'an unknown host',
      'postgres://me:hush@nowhere.invalid/app',
      /on nowhere\.invalid:5432 as user me: .*(ENOTFOUND.*mend it|EAI_AGAIN)/,
    ],
    [
      'no socket',
      'postgres://me:hush@/app?host=/nowhere',
      /database app on \/nowhere as user me: .*ENOENT.*there is no socket/,
    ],
  ])('%s', async (_, url, message) => {
    const said = await opening(url)
    expect(said).toMatch(/^DatabaseStartError: DATABASE_URL: can't connect to /)
    expect(said).toMatch(message)
    expect(said).not.toContain('hush')
  })

  test('an unknown database', async () => {
    expect(await opening(urlOf('no_such_database'))).toMatch(
      /"no_such_database" does not exist; create the database/,
    )
  })

  test('a database in another encoding', async () => {
    await onServer(`create database in_ascii encoding 'SQL_ASCII' locale 'C' template template0`)
    try {
      expect(await opening(urlOf('in_ascii'))).toMatch(
        /can't work with database in_ascii .*its encoding is SQL_ASCII; make/,
      )
    } finally {
      await onServer('drop database in_ascii with (force)')
    }
  })

  test('a user who may not create tables', async () => {
    await onServer(`create role reader login password 'hush'`)
    try {
      const name = (await shared.database.pool.query('select current_database() as name')).rows[0].name
      const said = await opening(urlOf(name, { name: 'reader', password: 'hush' }))
      expect(said).toMatch(
        /user reader may not create tables and schemas in it; make it the owner by: alter database/,
      )
      expect(said).not.toContain('hush')
    } finally {
      await onServer('drop role reader')
    }
  })

  const fitting = {
    major: 15,
    version: '15.0',
    encoding: 'UTF8',
    database: 'app',
    username: 'me',
    standby: false,
    fsync: 'on',
    synchronous_commit: 'on',
    creates_schemas: true,
    creates_tables: true,
  }
  test.each([
    ['PostgreSQL 15 fits', {}, []],
    ['PostgreSQL 14 is too old', { major: 14, version: '14.9' }, [/14\.9, but 15 or newer is needed/]],
    [
      'a standby is read-only, whatever the rights',
      { standby: true, creates_tables: false },
      [/standby; name the primary/],
    ],
    [
      'rights on tables alone are not enough',
      { creates_schemas: false },
      [/user me may not create tables and schemas/],
    ],
    [
      'all problems are named at once',
      { major: 9, encoding: 'LATIN1' },
      [/15 or newer/, /encoding is LATIN1/],
    ],
  ])('%s', (_, facts, expected) => {
    const problems = problemsWith({ ...fitting, ...facts })
    expect(problems).toEqual(expected.map((pattern) => expect.stringMatching(pattern)))
  })

  test.each([
    ['a server that keeps what it commits', {}, []],
    ['one that does not write through', { fsync: 'off' }, [/has fsync off.*power loss/]],
    ['one that commits before it writes', { synchronous_commit: 'off' }, [/has synchronous_commit off/]],
    ['one that waits for its own disk alone', { synchronous_commit: 'local' }, []],
  ])('of %s the right is said', (_, facts, expected) => {
    const warnings = warningsAbout({ ...fitting, ...facts })
    expect(warnings).toEqual(expected.map((pattern) => expect.stringMatching(pattern)))
  })

  test('the warnings are logged, once', async () => {
    const log = recordingLog()
    const { database, drop } = await testDatabase({ migrated: false, log: log as never })
    const { rows } = await database.pool.query('show fsync')
    await drop()
    const warned = log.entries.filter((entry) => entry.includes('has fsync off'))
    expect(warned).toHaveLength(rows[0].fsync === 'off' ? 1 : 0)
  })
})
