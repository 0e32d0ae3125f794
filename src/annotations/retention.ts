import { sql } from 'kysely'
import type { Logger } from 'pino'
import type { Database } from '../db/database.ts'

/** An event may be a body of some MB: short transactions, so that nobody waits for one. */
const BATCH = 200
const INTERVAL_MS = 3_600_000
/** Events that could not be processed are what somebody looks at to find out why. */
const PUT_ASIDE_FACTOR = 3

/** @returns how many events were removed: those processed more than `days` ago, and three times that if put aside */
export async function removeOldEvents(
  database: Database,
  days: number,
  signal?: AbortSignal,
): Promise<number> {
  for (let removed = 0; ; ) {
    signal?.throwIfAborted()
    const { numAffectedRows = 0n } = await sql`
      delete from events where id in (
        select id from events
        where processed_at < clock_timestamp() - make_interval(days => ${days}::int)
          and (note is null or note not like 'failed:%'
            or processed_at < clock_timestamp() - make_interval(days => ${days * PUT_ASIDE_FACTOR}::int))
        order by processed_at limit ${BATCH} for update skip locked)`.execute(database.kysely)
    removed += Number(numAffectedRows)
    if (numAffectedRows < BATCH) return removed
  }
}

export interface Retention {
  start(): void
  stop(): Promise<void>
}

/** Removes old events at the start and then hourly; in several processes each takes what the others leave. 0 days: never. */
export function createRetention(
  database: Database,
  days: number,
  log: Pick<Logger, 'info' | 'warn'>,
): Retention {
  const stopping = new AbortController()
  let timer: NodeJS.Timeout | undefined
  let working: Promise<void> = Promise.resolve()
  const remove = () => {
    working = working
      .then(() => removeOldEvents(database, days, stopping.signal))
      .then((removed) => {
        if (removed > 0) log.info({ removed }, 'old events were removed')
      })
      .catch((error) => {
        if (!stopping.signal.aborted) log.warn({ err: error }, 'old events are removed later')
      })
  }
  return {
    start() {
      if (days === 0) return
      timer = setInterval(remove, INTERVAL_MS)
      remove()
    },
    async stop() {
      clearInterval(timer)
      stopping.abort()
      await working
    },
  }
}
