import { describe, expect, it, test } from 'vitest'
import { difference, evidence, newcombe } from '../../src/metrics/difference.ts'
import type { Interval } from '../../src/metrics/interval.ts'
import fixtures from './fixtures/statistics.json' with { type: 'json' }
import { binomialProbabilities, present, seededRandom } from './fixtures/statistics-cases.ts'

const counts = (changed: number, reviewed: number) => ({ changed, reviewed })

type Pair = [a: [number, number], b: [number, number], confidence: number, ends: Interval]

describe('the Newcombe interval of a difference a − b', () => {
  test.each(fixtures.newcombe as Pair[])('of %j and %j at %d is statsmodels’', (a, b, confidence, ends) => {
    const { value, interval } = present(newcombe(counts(...a), counts(...b), confidence))
    expect(value).toBeCloseTo(a[0] / a[1] - b[0] / b[1], 14)
    expect(interval[0]).toBeCloseTo(ends[0], 12)
    expect(interval[1]).toBeCloseTo(ends[1], 12)
  })

  test.each([
    ['56/70 − 48/80', counts(56, 70), counts(48, 80), 0.0524, 0.3339],
    ['9/10 − 3/10', counts(9, 10), counts(3, 10), 0.1705, 0.809],
    ['6/7 − 2/7', counts(6, 7), counts(2, 7), 0.0582, 0.8062],
    ['5/56 − 0/29', counts(5, 56), counts(0, 29), -0.0381, 0.1926],
    ['0/10 − 0/20', counts(0, 10), counts(0, 20), -0.1611, 0.2775],
    ['10/10 − 0/10', counts(10, 10), counts(0, 10), 0.6075, 1],
  ])('of %s is the one printed in Newcombe 1998, table II', (_, a, b, lower, upper) => {
    const { interval } = present(newcombe(a, b, 0.95))
    expect(interval[0]).toBeCloseTo(lower, 4)
    expect(interval[1]).toBeCloseTo(upper, 4)
  })

  it('changes its sign when the two change places', () => {
    const there = present(newcombe(counts(9, 57), counts(30, 80), 0.95))
    const back = present(newcombe(counts(30, 80), counts(9, 57), 0.95))
    expect(there.interval[0]).toBeCloseTo(-back.interval[1], 14)
    expect(there.interval[1]).toBeCloseTo(-back.interval[0], 14)
  })

  it('is null when one of the two has no review', () => {
    expect(newcombe(counts(0, 0), counts(9, 57), 0.95)).toBeNull()
    expect(newcombe(counts(9, 57), counts(0, 0), 0.95)).toBeNull()
  })
})

describe('the difference of two estimates', () => {
  it('takes each end’s distances together in squares', () => {
    const a = { value: 0.5, interval: [0.47, 0.58] as Interval }
    const b = { value: 0.3, interval: [0.24, 0.34] as Interval }
    const { value, interval } = present(difference(a, b))
    expect(value).toBeCloseTo(0.2, 14)
    expect(interval[0]).toBeCloseTo(0.2 - 0.05, 14)
    expect(interval[1]).toBeCloseTo(0.2 + 0.1, 14)
  })

  it('is null when one is', () => {
    const a = { value: 0.5, interval: [0.4, 0.6] as Interval }
    expect(difference(null, a)).toBeNull()
    expect(difference(a, null)).toBeNull()
  })
})

describe('the evidence of a difference', () => {
  test.each<[string, Interval, 'lower' | 'higher', string]>([
    ['a change rate surely lower is better', [-0.2, -0.1], 'lower', 'better'],
    ['a change rate surely higher is worse', [0.1, 0.2], 'lower', 'worse'],
    ['a similarity surely lower is worse', [-0.2, -0.1], 'higher', 'worse'],
    ['a similarity surely higher is better', [0.1, 0.2], 'higher', 'better'],
    ['an interval around 0 is no evidence', [-0.1, 0.1], 'lower', 'no_evidence'],
    ['an interval that begins at 0 is no evidence', [0, 0.1], 'lower', 'no_evidence'],
    ['an interval that ends at 0 is no evidence', [-0.1, 0], 'lower', 'no_evidence'],
  ])('%s', (_, interval, good, expected) => {
    expect(evidence(interval, good)).toBe(expected)
  })
})

describe('the coverage of the Newcombe interval, counted over every outcome', () => {
  test.each([
    [57, 0.1, 57, 0.2],
    [57, 0.02, 200, 0.02],
    [30, 0.5, 100, 0.3],
    [100, 0.95, 100, 0.9],
  ])('of %d reviews at %d and %d at %d lies between 0.94 and 0.98', (n, p, m, q) => {
    const other = binomialProbabilities(m, q)
    let coverage = 0
    binomialProbabilities(n, p).forEach((probability, x) => {
      other.forEach((otherProbability, y) => {
        const [lower, upper] = present(newcombe(counts(x, n), counts(y, m), 0.95)).interval
        if (lower <= p - q && p - q <= upper) coverage += probability * otherProbability
      })
    })
    expect(coverage).toBeGreaterThan(0.94)
    expect(coverage).toBeLessThan(0.98)
  })
})

test.each([
  ['mostly 1', (u: number) => (u < 0.8 ? 1 : (u - 0.8) / 0.2), 0.9, 40],
  ['all about 0.9', (u: number) => 0.85 + 0.1 * u, 0.9, 40],
  ['spread over all', (u: number) => u, 0.5, 200],
])('the interval of a difference of means of scores, %s, covers at least 95 of 100', (_, score, mean, n) => {
  const random = seededRandom(8)
  const sum = (count: number) =>
    Array.from({ length: count }, () => score(random())).reduce((a, b) => a + b, 0)
  let covered = 0
  for (let round = 0; round < 1_000; round++) {
    // The other mean is 0.2 lower, by a fifth of answers that are 0 instead.
    const other = Array.from({ length: n }, () => (random() < 0.2 / mean ? 0 : score(random())))
    const { interval } = present(
      newcombe(
        counts(sum(n), n),
        counts(
          other.reduce((a, b) => a + b, 0),
          n,
        ),
        0.95,
      ),
    )
    if (interval[0] <= 0.2 && 0.2 <= interval[1]) covered++
  }
  expect(covered / 1_000).toBeGreaterThan(0.94)
})
