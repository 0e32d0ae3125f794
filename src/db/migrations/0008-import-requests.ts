import { type Kysely, sql } from 'kysely'

/** A row for each request that asks Label Studio to import tasks: `run_tasks.sent_at` told of the last one only. Written by runs/. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const statements = [
    sql`create table import_requests (
      id bigint generated always as identity primary key,
      run_id uuid not null references runs (id) on delete cascade,
      first_position integer not null,
      last_position integer not null,
      sent_at timestamptz not null default clock_timestamp()
    )`,
    sql`create index import_requests_by_run on import_requests (run_id)`,
    // of those whose answer nobody heard; the tasks of one were marked within milliseconds
    sql`insert into import_requests (run_id, first_position, last_position, sent_at)
      select run_id, min(position), max(position), max(sent_at) from run_tasks
      where sent_at is not null and task_id is null group by run_id, date_trunc('second', sent_at)`,
    sql`alter table run_tasks drop column sent_at`,
  ]
  for (const statement of statements) await statement.execute(db)
}
