import { spawn } from 'node:child_process'
import { chown, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Database, openDatabase } from '../../src/db/database.ts'
import { boundLog, runningServer } from '../../src/db/postmaster.ts'
import { recordingLog, silent } from '../support/log.ts'
import { type OtherProcess, otherProcess } from './service.ts'

const isRoot = process.getuid?.() === 0
const NOBODY = { uid: 65_534, gid: 65_534 }

let scratch: string
let dataDir: string
let databases: Database[]
let others: OtherProcess[]

beforeEach(async () => {
  // mkdtemp makes it for its owner only, like a closed home: as root, the server's user can't pass it.
  scratch = await mkdtemp(join(tmpdir(), 'label-studio-monitor-embedded-'))
  dataDir = join(scratch, 'data')
  databases = []
  others = []
})

afterEach(async () => {
  for (const other of others)
    if (other.process.exitCode === null && !other.process.signalCode) await other.kill()
  for (const database of databases) await database.close()
  const pid = await runningServer(data())
  if (pid !== null) process.kill(pid, 'SIGQUIT')
  await rm(scratch, { recursive: true, force: true, maxRetries: 5 })
  expect(pid, 'a server was left over').toBeNull()
})

const data = (directory = dataDir) => join(directory, 'postgres', 'data')
const running = () => runningServer(data())

async function open(directory = dataDir, log = silent): Promise<Database> {
  const database = await openDatabase({ databaseUrl: null, dataDir: directory, log })
  databases.push(database)
  return database
}

async function other(directory = dataDir, user = {}): Promise<OtherProcess> {
  const process = await otherProcess(directory, user)
  others.push(process)
  return process
}

async function eventually(what: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 15_000
  while (!(await what().catch(() => false))) {
    if (performance.now() > deadline) throw new Error(`never: ${what}`)
    await delay(20)
  }
}

const numbers = async (database: Database) =>
  (await database.pool.query('select number from written order by number')).rows.map((row) => row.number)

