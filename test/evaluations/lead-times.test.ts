import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { lockProject } from '../../src/annotations/store.ts'
import { leadTimeBucket, readLeadTimes, tallyRows } from '../../src/evaluations/lead-times.ts'
import { readTallies } from '../../src/evaluations/tallies.ts'
import { type Addend, moveTallies } from '../../src/evaluations/tally.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'

let db: TestDatabase
let projects = 0
beforeAll(async () => {
  db = await testDatabase()
})
afterAll(() => db?.drop())

/** A new project whose annotators took so many milliseconds for each of their annotations. */
async function projectOf(times: Record<string, number[]>): Promise<number> {
  const project = ++projects
  const addends = Object.entries(times).flatMap(([annotator, own]): Addend[] => [
    ['annotator', annotator, own.length, 0, 0],
    ...own.map((ms): Addend => ['lead_time', `${annotator} ${leadTimeBucket(ms)}`, 1, 0, ms]),
  ])
  await move(project, addends)
  return project
}

const move = (project: number, addends: Addend[]) =>
  db.database.kysely.transaction().execute(async (tx) => {
    await lockProject(tx, project)
    await moveTallies(tx, project, addends)
  })

const mediansOf = async (times: Record<string, number[]>) =>
  Object.fromEntries(await readLeadTimes(db.database.kysely, await projectOf(times)))

describe('the median lead time of', () => {
  test.each<[sentence: string, times: number[], seconds: number]>([
    ['one annotation is its own', [8437], 8.437],
    ['three is the middle one, in whatever order', [30_000, 2000, 8437], 8.437],
    ['two is between them', [2000, 3000], 2.5],
    ['two of unlike length is between them', [999, 100_001], 50.5],
    ['four is between the middle ones', [9000, 1000, 2000, 4000], 3],
    ['equal ones is theirs', [1500, 1500, 1500], 1.5],
    ['annotations in no time is 0', [0, 0, 5000], 0],
    ['times that differ in the fourth digit is their mean', [8431, 8434], 8.433],
  ])('%s', async (_sentence, times, seconds) => {
    expect(await mediansOf({ 4: times })).toEqual({ 4: seconds })
  })

  test('each annotator is of their own, whatever they are called', async () => {
    expect(await mediansOf({ 'a name with spaces': [8400, 8400, 12_300], a: [5000] })).toEqual({
      'a name with spaces': 8.4,
      a: 5,
    })
  })

  test('annotations that are gone is none', async () => {
    const project = await projectOf({ 4: [8400] })
    await move(project, [['lead_time', '4 8.40e+3', -1, 0, -8400]])
    expect(await readLeadTimes(db.database.kysely, project)).toEqual(new Map())
  })

  test('many is within half a per cent, whatever the times', async () => {
    const times = fc.array(fc.integer({ min: 100, max: 3_600_000 }), { minLength: 1, maxLength: 300 })
    await fc.assert(
      fc.asyncProperty(times, async (all) => {
        const inOrder = all.toSorted((a, b) => a - b)
        const middle = (inOrder.length - 1) / 2
        const exact =
          ((inOrder[Math.floor(middle)] as number) + (inOrder[Math.ceil(middle)] as number)) / 2000
        const { 4: median } = await mediansOf({ 4: all })
        expect(Math.abs((median as number) - exact)).toBeLessThanOrEqual(exact * 0.005 + 0.001)
      }),
      { numRuns: 50 },
    )
  })
})

test.each([
  [0, '0e+0', '0.0e+0', '0.00e+0'],
  [7, '7e+0', '7.0e+0', '7.00e+0'],
  [999, '9e+2', '9.9e+2', '9.99e+2'],
  [1000, '1e+3', '1.0e+3', '1.00e+3'],
  [9_996, '1e+4', '1.0e+4', '1.00e+4'],
  [86_400_000, '8e+7', '8.6e+7', '8.64e+7'],
])('a lead time of %i ms counts by its first digits, %s, %s and %s', (ms, one, two, three) => {
  expect(tallyRows([['lead_time', `4 ${leadTimeBucket(ms)}`, 1, 0, ms]])).toEqual([
    ['lead_time 4', one, 1, 0, ms],
    [`lead_time 4 ${one}`, two, 1, 0, ms],
    [`lead_time 4 ${two}`, three, 1, 0, ms],
  ])
})

/** How many rows of the tallies the database reads for the tallies of an evaluation. */
async function rowsRead(project: number): Promise<number> {
  return db.database.kysely.transaction().execute(async (tx) => {
    // of a small table all is read at once, which costs less there
    await sql`set local enable_seqscan = off`.execute(tx)
    const before = await rowsSoFar(tx)
    await readTallies(tx, project, [])
    return (await rowsSoFar(tx)) - before
  })
}

async function rowsSoFar(tx: TestDatabase['database']['kysely']): Promise<number> {
  const { rows } = await sql<{ read: number }>`
    select seq_tup_read + idx_tup_fetch as read from pg_stat_xact_user_tables where relname = 'tallies'`.execute(
    tx,
  )
  return rows[0]?.read ?? 0
}

test('of the rows that many lead times are kept in an evaluation reads few', async () => {
  const spread = Array.from({ length: 30_000 }, (_, i) => Math.round(1000 * 1000 ** (i / 30_000)))
  const project = await projectOf({ 4: spread, 5: spread })
  const { rows } = await sql<{ kept: number }>`
    select count(*) as kept from tallies where project_id = ${project}`.execute(db.database.kysely)
  const kept = rows[0]?.kept as number
  expect(kept).toBeGreaterThan(4_000)
  const read = await rowsRead(project)
  expect(read).toBeGreaterThan(50)
  expect(read).toBeLessThan(kept / 10)
})
