import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'

const BIN = process.env.POSTGRESQL_15_BIN ?? '/usr/lib/postgresql/15/bin'
/** Whether this machine has it. */
export const hasPostgres15 = existsSync(join(BIN, 'initdb'))
const HELP = `usage: node test/support/postgres15.ts [command …]
Starts Debian's PostgreSQL 15 in a scratch directory. Runs the command with TEST_DATABASE_URL naming it, and ends with
the command's exit code; without a command, prints the URL and runs until Ctrl-C.`

export interface Postgres15 {
  url: string
  /** Ends the server; its data and its port are kept for `up`. */
  down(): Promise<void>
  up(): Promise<void>
  stop(): Promise<void>
}

/** Starts PostgreSQL 15 on a free port of 127.0.0.1, as nobody where this is root. Nothing of it is meant to last. */
export async function startPostgres15(): Promise<Postgres15> {
  const directory = mkdtempSync(join(tmpdir(), 'label-studio-monitor-postgres15-'))
  chmodSync(directory, 0o711)
  const data = join(directory, 'data')
  mkdirSync(data)
  const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
  if (user.uid) chownSync(data, user.uid, user.gid)

  const options = {
    ...user,
    cwd: data,
    encoding: 'utf8',
    env: { PATH: process.env.PATH ?? '', LC_ALL: 'C' },
  } as const
  const made = spawnSync(
    join(BIN, 'initdb'),
    ['-D', data, '--username=postgres', '--auth=trust', '--encoding=UTF8', '--locale=C.UTF-8', '--no-sync'],
    options,
  )
  if (made.status !== 0) {
    rmSync(directory, { recursive: true, force: true })
    throw new Error(`initdb of PostgreSQL 15 failed: ${made.error?.message ?? made.stderr}`)
  }

  const port = await freePort()
  const logFile = join(directory, 'log')
  const log = openSync(logFile, 'a')
  const settings = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    fsync: 'off',
    max_connections: 200,
  }
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  let server: ChildProcess
  let exited: Promise<void>
  const up = async () => {
    server = spawn(
      join(BIN, 'postgres'),
      ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      { ...options, detached: true, stdio: ['ignore', log, log] },
    )
    exited = new Promise<void>((resolve) => server.once('exit', () => resolve()))
    while (!(await answers(url))) {
      if (server.exitCode !== null)
        throw new Error(`PostgreSQL 15 does not start:\n${readFileSync(logFile, 'utf8')}`)
      await delay(20)
    }
  }
  const down = async () => {
    server.kill('SIGINT')
    await exited
  }
  const abandon = () => {
    server.kill('SIGQUIT')
    rmSync(directory, { recursive: true, force: true })
  }
  process.once('exit', abandon)
  await up()
  return {
    url,
    down,
    up,
    async stop() {
      await down()
      process.off('exit', abandon)
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  try {
    await client.connect()
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => {})
  }
}

async function main([command, ...rest]: string[]): Promise<number> {
  if (command === '--help') {
    console.log(HELP)
    return 0
  }
  const server = await startPostgres15()
  try {
    if (command === undefined) {
      console.log(server.url)
      const kept = setInterval(() => {}, 1 << 30)
      await new Promise((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve))
      clearInterval(kept)
      return 0
    }
    process.on('SIGINT', () => {}) // the command gets it too, and its end is waited for
    const child = spawn(command, rest, {
      stdio: 'inherit',
      env: { ...process.env, TEST_DATABASE_URL: server.url },
    })
    return await new Promise<number>((resolve, reject) =>
      child.once('error', reject).once('exit', (code) => resolve(code ?? 1)),
    )
  } finally {
    await server.stop()
  }
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2))
