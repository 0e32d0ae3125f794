import { type Kysely, sql } from 'kysely'

/** Tasks that are imported without their prediction; a run decides which, and `tasks` repeats it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const statements = [
    sql`alter table run_tasks add column blind boolean not null default false`,
    sql`alter table tasks add column blind boolean not null default false`,
    sql`create index tasks_blind_by_data on tasks (data_hash) where blind`,
  ]
  for (const statement of statements) await statement.execute(db)
}
