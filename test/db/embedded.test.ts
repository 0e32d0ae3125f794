import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { boundLog, runningServer } from '../../src/db/postmaster.ts'
import { recordingLog } from '../support/log.ts'
import {
  clusterDirectory,
  dataDirectory,
  eachInItsOwnDirectory,
  eventually,
  isRoot,
  NOBODY,
  open,
  other,
  running,
  scratchDirectory,
} from './embedded-fixture.ts'

eachInItsOwnDirectory()

describe('one process', () => {
  test('makes the database at the first start and finds it again at the next', async () => {
    const first = await open()
    await first.pool.query('create table kept as select 42 as answer')
    await first.close()
    expect(await running()).toBeNull()

    const again = await open()
    expect((await again.pool.query('select answer from kept')).rows).toEqual([{ answer: 42 }])
    expect(again.kind).toBe('embedded')
    expect(again.description).toBe(`PostgreSQL 18.4, embedded, in ${dataDirectory()}`)
  })

  test('the server has a process group of its own, so that Ctrl-C does not stop it before the service', async () => {
    await open()
    const pid = await running()
    const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? []
    expect(Number(fields[2])).toBe(pid)
  })

  test.runIf(isRoot)(
    'as root, below a directory closed to others, the server runs as nobody, without capabilities',
    async () => {
      expect((await stat(scratchDirectory())).mode & 0o777).toBe(0o700)
      await open()
      const status = await readFile(`/proc/${await running()}/status`, 'utf8')
      expect(status).toMatch(/^Uid:\s+65534\s+65534\s+65534\s+65534$/m)
      expect(status).toMatch(/^Groups:\s*$/m)
      expect(status).toMatch(/^CapEff:\s+0+$/m)
    },
  )

  test.runIf(isRoot)('as root in a directory of an ordinary user, the server runs as that user', async () => {
    await mkdir(dataDirectory())
    await chown(dataDirectory(), 4711, 4711)
    await open()
    expect((await stat(clusterDirectory())).uid).toBe(4711)
    expect(await readFile(`/proc/${await running()}/status`, 'utf8')).toMatch(/^Uid:\s+4711\s/m)
  })

  test.runIf(isRoot)('as an ordinary user', async () => {
    await chown(scratchDirectory(), NOBODY.uid, NOBODY.gid)
    const process = await other(dataDirectory(), NOBODY)
    process.write()
    await eventually(async () => process.written.length > 3)
    await process.close()
    expect(await running()).toBeNull()
  })

  test.runIf(isRoot)('an ordinary user without a name is told to get one', async () => {
    await chown(scratchDirectory(), 4711, 4711)
    await expect(other(dataDirectory(), { uid: 4711, gid: 4711 })).rejects.toThrow(
      /4711.*Run as a user with an entry in/,
    )
  })

  test.runIf(isRoot)('an ordinary user is told that the directory was first used as root', async () => {
    await (await open()).close()
    await chown(scratchDirectory(), 4711, 4711)
    await expect(other(dataDirectory(), { uid: 4711, gid: 4711 })).rejects.toThrow(
      /belongs to user 65534, but this is user 4711.*chown -R 4711/,
    )
  })

  test('a path longer than a socket may have', async () => {
    const long = join(scratchDirectory(), 'd'.repeat(120), 'data')
    const database = await open(long)
    expect((await database.pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    await database.close()
    expect(await runningServer(clusterDirectory(long))).toBeNull()
  })

  test('a process that forgot to close it ends all the same', async () => {
    const program = `
      const { openDatabase } = await import(${JSON.stringify(new URL('../../src/db/database.ts', import.meta.url).href)})
      const log = { debug() {}, info() {}, warn() {}, error() {} }
      const database = await openDatabase({ databaseUrl: null, dataDir: ${JSON.stringify(dataDirectory())}, log })
      await database.pool.query('select 1')`
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: 'inherit' })
    expect((await once(child, 'exit'))[0]).toBe(0)
    await open()
  })

  test('through a symbolic link', async () => {
    await mkdir(join(scratchDirectory(), 'real'))
    await symlink(join(scratchDirectory(), 'real'), dataDirectory())
    await (await open()).close()
    await open()
  })

  test('only the owner may read the password, the data and the log', async () => {
    await open()
    const modes = ['postgres/password', 'postgres/data', 'postgres.log'].map(async (name) =>
      ((await stat(join(dataDirectory(), name))).mode & 0o777).toString(8),
    )
    expect(await Promise.all(modes)).toEqual(['600', '700', '600'])
  })

  test('nothing listens on the network, and no setting in the directory weakens durability', async () => {
    await (await open()).close()
    const file = join(clusterDirectory(), 'postgresql.auto.conf')
    await writeFile(file, "fsync = off\nsynchronous_commit = off\nlisten_addresses = '*'\n")
    const { pool } = await open()
    const { rows } = await pool.query(
      `select name, setting from pg_settings where name in ('fsync', 'synchronous_commit', 'listen_addresses') order by 1`,
    )
    expect(rows.map((row) => `${row.name}=${row.setting}`)).toEqual([
      'fsync=on',
      'listen_addresses=',
      'synchronous_commit=on',
    ])
  })

  test('what statements hold does not reach the log', async () => {
    const { pool } = await open()
    await pool.query('create table secrets (value text primary key)')
    for (const statement of [
      `insert into secrets values ('hush'), ('hush')`,
      `select 'hush'::int`,
      `selec 'hush'`,
    ]) {
      await expect(pool.query(statement)).rejects.toThrow()
    }
    const log = await readFile(join(dataDirectory(), 'postgres.log'), 'utf8')
    expect(log).toContain('ready to accept connections')
    expect(log).not.toContain('hush')
  })

  test('the log is emptied when it grows too long, and the server goes on writing to it', async () => {
    const { pool } = await open()
    const file = join(dataDirectory(), 'postgres.log')
    const before = await readFile(file, 'utf8')
    await boundLog(file, 10)
    expect(await readFile(`${file}.1`, 'utf8')).toBe(before)
    expect((await stat(file)).size).toBe(0)
    await pool.query(`do $$ begin raise log 'after'; end $$`)
    expect(await readFile(file, 'utf8')).toMatch(/^2\S+ \S+ UTC \[\d+\] LOG: {2}after$/m)
    await boundLog(file, 10_000)
    expect(await readFile(file, 'utf8')).toMatch(/after/)
  })
})

