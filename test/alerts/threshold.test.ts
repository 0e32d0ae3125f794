import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { judge, type State, type Threshold, type Verdict, verdict } from '../../src/alerts/threshold.ts'
import type { Interval } from '../../src/metrics/interval.ts'

type Row = [sentence: string, sequence: Interval | null, reviewed: number, verdict: Verdict, state: State]

function judges(threshold: Threshold, rows: Row[]) {
  test.each(rows)('%s', (_, sequence, reviewed, verdict, state) => {
    expect(judge({ sequence, reviewed }, threshold)).toEqual({ verdict, state })
  })
}

describe('a threshold with max 0.5', () => {
  judges({ max: 0.5, min_reviewed: 30 }, [
    ['passes when the upper bound is below max', [0.1, 0.4], 57, 'pass', 'pass'],
    ['passes when the upper bound is at max', [0.1, 0.5], 57, 'pass', 'pass'],
    ['is open when the upper bound is just above max', [0.1, 0.5000001], 57, 'inconclusive', 'inconclusive'],
    ['is open when the lower bound is at max', [0.5, 0.9], 57, 'inconclusive', 'inconclusive'],
    ['fails when the lower bound is just above max', [0.5000001, 0.9], 57, 'fail', 'fail'],
    ['passes when both bounds are at max', [0.5, 0.5], 57, 'pass', 'pass'],
    [
      'is open one review before min_reviewed, though it would pass',
      [0, 0.1],
      29,
      'inconclusive',
      'inconclusive',
    ],
    [
      'is open one review before min_reviewed, though it would fail',
      [0.9, 1],
      29,
      'inconclusive',
      'inconclusive',
    ],
    ['passes at min_reviewed', [0, 0.1], 30, 'pass', 'pass'],
    ['fails at min_reviewed', [0.9, 1], 30, 'fail', 'fail'],
    ['is open without data', null, 0, 'inconclusive', 'inconclusive'],
    ['is open without data, whatever was reviewed', null, 57, 'inconclusive', 'inconclusive'],
  ])
})

describe('a threshold with max 0.5 and warn 0.2', () => {
  judges({ max: 0.5, warn: 0.2, min_reviewed: 30 }, [
    ['does not warn when the lower bound is at warn', [0.2, 0.4], 57, 'pass', 'pass'],
    ['warns, and still passes, when all of it lies between warn and max', [0.21, 0.5], 57, 'pass', 'warning'],
    ['warns, and stays open, when the upper bound is above max', [0.21, 0.6], 57, 'inconclusive', 'warning'],
    ['is open when it reaches from below warn to above max', [0.1, 0.6], 57, 'inconclusive', 'inconclusive'],
    ['fails rather than warns when the lower bound is above max', [0.51, 0.6], 57, 'fail', 'fail'],
    ['does not warn before min_reviewed', [0.21, 0.4], 29, 'inconclusive', 'inconclusive'],
    ['does not warn without data', null, 0, 'inconclusive', 'inconclusive'],
  ])
})

describe('a threshold with min 0.8 and warn 0.9', () => {
  judges({ min: 0.8, warn: 0.9, min_reviewed: 30 }, [
    ['passes when the lower bound is at min and the upper at warn', [0.8, 0.9], 57, 'pass', 'pass'],
    ['is open when the lower bound is just below min', [0.7999999, 0.95], 57, 'inconclusive', 'inconclusive'],
    ['warns, and still passes, when all of it lies between min and warn', [0.8, 0.89], 57, 'pass', 'warning'],
    ['warns, and stays open, when the lower bound is below min', [0.7, 0.89], 57, 'inconclusive', 'warning'],
    ['does not fail when the upper bound is at min', [0.6, 0.8], 57, 'inconclusive', 'warning'],
    ['fails when the upper bound is just below min', [0.6, 0.7999999], 57, 'fail', 'fail'],
    ['is open one review before min_reviewed', [0.1, 0.2], 29, 'inconclusive', 'inconclusive'],
  ])
})

describe('a threshold at the end of the scale', () => {
  judges({ max: 0, min_reviewed: 1 }, [
    ['with max 0 is open while a change is possible', [0, 0.1], 57, 'inconclusive', 'inconclusive'],
    ['with max 0 fails on what is surely above', [0.001, 0.1], 57, 'fail', 'fail'],
  ])
  judges({ max: 0.5, warn: 0, min_reviewed: 1 }, [
    ['with warn 0 does not warn at 0', [0, 0.4], 57, 'pass', 'pass'],
    ['with warn 0 warns above it', [0.01, 0.4], 57, 'pass', 'warning'],
  ])
  judges({ min: 0, min_reviewed: 1 }, [['with min 0 always passes', [0, 0.1], 57, 'pass', 'pass']])
  judges({ max: 1, min_reviewed: 1 }, [['with max 1 always passes', [0.9, 1], 57, 'pass', 'pass']])
})

describe('a threshold with min 0.2 and max 0.5', () => {
  judges({ min: 0.2, max: 0.5, warn: 0.4, min_reviewed: 30 }, [
    ['passes between the two', [0.2, 0.5], 57, 'pass', 'pass'],
    ['fails above max', [0.6, 0.7], 57, 'fail', 'fail'],
    ['fails below min', [0, 0.1], 57, 'fail', 'fail'],
    ['is open around min', [0.1, 0.3], 57, 'inconclusive', 'inconclusive'],
    ['warns near max', [0.41, 0.45], 57, 'pass', 'warning'],
  ])
})

describe('a threshold without a limit', () => {
  judges({ max: null, min: null, warn: 0.1, min_reviewed: 30 }, [
    ['is open whatever is measured', [0.4, 0.5], 57, 'inconclusive', 'inconclusive'],
  ])
})

describe('the verdict of several thresholds', () => {
  test.each<[string, Verdict[], Verdict]>([
    ['passes when all pass', ['pass', 'pass'], 'pass'],
    ['fails when one fails and the others pass', ['pass', 'fail', 'pass'], 'fail'],
    ['fails when one fails and another is open', ['inconclusive', 'fail'], 'fail'],
    ['is open when one is open and the others pass', ['pass', 'inconclusive'], 'inconclusive'],
    ['is open when there is none', [], 'inconclusive'],
  ])('%s', (_, verdicts, expected) => {
    expect(verdict(verdicts.map((verdict) => ({ verdict })))).toBe(expected)
  })

  it('takes a threshold that passes with a warning for a pass', () => {
    const warned = judge({ sequence: [0.3, 0.4], reviewed: 57 }, { max: 0.5, warn: 0.2, min_reviewed: 30 })
    expect(warned.state).toBe('warning')
    expect(verdict([warned])).toBe('pass')
  })
})

describe('min and max', () => {
  const bound = fc.double({ min: 0, max: 1, noNaN: true })
  const bounds = fc.tuple(bound, bound).map(([a, b]): Interval => (a < b ? [a, b] : [b, a]))

  it('are mirror images of each other', () => {
    fc.assert(
      fc.property(bounds, bound, fc.option(bound), ([lower, upper], limit, warn) => {
        const max = judge({ sequence: [lower, upper], reviewed: 57 }, { max: limit, warn, min_reviewed: 30 })
        const mirror = judge(
          { sequence: [-upper, -lower], reviewed: 57 },
          { min: -limit, warn: warn === null ? null : -warn, min_reviewed: 30 },
        )
        expect(mirror).toEqual(max)
      }),
    )
  })
})
