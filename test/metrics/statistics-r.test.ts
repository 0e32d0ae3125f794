import { describe, expect, test } from 'vitest'
import { newcombe } from '../../src/metrics/difference.ts'
import { type Interval, wilson } from '../../src/metrics/interval.ts'
import { binomialSequence, withoutReplacementSequence } from '../../src/metrics/sequence.ts'
import { type Stratum, weighted, weightedSequence } from '../../src/metrics/weighted.ts'
import { present } from './fixtures/statistics-cases.ts'
import fixtures from './fixtures/statistics-r.json' with { type: 'json' }

/** The root finder of R stops within about 1e-11. */
function expectEnds(found: Interval | null | undefined, expected: Interval, digits = 10) {
  expect(present(found)[0]).toBeCloseTo(expected[0], digits)
  expect(present(found)[1]).toBeCloseTo(expected[1], digits)
}

const strata = (seen: number[], reviewed: number[], changed: number[]): Stratum[] =>
  seen.map((_, i) => ({
    seen: seen[i] as number,
    reviewed: reviewed[i] as number,
    changed: changed[i] as number,
  }))

describe('as R has it, so are', () => {
  test.each(fixtures.wilson as [number, number, number, Interval][])(
    'the Wilson interval of %d of %d at %d',
    (changed, reviewed, level, ends) => expectEnds(wilson({ changed, reviewed }, level), ends),
  )

  test.each(fixtures.newcombe as [number, number, number, number, number, Interval][])(
    'the difference of %d of %d and %d of %d at %d',
    (a, n, b, m, level, ends) => {
      const found = newcombe({ changed: a, reviewed: n }, { changed: b, reviewed: m }, level)
      expectEnds(found?.interval, ends)
    },
  )

  test.each(fixtures.mixture as [number, number, number, Interval][])(
    'the sequence of a sum of %d in %d values at %d',
    (sum, reviewed, level, ends) => expectEnds(binomialSequence({ sum, reviewed }, level), ends),
  )

  test.each(fixtures.prior_posterior as [number, number, number, number, Interval][])(
    'the sequence of %d changed of %d reviewed of %d tasks at %d',
    (changed, reviewed, tasks, level, ends) =>
      expectEnds(withoutReplacementSequence({ changed, reviewed }, tasks, level), ends),
  )

  test.each(fixtures.stratified_wilson as [number[], number[], number[], number, Interval][])(
    'the weighted interval of strata with %j seen, %j reviewed and %j changed at %d',
    (seen, reviewed, changed, level, ends) =>
      expectEnds(weighted(strata(seen, reviewed, changed), level).interval, ends),
  )

  test.each(fixtures.asymptotic as [number[], number[], number[], number, number, Interval][])(
    'the weighted sequence of strata with %j seen, %j reviewed and %j changed, %d planned, at %d',
    (seen, reviewed, changed, planned, level, ends) =>
      expectEnds(weightedSequence(strata(seen, reviewed, changed), planned, level), ends),
  )
})
