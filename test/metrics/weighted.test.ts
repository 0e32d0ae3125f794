import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { type Interval, wilson } from '../../src/metrics/interval.ts'
import { type Stratum, weighted, weightedSequence } from '../../src/metrics/weighted.ts'
import fixtures from './fixtures/statistics.json' with { type: 'json' }
import { present } from './fixtures/statistics-cases.ts'

type Row = [seen: number, reviewed: number, changed: number]
const strata = (rows: Row[]): Stratum[] =>
  rows.map(([seen, reviewed, changed]) => ({ seen, reviewed, changed }))

describe('the weighted share', () => {
  test.each(
    fixtures.stratified_wilson as [
      Row[],
      number,
      { value: number; interval: Interval; missing_share: number },
    ][],
  )('of %j at %d is the formula’s', (rows, confidence, expected) => {
    const { value, interval, missing_share } = weighted(strata(rows), confidence)
    expect(value).toBeCloseTo(expected.value, 12)
    expect(present(interval)[0]).toBeCloseTo(expected.interval[0], 10)
    expect(present(interval)[1]).toBeCloseTo(expected.interval[1], 10)
    expect(missing_share).toBeCloseTo(expected.missing_share, 12)
  })

  it('weighs by records seen, not by reviews', () => {
    expect(
      weighted(
        strata([
          [300, 10, 5],
          [100, 90, 9],
        ]),
        0.95,
      ).value,
    ).toBeCloseTo(0.75 * 0.5 + 0.25 * 0.1, 14)
  })

  it.each<[string, Row[], number | null, number | null]>([
    ['without strata there is no value and no missing share', [], null, null],
    ['without records there is no value and no missing share', [[0, 0, 0]], null, null],
    [
      'without a review there is no value, and all is missing',
      [
        [100, 0, 0],
        [50, 0, 0],
      ],
      null,
      1,
    ],
    [
      'a stratum without a review is left out and reported',
      [
        [300, 10, 2],
        [100, 0, 0],
      ],
      0.2,
      0.25,
    ],
    [
      'a stratum without a record weighs nothing',
      [
        [300, 10, 2],
        [0, 10, 10],
      ],
      0.2,
      0,
    ],
  ])('%s', (_, rows, value, missing) => {
    const result = weighted(strata(rows), 0.95)
    expect(result).toMatchObject({ value, missing_share: missing })
    expect(result.interval === null).toBe(value === null)
  })

  it('has a width even where no stratum varies', () => {
    const nothingVaries = strata([
      [1000, 5, 0],
      [500, 7, 7],
    ])
    const [lower, upper] = present(weighted(nothingVaries, 0.95).interval)
    expect(lower).toBeLessThan(0.3)
    expect(upper).toBeGreaterThan(0.4)
  })

  const stratum = fc.integer({ min: 1, max: 5000 }).chain((reviewed) =>
    fc.record({
      seen: fc.integer({ min: 1, max: 1e7 }),
      reviewed: fc.constant(reviewed),
      changed: fc.integer({ min: 0, max: reviewed }),
    }),
  )

  it('of one stratum is its own share with its Wilson interval', () => {
    fc.assert(
      fc.property(stratum, (only) => {
        const { value, interval } = weighted([only], 0.95)
        const [lower, upper] = present(wilson(only, 0.95))
        expect(value).toBeCloseTo(only.changed / only.reviewed, 12)
        expect(present(interval)[0]).toBeCloseTo(lower, 12)
        expect(present(interval)[1]).toBeCloseTo(upper, 12)
      }),
    )
  })

  it('lies inside both of its intervals, which lie inside [0, 1]', () => {
    fc.assert(
      fc.property(fc.array(stratum, { minLength: 1, maxLength: 40 }), (all) => {
        const { value, interval } = weighted(all, 0.95)
        for (const [lower, upper] of [present(interval), present(weightedSequence(all, 200, 0.95))]) {
          expect(lower).toBeGreaterThanOrEqual(0)
          expect(lower).toBeLessThanOrEqual(present(value) + 1e-12)
          expect(upper).toBeGreaterThanOrEqual(present(value) - 1e-12)
          expect(upper).toBeLessThanOrEqual(1)
        }
      }),
    )
  })

  it.each([
    ['negative records', { seen: -1, reviewed: 2, changed: 1 }, /seen must be 0 or more.*-1/],
    ['more changed than reviewed', { seen: 10, reviewed: 2, changed: 3 }, /between 0 and 2.*3/],
  ])('refuses %s', (_, wrong, message) => {
    expect(() => weighted([wrong], 0.95)).toThrow(message)
    expect(() => weightedSequence([wrong], 200, 0.95)).toThrow(message)
  })
})

