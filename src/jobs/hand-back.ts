import type pg from 'pg'
import type { Log } from '../db/database.ts'

/**
 * Hands running jobs to whoever is free next, at once and without counting the attempt, which ended for the worker's
 * sake and not the job's. pg-boss itself knows only failures, which are counted and wait for the retry's delay. Its
 * fences hold: the next attempt has another number, so whatever the former one still reports is ignored.
 */
export async function handBack(pool: pg.Pool, ids: readonly string[], log: Log): Promise<void> {
  for (const id of ids) {
    try {
      await pool.query(
        `update pgboss.job set state = 'retry', retry_limit = retry_limit + 1, start_after = now(), heartbeat_on = null
         where id = $1 and state = 'active'`,
        [id],
      )
    } catch (error) {
      // E.g. another job with its key waits for a retry already. The heartbeat takes care of it.
      log.debug(`job ${id} is not handed back: ${(error as Error).message}`)
    }
  }
}

/** The same for all running jobs of these names: what killed workers left behind. */
export async function handBackAll(pool: pg.Pool, names: readonly string[], log: Log): Promise<void> {
  const { rows } = await pool.query<{ id: string }>(
    `select id from pgboss.job where state = 'active' and name = any($1)`,
    [names],
  )
  if (rows.length > 0) log.info(`${rows.length} jobs go on that a former process left`)
  await handBack(
    pool,
    rows.map((row) => row.id),
    log,
  )
}
