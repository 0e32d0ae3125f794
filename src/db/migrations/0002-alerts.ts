import { type Kysely, sql } from 'kysely'

/** What thresholds announced, when to look at them next, and what a delivery is about. All written by alerts/. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const statements = [
    // what was last announced of a threshold; no row: nothing ever
    sql`create table alerts (
      project_id bigint not null references projects (project_id) on delete cascade,
      threshold text not null,
      state text not null check (state in ('ok', 'warning', 'fail')),
      since timestamptz not null,
      notified_at timestamptz,
      primary key (project_id, threshold)
    )`,
    // projects whose thresholds are to be looked at, and from when on; a reference would lock the project's row, which
    // whoever moves its numbers holds while waiting for the row here
    sql`create table watches (
      project_id bigint primary key,
      due_at timestamptz not null
    )`,
    sql`create index watches_due on watches (due_at)`,
    sql`alter table deliveries add column type text, add column next_attempt_at timestamptz`,
    sql`update deliveries set type = case when runs.status = 'failed' then 'run.failed' else 'run.ready' end
      from runs where runs.id = deliveries.run_id`,
    sql`update deliveries set type = 'run.ready' where type is null`,
    sql`alter table deliveries alter column type set not null`,
  ]
  for (const statement of statements) await statement.execute(db)
}
