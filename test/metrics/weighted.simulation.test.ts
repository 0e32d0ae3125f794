import { describe, expect, test } from 'vitest'
import { difference, type Estimate } from '../../src/metrics/difference.ts'
import { type Interval, wilson } from '../../src/metrics/interval.ts'
import { type Stratum, weighted, weightedSequence } from '../../src/metrics/weighted.ts'
import {
  present,
  reviewWeek,
  SKEWED,
  seededRandom,
  truthOf,
  WEEKS,
  type Week,
  watchWeek,
} from './fixtures/statistics-cases.ts'

const rows = WEEKS.flatMap((week) => [14, 57].map((perDay) => [perDay, week.name, week] as const))

/** How often, of `rounds`, an interval of an even sample contains the week's truth. */
function coverage(week: Week, perDay: number, rounds: number, interval: (strata: Stratum[]) => Interval) {
  const random = seededRandom(5)
  const truth = truthOf(week)
  let covered = 0
  for (let round = 0; round < rounds; round++) {
    const [lower, upper] = interval(reviewWeek(week, perDay, random))
    if (lower <= truth && truth <= upper) covered++
  }
  return covered / rounds
}

describe('one look at an even sample of a week', () => {
  test.each(rows)(
    'with %d reviews a day when %s: the weighted interval covers 0.92 to 0.999',
    (perDay, _, week) => {
      const rate = coverage(week, perDay, 4000, (strata) => present(weighted(strata, 0.95).interval))
      expect(rate).toBeGreaterThan(0.92)
      expect(rate).toBeLessThan(0.999)
    },
  )

  test('the pooled interval covers less than half, and with more reviews less than 1 %', () => {
    const pooled = (strata: Stratum[]) => {
      const sum = (of: 'changed' | 'reviewed') => strata.reduce((total, stratum) => total + stratum[of], 0)
      return present(wilson({ changed: sum('changed'), reviewed: sum('reviewed') }, 0.95))
    }
    expect(coverage(SKEWED, 14, 2000, pooled)).toBeLessThan(0.5)
    expect(coverage(SKEWED, 57, 2000, pooled)).toBeLessThan(0.01)
  })
})

describe('a look after every review of an even sample of a week', () => {
  test.each(rows)(
    'with %d reviews a day when %s: the sequence misses at most 5 of 100',
    (perDay, _, week) => {
      const random = seededRandom(6)
      const truth = truthOf(week)
      let missed = 0
      for (let round = 0; round < 1500; round++) {
        watchWeek(week, perDay, random, (strata) => {
          const [lower, upper] = present(weightedSequence(strata, 7 * perDay, 0.95))
          const inside = lower <= truth && truth <= upper
          if (!inside) missed++
          return inside
        })
      }
      expect(missed / 1500).toBeLessThanOrEqual(0.05)
    },
  )

  test('after 57 reviews a day it is 1.4 to 1.8 times as wide as the interval of one look', () => {
    const random = seededRandom(7)
    const width = ([lower, upper]: Interval) => upper - lower
    let sequences = 0
    let intervals = 0
    for (let round = 0; round < 200; round++) {
      const strata = reviewWeek(SKEWED, 57, random)
      sequences += width(present(weightedSequence(strata, 7 * 57, 0.95)))
      intervals += width(present(weighted(strata, 0.95).interval))
    }
    expect(sequences / intervals).toBeGreaterThan(1.4)
    expect(sequences / intervals).toBeLessThan(1.8)
  })
})

test.each(WEEKS.slice(1).map((week) => [week.name, week] as const))(
  'the interval of the difference of two weighted rates, now when %s, covers 0.92 to 0.999',
  (_, week) => {
    const random = seededRandom(9)
    const truth = truthOf(week) - truthOf(SKEWED)
    const estimate = (of: Week): Estimate => {
      const { value, interval } = weighted(reviewWeek(of, 28, random), 0.95)
      return { value: present(value), interval: present(interval) }
    }
    let covered = 0
    for (let round = 0; round < 1_500; round++) {
      const [lower, upper] = present(difference(estimate(week), estimate(SKEWED))).interval
      if (lower <= truth && truth <= upper) covered++
    }
    expect(covered / 1_500).toBeGreaterThan(0.92)
    expect(covered / 1_500).toBeLessThan(0.999)
  },
)
