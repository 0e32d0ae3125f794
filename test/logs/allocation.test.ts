import fc from 'fast-check'
import { expect, test } from 'vitest'
import { allocate } from '../../src/logs/allocation.ts'

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
