import { setTimeout as sleep } from 'node:timers/promises'
import { type Database, openDatabase } from '../../../src/db/database.ts'
import { silent } from '../../support/log.ts'
import { WEBHOOK_SECRET } from './service.ts'

export interface MarkedEvents {
  /** Marks of the events that the service acknowledged. */
  acknowledged: number[]
  /** When each was, in seconds since 1970. */
  acknowledgedAt: number[]
  /** Answers by status; 0: none, e.g. because the process is gone. */
  answers: Map<number, number>
  /** The `Retry-After` of every 503. */
  retryAfter: (string | null)[]
  stop(): Promise<void>
}

/**
 * Sends events, each marked with a number of its own and sent once, several at a time, until it is stopped.
 *
 * @param bodyOf what an event says; it must be a repetition of what is known, so that it counts for nothing
 */
export function sendMarkedEvents(
  url: string,
  bodyOf: () => Record<string, unknown> | null,
  { atOnce = 4, pauseMs = 5, firstMark = 0 } = {},
): MarkedEvents {
  const answers = new Map<number, number>()
  const acknowledged: number[] = []
  const acknowledgedAt: number[] = []
  const retryAfter: (string | null)[] = []
  let mark = firstMark
  let stopped = false
  const send = async () => {
    while (!stopped) {
      const body = bodyOf()
      if (body === null) {
        await sleep(20)
        continue
      }
      const own = ++mark
      const response = await fetch(`${url}/webhook`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-webhook-secret': WEBHOOK_SECRET },
        body: JSON.stringify({ ...body, mark: own }),
      }).catch(() => null)
      const status = response?.status ?? 0
      answers.set(status, (answers.get(status) ?? 0) + 1)
      if (response?.ok) {
        acknowledged.push(own)
        acknowledgedAt.push(Date.now() / 1000)
      }
      if (status === 503) retryAfter.push(response?.headers.get('retry-after') ?? null)
      await response?.arrayBuffer().catch(() => {})
      await sleep(status === 202 ? pauseMs : 50)
    }
  }
  const working = Array.from({ length: atOnce }, send)
  return {
    acknowledged,
    acknowledgedAt,
    answers,
    retryAfter,
    async stop() {
      stopped = true
      await Promise.all(working)
    },
  }
}

export interface StoredMarks {
  /** Acknowledged, but not stored. */
  lost: number[]
  /** Stored more than once. */
  doubled: number[]
  stored: number
}

/** Holds the stored events against the acknowledged ones, and waits until all of them are processed. */
export async function storedMarks(
  where: { databaseUrl: string } | { dataDir: string },
  acknowledged: number[],
): Promise<StoredMarks> {
  const database = await openDatabase({ databaseUrl: null, dataDir: '', ...where, log: silent })
  try {
    const { pool } = database
    for (const giveUpAt = Date.now() + 60_000; ; await sleep(50)) {
      const { rows } = await pool.query('select count(*) as waiting from events where processed_at is null')
      if (rows[0].waiting === 0) break
      if (Date.now() > giveUpAt) throw new Error(`${rows[0].waiting} events are still not processed`)
    }
    return await compareMarks(database, acknowledged)
  } finally {
    await database.close()
  }
}

export async function compareMarks({ pool }: Database, acknowledged: number[]): Promise<StoredMarks> {
  const { rows } = await pool.query<{ mark: string; times: number }>(
    `select mark, count(*) as times from (select substring(convert_from(body, 'UTF8') from '"mark":(\\d+)') as mark
     from events) as marked where mark is not null group by mark`,
  )
  const times = new Map(rows.map(({ mark, times }) => [Number(mark), times]))
  return {
    lost: acknowledged.filter((mark) => !times.has(mark)),
    doubled: [...times].filter(([, count]) => count > 1).map(([mark]) => mark),
    stored: times.size,
  }
}
