import { sql } from 'kysely'
import type { Database } from '../db/database.ts'

/** Where reviewers had to change most, and in which window's logs that was. */
export interface Failures {
  window: { from: string; to: string }
  /** Strata with changed tasks, at a rate that is no lower than that of all tasks. */
  strata: string[]
}

/**
 * The failures of a monitor's newest run that somebody has reviewed; runs that look at failures alone do not count.
 * Null where there is none, or where nothing was changed.
 */
export async function latestFailures(db: Database['kysely'], monitorId: string): Promise<Failures | null> {
  const { rows } = await sql<{ window_from: string; window_to: string; strata: string[] | null }>`
    select window_from, window_to, (
      select array_agg(stratum.key order by stratum.key) from tallies as stratum
      where stratum.project_id = total.project_id and stratum.dimension = 'stratum' and stratum.changed > 0
        and stratum.changed * total.count >= total.changed * stratum.count) as strata
    from runs join tallies as total on total.project_id = runs.project_id and total.dimension = 'total'
    where monitor_id = ${monitorId} and status = 'ready' and definition->'focus' is null and total.count > 0
    order by window_from desc, window_to desc, created_at desc
    limit 1`.execute(db)
  const [row] = rows
  return row?.strata ? { window: { from: row.window_from, to: row.window_to }, strata: row.strata } : null
}

/** The records, as `object@offset`, of which a task of the monitor's runs has an annotation, be it a skipped one. */
export async function reviewedRecords(db: Database['kysely'], monitorId: string): Promise<Set<string>> {
  const { rows } = await sql<{ source: string }>`
    select run_tasks.meta->>'source' as source
    from runs join run_tasks on run_tasks.run_id = runs.id
      join tasks on tasks.project_id = runs.project_id and tasks.task_id = run_tasks.task_id
    where monitor_id = ${monitorId} and tasks.present and tasks.outcome->>'state' <> 'unreviewed'`.execute(db)
  return new Set(rows.map(({ source }) => source))
}