describe('what is in the way is named', () => {
  test.each([
    ['99', /made by PostgreSQL 99, .* brings PostgreSQL 18\. Start the newer version of the service/],
    ['17', /made by PostgreSQL 17, .* brings PostgreSQL 18\. Dump it/],
  ])('data of PostgreSQL %s', async (version, message) => {
    await (await open()).close()
    await writeFile(join(clusterDirectory(), 'PG_VERSION'), `${version}\n`)
    await expect(open()).rejects.toThrow(message)
  })

  test('a data directory that is a file', async () => {
    await writeFile(dataDirectory(), '')
    await expect(open()).rejects.toThrow(
      /DATA_DIR: the embedded database can't be kept in .*data \(.*EEXIST.*name a directory/,
    )
  })

  test.runIf(isRoot)('a data directory that is not writable', async () => {
    await mkdir(dataDirectory())
    await chown(scratchDirectory(), NOBODY.uid, NOBODY.gid)
    await expect(other(dataDirectory(), NOBODY)).rejects.toThrow(
      /DATA_DIR: .*EACCES.*name a directory that this user can write to/,
    )
  })

  test('broken data: the last words of the server', async () => {
    await (await open()).close()
    await rm(join(clusterDirectory(), 'global', 'pg_control'))
    await expect(open()).rejects.toThrow(/does not start[\s\S]*could not .*pg_control/)
  })

  test('a password that does not fit', async () => {
    const log = recordingLog()
    await (await open()).close()
    await writeFile(join(dataDirectory(), 'postgres', 'password'), 'not the password')
    const refused = await open(dataDirectory(), log).catch((error) => error)
    expect(refused.message).toMatch(/refuses the connection: password authentication failed/)
    expect(refused.message).not.toContain('not the password')
    process.kill((await running()) ?? Number.NaN, 'SIGINT')
    await eventually(async () => (await running()) === null)
  })
})
