import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { type Cluster, openCluster, SUPERUSER } from './cluster.ts'
import type { Log } from './database.ts'
import { PRESENCE_LOCK } from './locks.ts'
import { boundLog, runningServer, type Started, startServer, stopServer } from './postmaster.ts'
import { DatabaseStartError } from './start-error.ts'
import { isTransient } from './transient.ts'

/** In ms without any sign of life; a server that recovers from a crash says so and may take longer. */
const START_PATIENCE = 30_000
const LOG_CHECK_INTERVAL = 60_000
/** A Unix socket's path has room for 103 bytes on macOS and 107 on Linux. */
const LONGEST_SOCKET_PATH = 103

export interface Embedded {
  readonly connection: Readonly<pg.ClientConfig>
  /** The server's major version. */
  readonly major: number
  /** Leaves the server, and stops it when no other process uses it. */
  close(): Promise<void>
}

/**
 * Opens the embedded server of a data directory: the one that runs, be it another process's or one left over by a
 * killed process, else a new one. Each process holds a session with a shared lock in it; whoever gets the lock for
 * itself when it leaves is the last and stops the server. That needs no bookkeeping outside the server: the sessions
 * of killed processes end with them. When the server dies under its processes, each tries to start it again.
 */
export async function openEmbedded({ dataDir, log }: { dataDir: string; log: Log }): Promise<Embedded> {
  const cluster = await openCluster(dataDir)
  const socket = await socketDirectory(cluster.data)
  const connection = {
    host: socket.path,
    port: 5432,
    user: SUPERUSER,
    password: cluster.password,
    database: 'postgres',
    ssl: false,
  }
  const closing = new AbortController()

  async function join(): Promise<pg.Client> {
    const session = await attend({ cluster, connection, log, signal: closing.signal })
    session.once('end', () => {
      if (!closing.signal.aborted) presence = rejoin()
    })
    // A program that forgot to close the database still ends.
    keepAlive(session, false)
    return session
  }

  async function rejoin(): Promise<pg.Client> {
    log.warn('The embedded database is gone; starting it again')
    for (let wait = 500; ; wait = Math.min(wait * 2, 5_000)) {
      try {
        return await join()
      } catch (error) {
        closing.signal.throwIfAborted()
        log.error(`The embedded database could not be started again: ${(error as Error).message}`)
        await delay(wait, undefined, { signal: closing.signal })
      }
    }
  }

  let presence: Promise<pg.Client> = join()
  await presence.catch(async (error) => {
    await socket.remove()
    throw error
  })
  const logTimer = setInterval(() => {
    boundLog(cluster.logFile).catch((error) => log.warn(`postgres.log can't be shortened: ${error.message}`))
  }, LOG_CHECK_INTERVAL).unref()

  return {
    connection,
    major: cluster.programs.major,
    async close() {
      closing.abort()
      clearInterval(logTimer)
      const session = await presence.catch(() => null)
      if (session !== null) {
        keepAlive(session, true)
        if ((await isLast(session)) && !(await stopServer(cluster.data))) {
          log.warn('The embedded database did not stop in time; the next start goes on with it')
        }
        await session.end().catch(() => {})
      }
      await socket.remove()
    },
  }
}

/** A session in the running server that shares the presence lock; starts the server where none runs. */
async function attend(place: {
  cluster: Cluster
  connection: pg.ClientConfig
  log: Log
  signal: AbortSignal
}): Promise<pg.Client> {
  const { cluster, connection, log, signal } = place
  let started: Started | null = null
  let deadline = performance.now() + START_PATIENCE
  for (;;) {
    signal.throwIfAborted()
    const session = new pg.Client({ ...connection, application_name: 'label-studio-monitor presence' })
    session.on('error', () => {}) // the session's end says it too
    try {
      await session.connect()
      await session.query('select pg_advisory_lock_shared($1, $2)', [...PRESENCE_LOCK])
      return session
    } catch (error) {
      await session.end().catch(() => {})
      if (!isTransient(error)) throw notAdmitted(cluster, error as Error)
      // "The database system is starting up", or shutting down: it lives.
      if ((error as { code?: string }).code === '57P03') deadline = performance.now() + START_PATIENCE
    }
    const { said, inTheWay } = started?.ended ?? { said: '', inTheWay: true }
    if (!inTheWay)
      throw new DatabaseStartError(`The embedded database does not start in ${cluster.data}:\n  ${said}`)
    const pid = await runningServer(cluster.data)
    if (performance.now() > deadline) {
      throw new DatabaseStartError(
        pid === null
          ? `The embedded database does not start in ${cluster.data}:\n  ${said || `see ${cluster.logFile}`}`
          : `A PostgreSQL server (process ${pid}) holds ${cluster.data} but does not answer; stop it and start again.`,
      )
    }
    if (pid === null && (started === null || started.ended !== null)) {
      if (started === null) log.debug(`starting PostgreSQL in ${cluster.data}`)
      else await delay(100) // what was in the way is still being cleared away
      started = await startServer(cluster)
    }
    await delay(5)
  }
}

function notAdmitted(cluster: Cluster, error: Error): Error {
  return new DatabaseStartError(
    `The embedded database in ${cluster.data} refuses the connection: ${error.message}. ` +
      `If its password was changed, write it to ${join(cluster.data, '..', 'password')}.`,
    { cause: error },
  )
}

/** Whether an open session keeps this process from ending; `pg` documents both methods, its types leave them out. */
function keepAlive(session: pg.Client, keeps: boolean): void {
  const handle = session as unknown as { ref(): void; unref(): void }
  if (keeps) handle.ref()
  else handle.unref()
}

/** Lets go of the lock before trying to get it alone: of two that leave at once, neither waits for the other. */
async function isLast(session: pg.Client): Promise<boolean> {
  const text = 'select pg_advisory_unlock_shared($1, $2), pg_try_advisory_lock($1, $2) as alone'
  const result = await session.query(text, [...PRESENCE_LOCK]).catch(() => null)
  return result?.rows[0].alone ?? false
}

/** The directory by which clients find the socket; where its path is too long, a short name for it. */
async function socketDirectory(data: string): Promise<{ path: string; remove(): Promise<void> }> {
  if (Buffer.byteLength(join(data, '.s.PGSQL.5432')) <= LONGEST_SOCKET_PATH)
    return { path: data, async remove() {} }
  const directory = await mkdtemp('/tmp/label-studio-monitor-')
  const path = join(directory, 'data')
  await symlink(data, path)
  return { path, remove: () => rm(directory, { recursive: true, force: true }) }
}
