import { sql } from 'kysely'
import type { Database, Transaction } from '../db/database.ts'
import type { MonitorThreshold } from '../evaluations/evaluation.ts'
import type { Alert } from './transition.ts'

/** What was last announced of each threshold, in their order; null of those that never were. */
export async function readAlerts(
  db: Database['kysely'],
  project: number,
  thresholds: readonly MonitorThreshold[],
): Promise<(Alert | null)[]> {
  const rows = await db
    .selectFrom('alerts')
    .select(['threshold', 'state', 'since', 'notified_at'])
    .where('project_id', '=', project)
    .execute()
  const byKey = new Map(rows.map(({ threshold, ...alert }) => [threshold, alert]))
  return thresholdKeys(thresholds).map((key) => byKey.get(key) ?? null)
}

/**
 * Keeps what is announced of each threshold, and forgets thresholds that the monitor no longer has.
 *
 * @param alerts those that have changed, others null
 */
export async function writeAlerts(
  tx: Transaction,
  project: number,
  thresholds: readonly MonitorThreshold[],
  alerts: readonly (Alert | null)[],
): Promise<void> {
  const keys = thresholdKeys(thresholds)
  await tx
    .deleteFrom('alerts')
    .where('project_id', '=', project)
    .where('threshold', '<>', sql<string>`all(${keys}::text[])`)
    .execute()
  const rows = alerts.flatMap((alert, index) =>
    alert ? [{ project_id: project, threshold: keys[index] as string, ...alert }] : [],
  )
  if (rows.length === 0) return
  await tx
    .insertInto('alerts')
    .values(rows)
    .onConflict((conflict) =>
      conflict.columns(['project_id', 'threshold']).doUpdateSet(({ ref }) => ({
        state: ref('excluded.state'),
        since: ref('excluded.since'),
        notified_at: ref('excluded.notified_at'),
      })),
    )
    .execute()
}

/**
 * What tells the thresholds of a monitor apart, in their order: the metric, of which tasks, and on which side it is
 * bounded; not how far, so that a bound that is moved is still the same threshold. Of several alike the order counts.
 */
export function thresholdKeys(thresholds: readonly MonitorThreshold[]): string[] {
  const seen = new Map<string, number>()
  return thresholds.map(({ metric, model_version = null, stratum = null, max, min }) => {
    const sides = [max != null && 'max', min != null && 'min'].filter(Boolean).join(' ')
    const key = JSON.stringify([metric, model_version, stratum, sides])
    const count = (seen.get(key) ?? 0) + 1
    seen.set(key, count)
    return count === 1 ? key : `${key} ${count}`
  })
}
