import { spawn } from 'node:child_process'
import { chown, mkdir, readdir, readFile, readlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Database } from '../../src/db/database.ts'
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

const numbers = async (database: Database) =>
  (await database.pool.query('select number from written order by number')).rows.map((row) => row.number)

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
      const before = await open()
      await before.pool.query('drop table if exists written')
      await before.close()
      killed.write()
      await eventually(async () => killed.written.length > 20)
      process.kill((await running()) ?? Number.NaN, 'SIGKILL')
      await killed.kill()

      const database = await open()
      expect(await numbers(database)).toEqual(expect.arrayContaining(killed.written))
      await database.close()
    }
  })

  test('of the server alone: the service starts it again and its connections come back', async () => {
    const log = recordingLog()
    const database = await open(dataDirectory(), log)
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
        join(clusterDirectory(), 'postmaster.pid'),
        `${stranger.pid}\n${clusterDirectory()}\n1\n5432\n\n\n 1 1\nready\n`,
        { mode: 0o600 },
      )
      await chown(join(clusterDirectory(), 'postmaster.pid'), NOBODY.uid, NOBODY.gid)
      expect(await running()).toBeNull()
      await open()
      expect(await running()).not.toBe(stranger.pid)
    } finally {
      stranger.kill()
    }
  })

  test('in the middle of the first start: what was half made is not used', async () => {
    await mkdir(join(dataDirectory(), 'postgres.new-0123456789ab', 'data', 'base'), { recursive: true })
    await open()
  })
})

test.runIf(process.platform === 'linux')(
  'Ctrl-C in the terminal does not reach the programs that make and run the database',
  async () => {
    /** Process groups of the programs that work below the scratch directory. */
    const groups = async (program: string) => {
      const found: string[] = []
      for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
        const at = await readlink(`/proc/${pid}/cwd`).catch(() => '')
        const [name] = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0')
        const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
        const group = stat.replace(/^.*\) /s, '').split(' ')[2]
        if (at.startsWith(scratchDirectory()) && name?.endsWith(program)) found.push(group ?? '')
      }
      return found
    }
    const own = (await readFile('/proc/self/stat', 'utf8')).replace(/^.*\) /s, '').split(' ')[2]
    const opening = open()
    let making: string[] = []
    await eventually(async () => {
      making = await groups('/initdb')
      return making.length > 0
    })
    await opening
    const running = await groups('/postgres')
    expect(running.length).toBeGreaterThan(0)
    expect([...making, ...running]).not.toContain(own)
  },
)

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

  test('five that make the first start at once end up with one server', async () => {
    const all = await Promise.all(Array.from({ length: 5 }, () => open()))
    await all[0]?.pool.query('create table seen_by_all ()')
    for (const database of all) await database.pool.query('select from seen_by_all')
  })
})
