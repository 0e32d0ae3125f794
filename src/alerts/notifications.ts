import { sql } from 'kysely'
import type { Run } from '../contract/types.ts'
import type { Database } from '../db/database.ts'

/** How a delivery stands, as a run shows it. */
export type Notification = Run['notifications'][number]

/** Reminders go on for as long as a threshold fails. */
const LAST = 100

/** The last deliveries of each of some runs, the oldest first. */
export async function notificationsOf(
  db: Database['kysely'],
  runs: string[],
): Promise<Map<string, Notification[]>> {
  if (runs.length === 0) return new Map()
  const rows = await db
    .selectFrom((from) =>
      from
        .selectFrom('deliveries')
        .select([
          'id',
          'run_id',
          'kind',
          'type',
          'recipients',
          'state',
          'attempts',
          'error',
          'next_attempt_at',
        ])
        .select('created_at')
        .select(sql<number>`row_number() over (partition by run_id order by created_at desc, id)`.as('age'))
        .where('run_id', 'in', runs)
        .as('each'),
    )
    .selectAll()
    .where('age', '<=', LAST)
    .orderBy('created_at')
    .orderBy('kind')
    .orderBy(sql`recipients::text`)
    .execute()
  const byRun = Map.groupBy(rows, (row) => row.run_id as string)
  return new Map(
    [...byRun].map(([run, deliveries]) => [
      run,
      deliveries.map(({ kind, type, recipients, state, attempts, error, next_attempt_at }) => ({
        kind,
        type,
        to: recipients,
        state,
        attempts,
        error,
        next_attempt_at: next_attempt_at?.toISOString() ?? null,
      })),
    ]),
  )
}
