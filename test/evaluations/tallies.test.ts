import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { lockProject } from '../../src/annotations/store.ts'
import {
  mixOf,
  type RunStratum,
  readTallies,
  similaritySum,
  type Tallies,
} from '../../src/evaluations/tallies.ts'
import { type Addend, moveTallies } from '../../src/evaluations/tally.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'

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
    ])
    await move(3, [['total', '', 9, 9, 9]])
    const tallies = await readTallies(db.database.kysely, 2, strata)
    expect(tallies.coverage).toEqual({ tasks: 5, reviewed: 3, skipped: 0, not_comparable: 0 })
    expect(tallies.total).toEqual({ count: 3, changed: 1, amount: 2_500_000_000 })
    expect(similaritySum(tallies.total)).toBeCloseTo(2.5)
    expect(tallies.seed).toEqual({ count: 3, changed: 2, amount: 0 })
    expect([...tallies.controls.keys()]).toEqual(['answer'])
    expect([...tallies.annotators.keys()]).toEqual(['4'])
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