describe('one process', () => {
  test('makes the database at the first start and finds it again at the next', async () => {
    const first = await open()
    await first.pool.query('create table kept as select 42 as answer')
    await first.close()
    expect(await running()).toBeNull()

    const again = await open()
    expect((await again.pool.query('select answer from kept')).rows).toEqual([{ answer: 42 }])
    expect(again.kind).toBe('embedded')
    expect(again.description).toBe(`PostgreSQL 18.4, embedded, in ${dataDir}`)
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
      expect((await stat(scratch)).mode & 0o777).toBe(0o700)
      await open()
      const status = await readFile(`/proc/${await running()}/status`, 'utf8')
      expect(status).toMatch(/^Uid:\s+65534\s+65534\s+65534\s+65534$/m)
      expect(status).toMatch(/^Groups:\s*$/m)
      expect(status).toMatch(/^CapEff:\s+0+$/m)
    },
  )

  test.runIf(isRoot)('as root in a directory of an ordinary user, the server runs as that user', async () => {
    await mkdir(dataDir)
    await chown(dataDir, 4711, 4711)
    await open()
    expect((await stat(data())).uid).toBe(4711)
    expect(await readFile(`/proc/${await running()}/status`, 'utf8')).toMatch(/^Uid:\s+4711\s/m)
  })

  test.runIf(isRoot)('as an ordinary user', async () => {
    await chown(scratch, NOBODY.uid, NOBODY.gid)
    const process = await other(dataDir, NOBODY)
    process.write()
    await eventually(async () => process.written.length > 3)
    await process.close()
    expect(await running()).toBeNull()
  })

  test.runIf(isRoot)('an ordinary user without a name is told to get one', async () => {
    await chown(scratch, 4711, 4711)
    await expect(other(dataDir, { uid: 4711, gid: 4711 })).rejects.toThrow(
      /4711.*Run as a user with an entry in/,
    )
  })

  test.runIf(isRoot)('an ordinary user is told that the directory was first used as root', async () => {
    await (await open()).close()
    await chown(scratch, 4711, 4711)
    await expect(other(dataDir, { uid: 4711, gid: 4711 })).rejects.toThrow(
      /belongs to user 65534, but this is user 4711.*chown -R 4711/,
    )
  })

  test('a path longer than a socket may have', async () => {
    const long = join(scratch, 'd'.repeat(120), 'data')
    const database = await open(long)
    expect((await database.pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    await database.close()
    expect(await runningServer(data(long))).toBeNull()
  })

  test('through a symbolic link', async () => {
    await mkdir(join(scratch, 'real'))
    await symlink(join(scratch, 'real'), dataDir)
    await (await open()).close()
    await open()
  })

  test('only the owner may read the password, the data and the log', async () => {
    await open()
    const modes = ['postgres/password', 'postgres/data', 'postgres.log'].map(async (name) =>
      ((await stat(join(dataDir, name))).mode & 0o777).toString(8),
    )
    expect(await Promise.all(modes)).toEqual(['600', '700', '600'])
  })

  test('nothing listens on the network, and no setting in the directory weakens durability', async () => {
    await (await open()).close()
    const file = join(data(), 'postgresql.auto.conf')
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
    const log = await readFile(join(dataDir, 'postgres.log'), 'utf8')
    expect(log).toContain('ready to accept connections')
    expect(log).not.toContain('hush')
  })

  test('the log is emptied when it grows too long, and the server goes on writing to it', async () => {
    const { pool } = await open()
    const file = join(dataDir, 'postgres.log')
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
    await writeFile(join(data(), 'PG_VERSION'), `${version}\n`)
    await expect(open()).rejects.toThrow(message)
  })

  test('a data directory that is a file', async () => {
    await writeFile(dataDir, '')
    await expect(open()).rejects.toThrow(
      /DATA_DIR: the embedded database can't be kept in .*data \(.*EEXIST.*name a directory/,
    )
  })

  test.runIf(isRoot)('a data directory that is not writable', async () => {
    await mkdir(dataDir)
    await chown(scratch, NOBODY.uid, NOBODY.gid)
    await expect(other(dataDir, NOBODY)).rejects.toThrow(
      /DATA_DIR: .*EACCES.*name a directory that this user can write to/,
    )
  })

  test('broken data: the last words of the server', async () => {
    await (await open()).close()
    await rm(join(data(), 'global', 'pg_control'))
    await expect(open()).rejects.toThrow(/does not start[\s\S]*could not .*pg_control/)
  })

  test('a password that does not fit', async () => {
    const log = recordingLog()
    await (await open()).close()
    await writeFile(join(dataDir, 'postgres', 'password'), 'not the password')
    const refused = await open(dataDir, log).catch((error) => error)
    expect(refused.message).toMatch(/refuses the connection: password authentication failed/)
    expect(refused.message).not.toContain('not the password')
    process.kill((await running()) ?? Number.NaN, 'SIGINT')
    await eventually(async () => (await running()) === null)
  })
})

describe('after a kill', () => {
  test('of the service: the next one goes on with the server that is left, and every acknowledged row is there', async () => {
    const killed = await other()
    killed.write()
    await eventually(async () => killed.written.length > 20)
    const server = await running()
    await killed.kill()

    const database = await open()
    expect(await running()).toBe(server)
    expect(await numbers(database)).toEqual(expect.arrayContaining(killed.written))
    await database.close()
    expect(await running()).toBeNull()
  })

  test('of service and server: the next one starts at once, and every acknowledged row is there', async () => {
    for (let round = 0; round < 3; round += 1) {
      const killed = await other()
      await (await open()).pool.query('drop table if exists written')
      killed.write()
      await eventually(async () => killed.written.length > 20)
      await databases.pop()?.close()
      process.kill((await running()) ?? Number.NaN, 'SIGKILL')
      await killed.kill()

      const database = await open()
      expect(await numbers(database)).toEqual(expect.arrayContaining(killed.written))
      await database.close()
    }
  })

  test('of the server alone: the service starts it again and its connections come back', async () => {
    const log = recordingLog()
    const database = await open(dataDir, log)
    await database.pool.query('select 1')
    const killed = (await running()) ?? Number.NaN
    process.kill(killed, 'SIGKILL')
    await eventually(async () => ![null, killed].includes(await running()))
    await eventually(async () => (await database.pool.query('select 1')).rowCount === 1)
    expect(log.entries).toContain('warn The embedded database is gone; starting it again')
  })

  test.runIf(isRoot)("a lock file whose process number is another's now, as in a container", async () => {
    await (await open()).close()
    const stranger = spawn('sleep', ['60'], NOBODY)
    try {
      await writeFile(
        join(data(), 'postmaster.pid'),
        `${stranger.pid}\n${data()}\n1\n5432\n\n\n 1 1\nready\n`,
        { mode: 0o600 },
      )
      await chown(join(data(), 'postmaster.pid'), NOBODY.uid, NOBODY.gid)
      expect(await running()).toBeNull()
      await open()
      expect(await running()).not.toBe(stranger.pid)
    } finally {
      stranger.kill()
    }
  })

  test('in the middle of the first start: what was half made is not used', async () => {
    await mkdir(join(dataDir, 'postgres.new-0123456789ab', 'data', 'base'), { recursive: true })
    await open()
  })
})

describe('two processes on one directory', () => {
  test('share one server, which stays until the second leaves', async () => {
    const second = await other()
    const database = await open()
    const server = await running()
    second.write()
    await eventually(async () => second.written.length > 3)

    await database.close()
    expect(await running()).toBe(server)
    const before = second.written.length
    await eventually(async () => second.written.length > before + 3)

    await second.close()
    expect(await running()).toBeNull()
  })

  test('the second stays while the first, which started the server, is killed', async () => {
    const first = await other()
    const second = await open()
    await first.kill()
    expect((await second.pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })

  test('that leave at once leave no server', async () => {
    for (let round = 0; round < 3; round += 1) {
      const pair = await Promise.all([open(), open()])
      await Promise.all(pair.map((database) => database.close()))
      expect(await running()).toBeNull()
    }
  })

  test('one that comes while the last one leaves finds a server', async () => {
    await (await open()).close()
    for (let pause = 0; pause < 60; pause += 12) {
      const leaving = (await open()).close()
      await delay(pause)
      const coming = await open()
      await leaving
      expect((await coming.pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
      await coming.close()
    }
  })

  test('eight that make the first start at once end up with one server', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => open()))
    await all[0]?.pool.query('create table seen_by_all ()')
    for (const database of all) await database.pool.query('select from seen_by_all')
  })
})
