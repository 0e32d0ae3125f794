import { type Kysely, sql } from 'kysely'

/**
 * Confusions of labels and edits of texts are tallies too, as many as there are different ones: the most frequent are
 * found by an index. What was compared before is compared anew, so that it is counted as well.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const statements = [
    sql`create index tallies_by_frequency on tallies (project_id, dimension, count desc, key)`,
    sql`update projects set revision = revision + 1`,
  ]
  for (const statement of statements) await statement.execute(db)
}
