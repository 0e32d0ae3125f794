import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { lockProject } from '../../src/annotations/store.ts'
import {
  type Counts,
  medianLeadTime,
  mixOf,
  type RunStratum,
  readTallies,
  similaritySum,
  type Tallies,
} from '../../src/evaluations/tallies.ts'
import { type Addend, leadTimeBucket, moveTallies } from '../../src/evaluations/tally.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'

/** As the tallies keep the lead times of an annotator. */
function buckets(times: number[]): Counts[] {
  return [...Map.groupBy(times, leadTimeBucket).values()].map((ms) => ({
    count: ms.length,
    changed: 0,
    amount: ms.reduce((sum, each) => sum + each, 0),
  }))
}

describe('the median lead time of', () => {
  test.each<[sentence: string, times: number[], seconds: number | null]>([
    ['no annotation is null, never 0', [], null],
    ['one annotation is its own', [8437], 8.437],
    ['three is the middle one, in whatever order', [30_000, 2000, 8437], 8.437],
    ['two is between them', [2000, 3000], 2.5],
    ['four is between the middle ones', [9000, 1000, 2000, 4000], 3],
    ['equal ones is theirs', [1500, 1500, 1500], 1.5],
    ['annotations in no time is 0', [0, 0, 5000], 0],
    ['times that differ in the fourth digit is their mean', [8431, 8434], 8.433],
  ])('%s', (_sentence, times, seconds) => {
    expect(medianLeadTime(buckets(times))).toBe(seconds)
  })

  test('many is within half a per cent, whatever the times', () => {
    const times = fc.array(fc.integer({ min: 100, max: 3_600_000 }), { minLength: 1, maxLength: 300 })
    fc.assert(
      fc.property(times, (all) => {
        const inOrder = all.toSorted((a, b) => a - b)
        const middle = (inOrder.length - 1) / 2
        const exact =
          ((inOrder[Math.floor(middle)] as number) + (inOrder[Math.ceil(middle)] as number)) / 2000
        const error = Math.abs((medianLeadTime(buckets(all)) as number) - exact)
        expect(error).toBeLessThanOrEqual(exact * 0.005 + 0.001)
      }),
    )
  })
})

describe('tallies', () => {
  let db: TestDatabase
  beforeAll(async () => {
    db = await testDatabase()
  })
  afterAll(() => db?.drop())

  const strata: RunStratum[] = [
    { key: 'mon', seen: 100, sampled: 3 },
    { key: 'tue', seen: 50, sampled: 2 },
  ]
  const move = (project: number, addends: Addend[]) =>
    db.database.kysely.transaction().execute(async (tx) => {
      await lockProject(tx, project)
      await moveTallies(tx, project, addends)
    })

  test('of a project without any are zero', async () => {
    const tallies = await readTallies(db.database.kysely, 1, [])
    expect(tallies).toMatchObject({
      coverage: { tasks: 0, reviewed: 0, skipped: 0, not_comparable: 0 },
      total: { count: 0, changed: 0, amount: 0 },
      strata: [],
      planned: 0,
    })
  })

  test('are read by dimension, each apart from the others and from other projects', async () => {
    await move(2, [
      ['coverage', 'tasks', 5, 0, 0],
      ['coverage', 'reviewed', 3, 0, 0],
      ['total', '', 3, 1, 2_500_000_000],
      ['seed', '', 3, 2, 0],
      ['stratum', 'mon', 3, 1, 2_500_000_000],
      ['control', 'answer', 3, 1, 2_500_000_000],
      ['annotator', '4', 3, 1, 0],
      ['lead_time', 'a name with spaces 8.40e+3', 2, 0, 16_800],
      ['lead_time', 'a name with spaces 1.23e+4', 1, 0, 12_300],
    ])
    await move(3, [['total', '', 9, 9, 9]])
    const tallies = await readTallies(db.database.kysely, 2, strata)
    expect(tallies.coverage).toEqual({ tasks: 5, reviewed: 3, skipped: 0, not_comparable: 0 })
    expect(tallies.total).toEqual({ count: 3, changed: 1, amount: 2_500_000_000 })
    expect(similaritySum(tallies.total)).toBeCloseTo(2.5)
    expect(tallies.seed).toEqual({ count: 3, changed: 2, amount: 0 })
    expect([...tallies.controls.keys()]).toEqual(['answer'])
    expect([...tallies.annotators.keys()]).toEqual(['4'])
    expect(tallies.leadTimes.get('a name with spaces')).toHaveLength(2)
    expect(tallies.planned).toBe(5)
    expect(mixOf(tallies)).toEqual([
      { seen: 100, sampled: 3, reviewed: 3, changed: 1 },
      { seen: 50, sampled: 2, reviewed: 0, changed: 0 },
    ])
  })

  test('that went back to nothing are gone', async () => {
    await move(4, [['model_version', 'v1', 2, 1, 5]])
    await move(4, [['model_version', 'v1', -2, -1, -5]])
    expect((await readTallies(db.database.kysely, 4, [])).modelVersions.size).toBe(0)
  })

  test('of a stratum with more tasks than were sampled, because somebody added some, stay possible', () => {
    const reviewedStrata = new Map([['mon', { count: 4, changed: 0, amount: 0 }]])
    expect(mixOf({ strata, reviewedStrata } as Tallies)[0]).toMatchObject({ sampled: 4, reviewed: 4 })
  })
})
