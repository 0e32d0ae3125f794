import { sql } from 'kysely'
import type { Database } from '../db/database.ts'
import type { Found } from '../logs/allocation.ts'

/**
 * What reviewers found in each stratum of a monitor's newest run that has reviews and the same `sample.by`; runs that
 * look at failures alone do not count. Null where there is none.
 */
export async function latestStrata(
  db: Database['kysely'],
  monitorId: string,
  by: string,
): Promise<Found[] | null> {
  const { rows } = await sql<Found>`
    with latest as (
      select runs.project_id from runs
        join tallies as total on total.project_id = runs.project_id and total.dimension = 'total'
      where monitor_id = ${monitorId} and status = 'ready' and definition->'focus' is null
        and definition->'sample'->>'by' = ${by} and total.count > 0
      order by window_from desc, window_to desc, created_at desc
      limit 1
    )
    select key, count as reviewed, changed from tallies join latest using (project_id)
    where dimension = 'stratum' and count > 0
    order by key`.execute(db)
  return rows.length === 0 ? null : rows
}
