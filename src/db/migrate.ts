import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'
import type { Database } from './database.ts'
import { MIGRATION_LOCK } from './locks.ts'
import { DatabaseStartError } from './start-error.ts'

interface Journal {
  schema_migrations: { name: string; applied_at: Date }
}

/**
 * Brings the schema up to date: runs the migrations that the database has not seen, in the record's order, all in one
 * transaction. Any number of processes may call it at once: one works, the others wait and find nothing left to do.
 * Returns the names of those it ran. Throws a DatabaseStartError when the database was migrated by a newer version.
 */
export async function migrate(
  database: Pick<Database, 'kysely'>,
  migrations: Record<string, Migration>,
): Promise<string[]> {
  const known = Object.keys(migrations)
  return (database.kysely as unknown as Kysely<Journal>).transaction().execute(async (tx) => {
    await sql`select pg_advisory_xact_lock(${MIGRATION_LOCK[0]}::int, ${MIGRATION_LOCK[1]}::int)`.execute(tx)
    await tx.schema
      .createTable('schema_migrations')
      .ifNotExists()
      .addColumn('name', 'text', (column) => column.primaryKey())
      .addColumn('applied_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
      .execute()
    const rows = await tx.selectFrom('schema_migrations').select('name').execute()
    const applied = new Set(rows.map((row) => row.name))

    const unknown = [...applied].filter((name) => !known.includes(name)).sort()
    if (unknown.length > 0) {
      throw new DatabaseStartError(
        `The database was migrated by a newer version of the service (${unknown.join(', ')}); this one knows ` +
          `migrations up to ${known.at(-1) ?? 'none'}. Start the newer version, or restore a backup from before it.`,
      )
    }
    const missing = known.filter((name) => !applied.has(name))
    for (const name of missing) {
      await migrations[name]?.up(tx)
      await sql`insert into schema_migrations (name) values (${name})`.execute(tx)
    }
    return missing
  })
}
