import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import type { Database, Log } from '../db/database.ts'
import { WORKER_LOCK } from '../db/locks.ts'

/**
 * A worker's session in the database: it hears of new jobs at their commit, and it holds a shared lock, by which a
 * worker that starts sees whether it is the only one. It comes back by itself after a restart of the database.
 */
export interface WorkerSession {
  /** Calls back with each message; and, since messages may have been missed, after each time the session came back. */
  listen(channel: string, onMessage: (message: string) => void, onReturn: () => void): Promise<void>
  /** Runs `work` if there is no other worker, and keeps others from starting meanwhile. */
  ifAlone(work: () => Promise<void>): Promise<void>
  close(): Promise<void>
}

export async function openWorkerSession(database: Database, log: Log): Promise<WorkerSession> {
  const closing = new AbortController()
  let prepare: (session: pg.Client) => Promise<void> = share
  let current = await open()

  async function open(): Promise<pg.Client> {
    const session = await database.session('jobs')
    try {
      await prepare(session)
    } catch (error) {
      await session.end().catch(() => {})
      throw error
    }
    session.once('end', () => {
      if (!closing.signal.aborted) void comeBack()
    })
    return session
  }

  async function comeBack(): Promise<void> {
    for (let wait = 100; !closing.signal.aborted; wait = Math.min(wait * 2, 5_000)) {
      try {
        await delay(wait, undefined, { signal: closing.signal })
        current = await open()
        if (closing.signal.aborted) await current.end()
        return
      } catch (error) {
        if (!closing.signal.aborted) log.debug(`no session for jobs yet: ${(error as Error).message}`)
      }
    }
  }

  return {
    async listen(channel, onMessage, onReturn) {
      prepare = async (session) => {
        await share(session)
        session.on('notification', ({ payload }) => onMessage(payload ?? ''))
        await session.query(`listen ${session.escapeIdentifier(channel)}`)
        onReturn()
      }
      await prepare(current)
    },
    async ifAlone(work) {
      if (!(await exclusive(current))) return
      try {
        await work()
      } finally {
        await current.query('select pg_advisory_unlock($1, $2)', [...WORKER_LOCK])
      }
    },
    async close() {
      closing.abort()
      await current.end().catch(() => {})
    },
  }
}

/** Taken once a session, however often it is called: PostgreSQL counts. */
async function share(session: pg.Client): Promise<void> {
  await session.query('select pg_advisory_lock_shared($1, $2)', [...WORKER_LOCK])
}

/** A session's own shared lock is not in its way. */
async function exclusive(session: pg.Client): Promise<boolean> {
  const { rows } = await session.query('select pg_try_advisory_lock($1, $2) as alone', [...WORKER_LOCK])
  return rows[0].alone
}
