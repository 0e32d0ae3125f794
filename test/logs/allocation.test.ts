import fc from 'fast-check'
import { expect, test } from 'vitest'
import { allocate, expectedSpread, weightsOf } from '../../src/logs/allocation.ts'

const even = (seen: number[], total: number, ties = seen.map((_, i) => i)) =>
  allocate(
    seen.map((limit, i) => ({ weight: 1, limit, tie: ties[i] as number })),
    total,
  )
const proportional = (seen: number[], total: number, limits = seen) =>
  allocate(
    seen.map((weight, i) => ({ weight, limit: limits[i] as number, tie: i })),
    total,
  )
const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0)

test.each([
  ['equal shares', [100, 100, 100, 100], 200, [50, 50, 50, 50]],
  ['the remainder goes one by one', [100, 100, 100], 200, [67, 67, 66]],
  ['what a thin stratum lacks goes to the others', [3, 100, 100], 203, [3, 100, 100]],
  ['and that again', [3, 50, 100], 120, [3, 50, 67]],
  ['one by one, too', [3, 100, 100], 200, [3, 99, 98]],
  ['all where there is not more', [3, 5], 200, [3, 5]],
  ['exactly all', [3, 5], 8, [3, 5]],
  ['more strata than records', [9, 9, 9, 9, 9], 2, [1, 1, 0, 0, 0]],
  ['an empty stratum gets nothing', [0, 9, 9], 4, [0, 2, 2]],
  ['no strata', [], 5, []],
  ['nothing to share', [5, 5], 0, [0, 0]],
  ['one stratum', [1000], 200, [200]],
])('even: %s', (_, seen, total, shares) => {
  expect(even(seen, total)).toEqual(shares)
})

test('the remainder goes to the smallest ties', () => {
  expect(even([9, 9, 9, 9], 6, [3, 1, 4, 2])).toEqual([1, 2, 1, 2])
})

test.each([
  ['exact quotas', [100, 300, 600], 10, [1, 3, 6]],
  ['the largest remainders first', [6, 7, 7], 10, [3, 4, 3]],
  ['equal remainders by tie', [1, 1, 1], 2, [1, 1, 0]],
  ['no more than there is', [2, 2], 10, [2, 2]],
])('proportional: %s', (_, seen, total, shares) => {
  expect(proportional(seen, total)).toEqual(shares)
})

test('proportional: what a stratum can not give goes to the others in proportion', () => {
  expect(proportional([100, 100, 200], 40, [2, 100, 200])).toEqual([2, 13, 25])
})

const seen = fc.array(fc.oneof(fc.integer({ min: 0, max: 8 }), fc.integer({ min: 0, max: 1e9 })), {
  maxLength: 20,
})

test('even: as equal as possible, and exactly min(total, seen)', () => {
  fc.assert(
    fc.property(seen, fc.integer({ min: 0, max: 3000 }), (counts, total) => {
      const shares = even(counts, total)
      expect(sum(shares)).toBe(Math.min(total, sum(counts)))
      const most = Math.max(0, ...shares)
      for (const [i, share] of shares.entries()) {
        expect(share).toBeLessThanOrEqual(counts[i] as number)
        // who has one less than the most or fewer has given all
        if (share < most - 1) expect(share).toBe(counts[i])
      }
    }),
  )
})

test('even: equals giving one at a time to the least', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 8 }),
      fc.integer({ min: 0, max: 60 }),
      (counts, total) => {
        const shares = counts.map(() => 0)
        for (let given = 0; given < Math.min(total, sum(counts)); given++) {
          const open = shares.map((share, i) =>
            share < (counts[i] as number) ? share : Number.POSITIVE_INFINITY,
          )
          const least = open.indexOf(Math.min(...open))
          shares[least] = (shares[least] as number) + 1
        }
        expect(even(counts, total)).toEqual(shares)
      },
    ),
  )
})

test('proportional: each share is within one of its quota', () => {
  fc.assert(
    fc.property(seen, fc.integer({ min: 1, max: 3000 }), (counts, total) => {
      const shares = proportional(counts, total)
      const all = sum(counts)
      expect(sum(shares)).toBe(Math.min(total, all))
      for (const [i, share] of shares.entries()) {
        const quota = Math.min(counts[i] as number, all ? (total * (counts[i] as number)) / all : 0)
        expect(Math.abs(share - quota)).toBeLessThanOrEqual(1)
      }
    }),
  )
})

