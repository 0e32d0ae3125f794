import { type Kysely, sql } from 'kysely'

/**
 * Bodies of events are kept beside their rows and as they came: to compress one took longer than to store it, and saved
 * little, because marking it as processed wrote the compressed one once more. Older ones stay as they are.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table events alter column body set storage external`.execute(db)
}
