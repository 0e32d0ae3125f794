import { type Kysely, sql } from 'kysely'

/**
 * Tasks that are imported without their prediction; a run decides which, and `tasks` repeats it. What was compared before
 * is compared anew, so that controls and labels are counted by version and stratum too.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const statements = [
    sql`alter table run_tasks add column blind boolean not null default false`,
    sql`alter table tasks add column blind boolean not null default false`,
    sql`update projects set revision = revision + 1`,
    sql`create index tasks_blind_by_data on tasks (data_hash) where blind`,
  ]
  for (const statement of statements) await statement.execute(db)
}
