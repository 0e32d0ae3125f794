import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { type Interval, wilson } from '../../src/metrics/interval.ts'
import { binomialSequence, withoutReplacementSequence } from '../../src/metrics/sequence.ts'
import fixtures from './fixtures/statistics.json' with { type: 'json' }
import { present } from './fixtures/statistics-cases.ts'

type Mixture = [sum: number, reviewed: number, confidence: number, ends: Interval]
type Urn = [changed: number, reviewed: number, population: number, confidence: number, ends: Interval]

describe('the sequence of a bounded mean', () => {
  test.each(fixtures.mixture as Mixture[])(
    'of a sum of %d over %d at %d is the root',
    (sum, reviewed, c, ends) => {
      const [lower, upper] = present(binomialSequence({ sum, reviewed }, c))
      expect(lower).toBeCloseTo(ends[0], 11)
      expect(upper).toBeCloseTo(ends[1], 11)
    },
  )

  it('is null without a review, never 0', () => {
    expect(binomialSequence({ sum: 0, reviewed: 0 }, 0.95)).toBeNull()
  })

  it.each([
    ['begins at exactly 0 when the sum is 0', { sum: 0, reviewed: 7 }, 0, 0],
    ['ends at exactly 1 when the sum is all of them', { sum: 7, reviewed: 7 }, 1, 1],
    [
      'takes a sum that rounding put above the reviews for all of them',
      { sum: 7 + 1e-14, reviewed: 7 },
      1,
      1,
    ],
  ])('%s', (_, counts, end, expected) => {
    expect(present(binomialSequence(counts, 0.95))[end]).toBe(expected)
  })

  const sums = fc
    .integer({ min: 1, max: 1e7 })
    .chain((reviewed) => fc.tuple(fc.double({ min: 0, max: reviewed, noNaN: true }), fc.constant(reviewed)))

  it('lies in [0, 1], contains the mean and the Wilson interval, and mirrors', () => {
    fc.assert(
      fc.property(sums, fc.double({ min: 0.5, max: 0.9999, noNaN: true }), ([sum, reviewed], confidence) => {
        const [lower, upper] = present(binomialSequence({ sum, reviewed }, confidence))
        const mirror = present(binomialSequence({ sum: reviewed - sum, reviewed }, confidence))
        expect(lower).toBeGreaterThanOrEqual(0)
        expect(upper).toBeLessThanOrEqual(1)
        expect(lower).toBeLessThanOrEqual(sum / reviewed)
        expect(upper).toBeGreaterThanOrEqual(sum / reviewed)
        expect(mirror[0]).toBeCloseTo(1 - upper, 9)
        expect(mirror[1]).toBeCloseTo(1 - lower, 9)
      }),
    )
  })

  it.each([30, 57, 200, 2000])('is 1.4 to 2 times as wide as one look’s at %d reviews', (reviewed) => {
    const sequence = present(binomialSequence({ sum: 0.3 * reviewed, reviewed }, 0.95))
    const interval = present(wilson({ changed: 0.3 * reviewed, reviewed }, 0.95))
    const ratio = (sequence[1] - sequence[0]) / (interval[1] - interval[0])
    expect(ratio).toBeGreaterThan(1.4)
    expect(ratio).toBeLessThan(2)
  })

  it.each([
    ['a sum above the reviews', { sum: 8, reviewed: 7 }, 0.95, /between 0 and 7.*8/],
    ['a sum below 0', { sum: -0.1, reviewed: 7 }, 0.95, /between 0 and 7.*-0.1/],
    ['a confidence of 1', { sum: 3, reviewed: 7 }, 1, /confidence.*is 1/],
  ])('refuses %s', (_, counts, confidence, message) => {
    expect(() => binomialSequence(counts, confidence)).toThrow(message)
  })
})

describe('the sequence of a share without replacement', () => {
  test.each(fixtures.prior_posterior as Urn[])(
    'of %d changed of %d reviewed of %d at %d holds what enumeration holds',
    (changed, reviewed, population, confidence, ends) => {
      expect(withoutReplacementSequence({ changed, reviewed }, population, confidence)).toEqual(ends)
    },
  )

  it('is null without a review', () => {
    expect(withoutReplacementSequence({ changed: 0, reviewed: 0 }, 100, 0.95)).toBeNull()
  })

  it('closes on the exact share with the last review', () => {
    expect(withoutReplacementSequence({ changed: 9, reviewed: 57 }, 57, 0.95)).toEqual([9 / 57, 9 / 57])
  })

  it('is the one with replacement when the population is large', () => {
    const [lower, upper] = present(withoutReplacementSequence({ changed: 9, reviewed: 57 }, 1e7, 0.95))
    const withReplacement = present(binomialSequence({ sum: 9, reviewed: 57 }, 0.95))
    expect(lower).toBeCloseTo(withReplacement[0], 5)
    expect(upper).toBeCloseTo(withReplacement[1], 5)
  })

  it.each([
    ['more reviewed than there are', { changed: 0, reviewed: 11 }, 10],
    ['parts of a task', { changed: 0.5, reviewed: 5 }, 10],
    ['more changed than reviewed', { changed: 6, reviewed: 5 }, 10],
  ])('refuses %s', (_, counts, population) => {
    expect(() => withoutReplacementSequence(counts, population, 0.95)).toThrow(RangeError)
  })
})
