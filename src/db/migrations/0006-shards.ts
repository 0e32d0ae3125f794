import { type Kysely, sql } from 'kysely'

/** The parts of a large run's logs, which any number of processes scan. Written by runs/. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const statements = [
    // `counts`: how far a shard is; `error`: why it can't be read
    sql`create table run_shards (
      run_id uuid not null references runs (id) on delete cascade,
      shard integer not null,
      pieces jsonb not null,
      counts jsonb,
      done boolean not null default false,
      error jsonb,
      primary key (run_id, shard)
    )`,
    // what finished shards left; each belongs to one of them, or to several whose sketches were merged. As text, because a
    // stratum may be named by anything
    sql`create table run_sketches (
      id bigint generated always as identity primary key,
      run_id uuid not null references runs (id) on delete cascade,
      sketch text not null
    )`,
    sql`create index run_sketches_by_run on run_sketches (run_id)`,
  ]
  for (const statement of statements) await statement.execute(db)
}
