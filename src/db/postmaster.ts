import { spawn } from 'node:child_process'
import { copyFile, open, readFile, rm, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Cluster, fromInside, surroundings } from './cluster.ts'

/** In ms: a fast stop ends transactions and writes one checkpoint; after that the server is told to drop everything. */
const FAST_STOP = 10_000
const IMMEDIATE_STOP = 5_000
const LOG_LIMIT_BYTES = 4 * 1024 * 1024

/** Written on the command line, so that no file in the data directory can switch durability off. */
const SETTINGS = {
  listen_addresses: '',
  port: '5432',
  unix_socket_permissions: '0700',
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  max_connections: '100',
  shared_buffers: '128MB',
  max_wal_size: '512MB',
  // Parallel queries need /dev/shm, which is small in containers; the service's queries are short.
  max_parallel_workers_per_gather: '0',
  max_parallel_maintenance_workers: '0',
  timezone: 'UTC',
  log_timezone: 'UTC',
  // Failed statements are the service's to report; here they would put rows of users' data into a file.
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_checkpoints: 'off',
  logging_collector: 'off',
}

/** How a server ended that this process started. */
export interface Ended {
  /** The last lines it wrote, or why it didn't start at all. */
  readonly said: string
  /** It ended for another server's sake, starting or not yet gone: worth another try. */
  readonly inTheWay: boolean
}

export interface Started {
  /** Null while it runs. */
  ended: Ended | null
}

/** Starts the server of a cluster. It survives this process, takes no part in its signals and doesn't keep it alive. */
export async function startServer(cluster: Cluster): Promise<Started> {
  const { data, user, programs, logFile } = cluster
  await removeMisleadingLocks(data)
  const settings = { ...SETTINGS, unix_socket_directories: fromInside(data) }
  const log = await open(logFile, 'a', 0o600)
  const { size } = await log.stat()
  try {
    const child = spawn(
      programs.postgres,
      [
        '-D',
        fromInside(data),
        ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ],
      // Its own process group: Ctrl-C in the terminal reaches the service, which stops the server last.
      { ...surroundings(data, user), detached: true, stdio: ['ignore', log.fd, log.fd] },
    )
    child.unref()
    const started: Started = { ended: null }
    child.once('error', (error) => {
      started.ended = { said: error.message, inTheWay: false }
    })
    child.once('exit', async (code) => {
      const said = await tail(logFile, size)
      started.ended = { said, inTheWay: code === 0 || /lock file|shared memory block/.test(said) }
    })
    return started
  } finally {
    await log.close()
  }
}

/**
 * The process number of the server that runs on a data directory, null for none. `postmaster.pid` may outlive its
 * server and then name anything: on Linux the process must also stand in that directory, as the server does.
 */
export async function runningServer(data: string): Promise<number | null> {
  const pid = await processIn(join(data, 'postmaster.pid'))
  if (pid === null) return null
  try {
    if (fromInside(data) === data) return pid
    const [at, wanted] = [await stat(`/proc/${pid}/cwd`), await stat(data)]
    return at.dev === wanted.dev && at.ino === wanted.ino ? pid : null
  } catch {
    return null
  }
}

/** The process that a lock file names, if there is one; a zombie counts. */
async function processIn(lockFile: string): Promise<number | null> {
  const pid = Number.parseInt(await readFile(lockFile, 'utf8').catch(() => ''), 10)
  try {
    return pid > 0 && process.kill(pid, 0) ? pid : null
  } catch {
    return null
  }
}

/**
 * PostgreSQL sees by itself that a lock file's process is gone, but not that its number has been given to another:
 * usual in containers, where each start counts from 1.
 */
async function removeMisleadingLocks(data: string): Promise<void> {
  for (const name of ['postmaster.pid', '.s.PGSQL.5432.lock']) {
    const lockFile = join(data, name)
    if ((await processIn(lockFile)) !== null && (await runningServer(data)) === null)
      await rm(lockFile, { force: true })
  }
}

/** Stops the server and waits until it is gone; false when it is still there after the deadlines. */
export async function stopServer(data: string): Promise<boolean> {
  for (const [signal, patience] of [
    ['SIGINT', FAST_STOP],
    ['SIGQUIT', IMMEDIATE_STOP],
  ] as const) {
    const pid = await runningServer(data)
    if (pid === null) return true
    process.kill(pid, signal)
    const deadline = performance.now() + patience
    while (performance.now() < deadline) {
      if ((await runningServer(data)) === null) return true
      await delay(5)
    }
  }
  return false
}

/** Keeps the log bounded: the server appends, so its file can be emptied under it. One former file stays. */
export async function boundLog(logFile: string, limit = LOG_LIMIT_BYTES): Promise<void> {
  const { size } = await stat(logFile)
  if (size <= limit) return
  await copyFile(logFile, `${logFile}.1`)
  await truncate(logFile)
}

async function tail(logFile: string, from: number): Promise<string> {
  const log = await readFile(logFile).catch(() => Buffer.alloc(0))
  const text = log.subarray(from).toString('utf8')
  return text.trim().split('\n').slice(-6).join('\n  ')
}
