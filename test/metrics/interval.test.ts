import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { type Interval, wilson } from '../../src/metrics/interval.ts'
import fixtures from './fixtures/statistics.json' with { type: 'json' }
import { binomialProbabilities, present } from './fixtures/statistics-cases.ts'

type Case = [changed: number, reviewed: number, confidence: number, ends: Interval]

describe('the Wilson interval', () => {
  test.each(fixtures.wilson as Case[])(
    'of %d changed of %d at %d is statsmodels’',
    (changed, reviewed, c, ends) => {
      const [lower, upper] = present(wilson({ changed, reviewed }, c))
      expect(lower).toBeCloseTo(ends[0], 12)
      expect(upper).toBeCloseTo(ends[1], 12)
    },
  )

  it('is null without a review, never 0', () => {
    expect(wilson({ changed: 0, reviewed: 0 }, 0.95)).toBeNull()
  })

  it.each([
    ['begins at exactly 0 when nothing is changed', { changed: 0, reviewed: 7 }, 0, 0],
    ['ends at exactly 1 when everything is changed', { changed: 7, reviewed: 7 }, 1, 1],
    ['takes a sum that rounding put below 0 for 0', { changed: -1e-15, reviewed: 7 }, 0, 0],
    ['takes a sum that rounding put above the reviews for all', { changed: 7 + 1e-14, reviewed: 7 }, 1, 1],
  ])('%s', (_, counts, end, expected) => {
    expect(present(wilson(counts, 0.95))[end]).toBe(expected)
  })

  it('contains the share, and its mirror image is that of the unchanged', () => {
    const counts = fc.integer({ min: 1, max: 1e7 }).chain((reviewed) =>
      fc.record({
        reviewed: fc.constant(reviewed),
        changed: fc.double({ min: 0, max: reviewed, noNaN: true }),
      }),
    )
    fc.assert(
      fc.property(
        counts,
        fc.double({ min: 0.01, max: 0.9999, noNaN: true }),
        ({ changed, reviewed }, confidence) => {
          const [lower, upper] = present(wilson({ changed, reviewed }, confidence))
          const mirror = present(wilson({ changed: reviewed - changed, reviewed }, confidence))
          expect(lower).toBeGreaterThanOrEqual(0)
          expect(upper).toBeLessThanOrEqual(1)
          expect(changed / reviewed).toBeGreaterThanOrEqual(lower)
          expect(changed / reviewed).toBeLessThanOrEqual(upper)
          expect(mirror[0]).toBeCloseTo(1 - upper, 12)
          expect(mirror[1]).toBeCloseTo(1 - lower, 12)
        },
      ),
    )
  })

  it.each([
    ['more changed than reviewed', { changed: 8, reviewed: 7 }, /between 0 and 7.*8/],
    ['a negative count', { changed: -1, reviewed: 7 }, /between 0 and 7.*-1/],
    ['negative reviews', { changed: 0, reviewed: -1 }, /reviewed must be 0 or more.*-1/],
    ['what is no number', { changed: Number.NaN, reviewed: 7 }, /NaN/],
  ])('refuses %s', (_, counts, message) => {
    expect(() => wilson(counts, 0.95)).toThrow(message)
  })
})

describe('the coverage of the Wilson interval, counted over every outcome', () => {
  const contains = ([lower, upper]: Interval, share: number) => lower <= share && share <= upper
  const shares = Array.from({ length: 181 }, (_, step) => 0.05 + step * 0.005)

  test.each([
    [30, 0.8, 0.01],
    [30, 0.95, 0.01],
    [200, 0.95, 0.005],
    [200, 0.99, 0.005],
  ])('of %d reviews averages %d within %d over shares of 0.05 to 0.95', (reviewed, confidence, slack) => {
    const ends = Array.from({ length: reviewed + 1 }, (_, changed) =>
      present(wilson({ changed, reviewed }, confidence)),
    )
    const coverages = shares.map((share) =>
      binomialProbabilities(reviewed, share).reduce(
        (sum, probability, x) => sum + (contains(present(ends[x]), share) ? probability : 0),
        0,
      ),
    )
    const mean = coverages.reduce((sum, coverage) => sum + coverage) / coverages.length
    expect(Math.abs(mean - confidence)).toBeLessThan(slack)
  })
})