const found = (key: string, reviewed: number, changed: number) => ({ key, reviewed, changed })
const neyman = (
  strata: { key: string; seen: number }[],
  total: number,
  earlier: Parameters<typeof expectedSpread>[0],
) => {
  const weights = weightsOf('neyman', strata, expectedSpread(earlier))
  return allocate(
    strata.map(({ seen }, i) => ({ weight: weights[i] as number, limit: seen, tie: i })),
    total,
  )
}
const topics = (...seen: number[]) => seen.map((count, i) => ({ key: 'abcdefgh'[i] as string, seen: count }))

test.each([
  // spreads 0.5 and 0.3, with so many reviews that nothing is drawn anywhere
  [
    'in proportion to the spread',
    topics(1000, 1000),
    80,
    [found('a', 1e6, 5e5), found('b', 1e6, 1e5)],
    [50, 30],
  ],
  ['and to the records', topics(3000, 1000), 180, [found('a', 1e6, 1e5), found('b', 1e6, 5e5)], [116, 64]],
  ['proportional where no stratum is known', topics(300, 100), 40, [found('x', 30, 9)], [30, 10]],
  [
    'never nothing for a stratum that was all the same',
    topics(100, 100),
    20,
    [found('a', 30, 0), found('b', 30, 15)],
    [5, 15],
  ],
  ['no more than there is', topics(5, 100), 50, [found('a', 100, 50), found('b', 100, 0)], [5, 45]],
  ['nothing for what has no record', topics(0, 10), 5, [found('a', 10, 5), found('b', 10, 5)], [0, 5]],
])('neyman: %s', (_, strata, total, earlier, shares) => {
  expect(neyman(strata, total, earlier)).toEqual(shares)
})

test('neyman: dates take the spread of their day of the week', () => {
  const spread = expectedSpread([
    found('2024-11-11', 30, 15), // a Monday
    found('2024-11-12', 30, 1),
    found('2024-11-18', 30, 3), // a Monday
    found('undated', 30, 29),
  ])
  expect(spread('2025-03-03')).toBe(spread('2024-11-11')) // Mondays
  expect(spread('2024-11-12')).toBeLessThan(spread('2024-11-11'))
  expect(spread('2024-11-19')).toBe(spread('2024-11-12'))
  expect(spread('undated')).toBeLessThan(0.3)
  // Nobody looked at a Wednesday: 48 of 120 in all.
  expect(spread('2024-11-13')).toBeCloseTo(Math.sqrt(0.4 * 0.6), 2)
})

test('neyman: of one stratum’s few reviews the spread is drawn towards that of all', () => {
  const earlier = [found('few', 1, 1), found('many', 999, 99)]
  expect(expectedSpread(earlier)('few')).toBeGreaterThan(expectedSpread(earlier)('many'))
  expect(expectedSpread(earlier)('few')).toBeLessThan(0.5)
})

test('neyman: no other shares of the same sample make the weighted rate more exact', () => {
  const rates = [0.3, 0.05, 0.1]
  const strata = topics(5000, 9000, 2000)
  const shares = neyman(
    strata,
    300,
    rates.map((rate, i) => found('abc'[i] as string, 1e7, rate * 1e7)),
  )
  const variance = (counts: number[]) =>
    counts.reduce(
      (total, n, i) =>
        total +
        ((strata[i] as { seen: number }).seen ** 2 * ((rates[i] as number) * (1 - (rates[i] as number)))) / n,
      0,
    )
  const least = variance(shares)
  for (const [from, to] of [
    [0, 1],
    [0, 2],
    [1, 0],
    [1, 2],
    [2, 0],
    [2, 1],
  ] as const) {
    const other = shares.map((n, i) => n + (i === to ? 2 : i === from ? -2 : 0))
    expect(variance(other)).toBeGreaterThan(least)
  }
})

test('neyman: exactly min(total, seen), and proportional without an earlier sample', () => {
  const stratum = fc.record({
    seen: fc.integer({ min: 0, max: 1e9 }),
    reviewed: fc.nat(500),
    share: fc.float({ min: 0, max: 1, noNaN: true }),
  })
  fc.assert(
    fc.property(fc.array(stratum, { maxLength: 20 }), fc.integer({ min: 0, max: 3000 }), (all, total) => {
      const strata = all.map(({ seen }, i) => ({ key: `${i}`, seen }))
      const earlier = all.map(({ reviewed, share }, i) =>
        found(`${i}`, reviewed, Math.round(reviewed * share)),
      )
      const shares = neyman(strata, total, earlier)
      expect(sum(shares)).toBe(Math.min(total, sum(strata.map(({ seen }) => seen))))
      expect(shares.every((share, i) => share <= (strata[i] as { seen: number }).seen)).toBe(true)
      expect(weightsOf('neyman', strata, null)).toEqual(weightsOf('proportional', strata, null))
    }),
  )
})
