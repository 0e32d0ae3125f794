import { sql } from 'kysely'
import type { Database, Transaction } from '../db/database.ts'
import { toJsonb } from '../db/json.ts'
import type { ShardState } from '../logs/gather.ts'
import { Sketch } from '../logs/sample.ts'
import type { ShardCounts, ShardScan } from '../logs/scan.ts'
import type { Shard } from '../logs/shard.ts'
import { SourceError, type SourceErrorKind } from '../logs/source-error.ts'

/** SQL of the shards that a large run's logs are scanned in, and of the sketches that they leave. */

type Db = Database['kysely']

/** Why a shard can't be scanned; `bug` is what nobody foresaw. */
export interface ShardError {
  kind: SourceErrorKind | 'bug'
  message: string
}

/** Rows of a statement. */
const WRITE_BATCH = 1_000

/** The shards of a run in their order; none where they are not known yet. */
export async function readShards(db: Db, run: string): Promise<Shard[]> {
  const rows = await db
    .selectFrom('run_shards')
    .select('pieces')
    .where('run_id', '=', run)
    .orderBy('shard')
    .execute()
  return rows.map(({ pieces }) => pieces as Shard)
}

export async function writeShards(db: Db, run: string, shards: readonly Shard[]): Promise<void> {
  await db.transaction().execute(async (tx) => {
    for (let at = 0; at < shards.length; at += WRITE_BATCH) {
      const rows = shards.slice(at, at + WRITE_BATCH).map((pieces, i) => ({ shard: at + i, pieces }))
      await sql`
        insert into run_shards (run_id, shard, pieces)
        select ${run}::uuid, r.* from jsonb_to_recordset(${toJsonb(rows)}::jsonb) as r (shard integer, pieces jsonb)`.execute(
        tx,
      )
    }
  })
}

/** Forgets what a run has scanned; workers that are still at it leave nothing. */
export async function forgetShards(db: Db | Transaction, run: string): Promise<void> {
  await db.deleteFrom('run_shards').where('run_id', '=', run).execute()
  await db.deleteFrom('run_sketches').where('run_id', '=', run).execute()
}

/** The shards that are not done, and no longer say what went wrong with them. */
export async function reopenShards(db: Db, run: string): Promise<number[]> {
  const rows = await db
    .updateTable('run_shards')
    .set({ error: null })
    .where('run_id', '=', run)
    .where('done', '=', false)
    .returning('shard')
    .execute()
  return rows.map(({ shard }) => shard)
}

/** What is new of a run's shards, those left out that were done before. */
export async function readStates(
  db: Db,
  run: string,
  known: readonly number[],
): Promise<(ShardState & { shard: number; error: ShardError | null })[]> {
  const rows = await db
    .selectFrom('run_shards')
    .select(['shard', 'counts', 'done', 'error'])
    .where('run_id', '=', run)
    .where((eb) => eb.or([eb('counts', 'is not', null), eb('error', 'is not', null)]))
    .where(sql<boolean>`shard <> all(${known}::integer[])`)
    .execute()
  return rows.map(({ shard, counts, done, error }) => ({
    ...{ shard, isDone: done, counts: counts as ShardCounts, error: error as ShardError | null },
  }))
}

/** The shard, if it is still to be scanned. */
export async function openShard(db: Db, run: string, shard: number): Promise<Shard | undefined> {
  const row = await db
    .selectFrom('run_shards')
    .select('pieces')
    .where('run_id', '=', run)
    .where('shard', '=', shard)
    .where('done', '=', false)
    .executeTakeFirst()
  return row?.pieces as Shard | undefined
}

/** Notes how far a shard is, or why it can't be scanned. */
export async function noteShard(
  db: Db,
  run: string,
  shard: number,
  note: { counts: ShardCounts } | { error: ShardError },
): Promise<void> {
  await db
    .updateTable('run_shards')
    .set('counts' in note ? { counts: toJsonb(note.counts) } : { error: toJsonb(note.error) })
    .where('run_id', '=', run)
    .where('shard', '=', shard)
    .where('done', '=', false)
    .execute()
}

/** A sketch as it is stored. @throws SourceError where it is longer than a text of JavaScript can be, 512 MB */
export function sketchText(sketch: { toJSON(): unknown }): string {
  try {
    return JSON.stringify(sketch)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new SourceError(
      'refused',
      'what may come into the sample is more than the 512 MB that can be kept of a part of the logs: lower sample.total or format.max_record_bytes',
    )
  }
}

/**
 * The shard is done: its counts and its sketch, both or neither, and once, however many workers had it. The sketch takes in one that
 * lies there: so there are never many more of them than workers, and the run has little to merge at its end.
 */
export async function finishShard(db: Db, run: string, shard: number, { counts, sketch }: ShardScan) {
  await db.transaction().execute(async (tx) => {
    const isFirst = await tx
      .updateTable('run_shards')
      .set({ done: true, counts: toJsonb(counts), error: null })
      .where('run_id', '=', run)
      .where('shard', '=', shard)
      .where('done', '=', false)
      .returning('shard')
      .executeTakeFirst()
    if (!isFirst) return
    const other = await sql<{ sketch: string }>`
      delete from run_sketches where id = (
        select id from run_sketches where run_id = ${run} for update skip locked limit 1)
      returning sketch`.execute(tx)
    for (const row of other.rows) sketch.merge(Sketch.fromJSON(JSON.parse(row.sketch)))
    await tx
      .insertInto('run_sketches')
      .values({ run_id: run, sketch: sketchText(sketch) })
      .execute()
  })
}

/** Merges all that a run's shards left into a sketch. */
export async function mergeSketches(db: Db, run: string, into: Sketch): Promise<void> {
  const rows = await db.selectFrom('run_sketches').select('sketch').where('run_id', '=', run).execute()
  for (const { sketch } of rows) into.merge(Sketch.fromJSON(JSON.parse(sketch)))
}
