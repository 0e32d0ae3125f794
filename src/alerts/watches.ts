import { sql } from 'kysely'
import type { Transaction } from '../db/database.ts'

/**
 * Notes that a project's numbers have moved, for the watch to look at its thresholds once the transaction is
 * committed; many notes are one look. The caller holds the project's lock.
 */
export async function noteMoved(tx: Transaction, project: number): Promise<void> {
  await noteDue(tx, project, null)
}

/** Notes when to look at a project's thresholds, unless it is to be sooner anyway. @param at null: now */
export async function noteDue(tx: Transaction, project: number, at: Date | null): Promise<void> {
  await sql`
    insert into watches (project_id, due_at) values (${project}, coalesce(${at}, clock_timestamp()))
    on conflict (project_id) do update set due_at = least(watches.due_at, excluded.due_at)`.execute(tx)
}

/**
 * Notes that a monitor's thresholds may be others now: they are looked at for its newest project, and for those with
 * an open alert. Other old ones are not judged by what nobody asked of them then.
 */
export async function noteChangedMonitor(tx: Transaction, monitor: string): Promise<void> {
  await sql`
    with mine as (
      select projects.project_id from projects join runs on runs.id = projects.run_id
      where monitor_id = ${monitor}
    )
    insert into watches (project_id, due_at)
    select project_id, clock_timestamp() from mine
    where project_id = (select max(project_id) from mine)
      or exists (select from alerts where alerts.project_id = mine.project_id and state <> 'ok')
    order by project_id
    on conflict (project_id) do update set due_at = least(watches.due_at, excluded.due_at)`.execute(tx)
}
