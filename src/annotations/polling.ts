import type { Logger } from 'pino'
import type { Database } from '../db/database.ts'
import type { FollowUpJobs } from './follow-up.ts'

/** Projects whose webhook Label Studio refused live by this alone. */
const POLL_MS = 10_000

export interface Polling {
  start(): void
  stop(): void
}

/**
 * Asks Label Studio for changes where it does not tell them: often for projects without a webhook, now and then for
 * all others, because webhooks get lost.
 *
 * @param reconcileSeconds between two comparisons of all projects, the first of them at the start; 0 is never
 */
export function createPolling(
  database: Database,
  jobs: FollowUpJobs,
  reconcileSeconds: number,
  log: Logger,
): Polling {
  const timers: NodeJS.Timeout[] = []
  const quietly = (work: () => Promise<void>) => () => {
    work().catch((error) => log.warn({ err: error }, 'projects could not be looked up; tried again soon'))
  }
  const pollPolled = quietly(() => jobsFor(database, jobs, 'polled'))
  const reconcileAll = quietly(() => jobsFor(database, jobs, 'all'))
  const recomputeAll = quietly(() => database.kysely.transaction().execute((tx) => jobs.recomputeAll(tx)))
  return {
    start() {
      recomputeAll()
      timers.push(setInterval(pollPolled, POLL_MS))
      if (reconcileSeconds === 0) return
      reconcileAll()
      timers.push(setInterval(reconcileAll, reconcileSeconds * 1000))
    },
    stop() {
      for (const timer of timers) clearInterval(timer)
    },
  }
}

async function jobsFor(database: Database, jobs: FollowUpJobs, which: 'polled' | 'all'): Promise<void> {
  await database.kysely.transaction().execute(async (tx) => {
    if (which === 'all') return jobs.reconcileAll(tx)
    const rows = await tx
      .selectFrom('projects')
      .select('project_id')
      .where('polled', '=', true)
      .where('gone', '=', false)
      .orderBy('project_id')
      .execute()
    for (const { project_id } of rows) await jobs.reconcile(tx, project_id)
  })
}