describe('the sequence of the weighted share', () => {
  test.each(fixtures.asymptotic as [Row[], number, number, Interval][])(
    'of %j with %d planned at %d is the formula’s',
    (rows, planned, confidence, expected) => {
      const [lower, upper] = present(weightedSequence(strata(rows), planned, confidence))
      expect(lower).toBeCloseTo(expected[0], 12)
      expect(upper).toBeCloseTo(expected[1], 12)
    },
  )

  it.each<[string, Stratum[]]>([
    ['there is no stratum', []],
    ['there is no review', strata([[100, 0, 0]])],
    [
      'only a stratum without a record is reviewed',
      strata([
        [100, 0, 0],
        [0, 9, 1],
      ]),
    ],
  ])('is null when %s', (_, none) => {
    expect(weightedSequence(none, 200, 0.95)).toBeNull()
  })

  const ready = { seen: 900, reviewed: 60, changed: 30 }
  it.each<[string, Stratum, number, number]>([
    ['4 reviews of a stratum leave everything open', { seen: 100, reviewed: 4, changed: 0 }, 0, 1],
    ['no review of a stratum leaves everything open', { seen: 100, reviewed: 0, changed: 0 }, 0, 1],
    ['a stratum of 5 records, 4 reviewed, is waited for', { seen: 5, reviewed: 4, changed: 0 }, 0, 1],
  ])('%s', (_, stratum, lower, upper) => {
    expect(weightedSequence([ready, stratum], 200, 0.95)).toEqual([lower, upper])
  })

  it('closes in from the fifth review of every stratum on', () => {
    const [lower, upper] = present(
      weightedSequence([ready, { seen: 100, reviewed: 5, changed: 0 }], 200, 0.95),
    )
    expect(lower).toBeGreaterThan(0)
    expect(upper).toBeLessThan(1)
  })

  it.each<[string, Stratum]>([
    ['a stratum of 4 records', { seen: 4, reviewed: 4, changed: 0 }],
    ['a stratum with 4 tasks in the sample', { seen: 300, sampled: 4, reviewed: 2, changed: 1 }],
    ['a stratum that the sample has nothing of', { seen: 300, sampled: 0, reviewed: 0, changed: 0 }],
  ])('is not kept open by %s, but widened by its weight', (_, thin) => {
    const [lower, upper] = present(weightedSequence([ready], 200, 0.95))
    const known = ready.seen / (ready.seen + thin.seen)
    const widened = present(weightedSequence([ready, thin], 200, 0.95))
    expect(widened[0]).toBeCloseTo(known * lower, 14)
    expect(widened[1]).toBeCloseTo(known * upper + 1 - known, 14)
  })

  it('is [0, 1] when every stratum is too thin', () => {
    expect(weightedSequence([{ seen: 4, reviewed: 4, changed: 0 }], 200, 0.95)).toEqual([0, 1])
  })

  it('is narrowest, beside one look, near half of the plan', () => {
    const ratio = (reviewed: number) => {
      const one = [{ seen: 1000, reviewed, changed: reviewed / 2 }]
      const [lower, upper] = present(weightedSequence(one, 400, 0.95))
      const look = present(wilson({ changed: reviewed / 2, reviewed }, 0.95))
      return (upper - lower) / (look[1] - look[0])
    }
    expect(ratio(200)).toBeLessThan(ratio(40))
    expect(ratio(200)).toBeLessThan(ratio(2000))
  })

  it('is also finite at a confidence of 1 %, where the best plan’s approximation breaks down', () => {
    const [lower, upper] = present(weightedSequence([ready], 200, 0.01))
    expect(lower).toBeLessThan(0.5)
    expect(upper).toBeGreaterThan(0.5)
  })

  it('refuses a plan of no review', () => {
    expect(() => weightedSequence([ready], 0, 0.95)).toThrow(/planned must be above 0.*0/)
  })
})
