import { type RawBuilder, sql } from 'kysely'
import type { Database } from '../db/database.ts'
import type { Addend } from './tally.ts'

/** Lead times are counted by three significant digits: each bucket stands for the mean of what it holds. */
export function leadTimeBucket(ms: number): string {
  return ms.toPrecision(3)
}

/**
 * The rows of the tallies that addends are kept in: any other is its own, a lead time counts by its first digit, by two
 * and by three, e.g. `1e+4`, `1.2e+4` and `1.23e+4`, so that a few rows of each lead to the one in the middle.
 */
export function tallyRows(addends: readonly Addend[]): Addend[] {
  return addends.flatMap((addend): Addend[] => {
    const [dimension, key, ...counts] = addend
    if (dimension !== 'lead_time') return [addend]
    const space = key.lastIndexOf(' ')
    const own = `lead_time ${key.slice(0, space)}` as const
    const three = Number(key.slice(space + 1)).toExponential(2)
    const power = three.slice(4)
    const [one, two] = [three[0] + power, three.slice(0, 3) + power]
    return [
      [own, one, ...counts],
      [`${own} ${one}`, two, ...counts],
      [`${own} ${two}`, three, ...counts],
    ]
  })
}

/**
 * The median of each annotator's lead times in seconds: few annotations give the exact one, many one within half a per
 * cent. Of two and three digits it reads only what begins as the middle does.
 */
export async function readLeadTimes(db: Database['kysely'], project: number): Promise<Map<string, number>> {
  const rowsOf = (dimension: RawBuilder<unknown>) => sql`lateral (
    select key, count, amount::float8 / count as ms from tallies
    where project_id = ${project} and dimension = ${dimension} and count > 0) as part`
  const within = (whole: 'by_one' | 'by_two') => {
    const of = (column: string) => sql.ref(`${whole}.${column}`)
    return sql`
      select annotator, total, part.*, ${of('upto')} - ${of('count')}
        + sum(part.count) over (partition by annotator, ${of('key')} order by part.ms) as upto
      from ${sql.ref(whole)} cross join ${rowsOf(sql`'lead_time ' || annotator || ' ' || ${of('key')}`)}
      where ${holdsMiddle(whole)}`
  }
  const { rows } = await sql<{ annotator: string; ms: number }>`
    with by_one as (
      select annotator, sum(part.count) over (partition by annotator) as total, part.*,
        sum(part.count) over (partition by annotator order by part.ms) as upto
      from (select key as annotator from tallies
        where project_id = ${project} and dimension = 'annotator' and count > 0) as annotators
      cross join ${rowsOf(sql`'lead_time ' || annotator`)}
    ), by_two as (${within('by_one')}), by_three as (${within('by_two')})
    select annotator, avg(ms) as ms from by_three where ${holdsMiddle('by_three')} group by annotator`.execute(
    db,
  )
  return new Map(rows.map(({ annotator, ms }) => [annotator, Math.round(ms) / 1000]))
}

/** Whether a row counts up to or past the middle; of an even number there are two in the middle. */
function holdsMiddle(table: 'by_one' | 'by_two' | 'by_three') {
  const of = (column: string) => sql.ref(`${table}.${column}`)
  return sql`2 * (${of('upto')} - ${of('count')}) <= ${of('total')} and 2 * ${of('upto')} >= ${of('total')}`
}
