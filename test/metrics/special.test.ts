import { describe, expect, it, test } from 'vitest'
import { logBeta, logChoose, logGamma, normalQuantile } from '../../src/metrics/special.ts'
import fixtures from './fixtures/statistics.json' with { type: 'json' }

/** Equal to 1e-13 of their size. */
function close(actual: number, expected: number) {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-13 * Math.max(1, Math.abs(expected)))
}

test.each(fixtures.log_gamma as [number, number][])('ln Γ(%d) is %d', (x, expected) =>
  close(logGamma(x), expected),
)

test.each(fixtures.log_beta as [number, number, number][])('ln B(%d, %d) is %d', (a, b, expected) =>
  close(logBeta(a, b), expected),
)

test.each([
  [5, 2, 10],
  [5, 0, 1],
  [5, 5, 1],
  [0, 0, 1],
  [40, 20, 137846528820],
])('of %d one can choose %d in %d ways', (n, k, ways) => close(logChoose(n, k), Math.log(ways)))

describe('the z of a confidence', () => {
  test.each(fixtures.quantile as [number, number][])('%d gives %d', (confidence, expected) => {
    expect(Math.abs(normalQuantile(confidence) / expected - 1)).toBeLessThan(1e-10)
  })

  it.each([0, 1, -0.1, 95, Number.NaN])('%d is refused', (confidence) => {
    expect(() => normalQuantile(confidence)).toThrow(/between 0 and 1.*is/)
  })
})
