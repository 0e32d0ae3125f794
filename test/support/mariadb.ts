import { spawn, spawnSync } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createConnection } from 'mysql2/promise'
import { freePort } from './postgres15.ts'

const SERVER = '/usr/sbin/mariadbd'
/** Whether this machine has it. */
export const hasMariadb = existsSync(SERVER)
const NOBODY = 65_534

/** Starts Debian's MariaDB on a free port of 127.0.0.1, as nobody where this is root. Nothing of it is meant to last. */
export async function startMariadb(): Promise<{ url: string; stop(): Promise<void> }> {
  const directory = mkdtempSync(join(tmpdir(), 'mariadb-'))
  const isRoot = process.getuid?.() === 0
  if (isRoot) chownSync(directory, NOBODY, NOBODY)
  const env = { PATH: process.env.PATH ?? '', TMPDIR: directory }
  const as = { cwd: directory, env, ...(isRoot && { uid: NOBODY, gid: NOBODY }) }
  const data = join(directory, 'data')
  const made = spawnSync(
    'mariadb-install-db',
    ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db'],
    { ...as, encoding: 'utf8' },
  )
  const remove = () => rmSync(directory, { recursive: true, force: true })
  if (made.status !== 0) {
    remove()
    throw new Error(`mariadb-install-db failed: ${made.error?.message ?? made.stderr}`)
  }
  const port = await freePort()
  const server = spawn(
    SERVER,
    [
      '--no-defaults',
      `--datadir=${data}`,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      `--socket=${join(directory, 's')}`,
      '--innodb-flush-log-at-trx-commit=0',
    ],
    { ...as, stdio: 'ignore' },
  )
  const exited = new Promise<void>((resolve) => server.once('exit', () => resolve()))
  const abandon = () => {
    server.kill('SIGKILL')
    remove()
  }
  process.once('exit', abandon)
  const url = `mysql://root@127.0.0.1:${port}/logs`
  for (;;) {
    if (server.exitCode !== null) throw new Error('MariaDB does not start')
    const connection = await createConnection({ host: '127.0.0.1', port, user: 'root' }).catch(() => null)
    if (connection) {
      await connection.query('create database logs character set utf8mb4')
      await connection.end()
      break
    }
    await delay(50)
  }
  return {
    url,
    async stop() {
      server.kill('SIGTERM')
      await exited
      process.off('exit', abandon)
      remove()
    },
  }
}
