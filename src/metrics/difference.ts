import { type Counts, type Interval, wilson } from './interval.ts'

/** A number and the interval around it, both at the confidence that the caller chose. */
export interface Estimate {
  value: number
  interval: Interval
}

export type Evidence = 'better' | 'worse' | 'no_evidence'

/**
 * The difference a − b of two shares counted on different tasks, with Newcombe's hybrid score interval
 * (Newcombe 1998, method 10). Null when either has no review. `changed` may be a real sum, see {@link wilson}.
 *
 * @throws RangeError when counts or confidence make no sense
 */
export function newcombe(a: Counts, b: Counts, confidence: number): Estimate | null {
  return difference(estimate(a, confidence), estimate(b, confidence))
}

/**
 * The difference a − b of two independent estimates that have intervals of one confidence: each end lies as far
 * from it as the two near ends do from their values, in squares (Newcombe 1998, method 10; for other intervals
 * Donner & Zou 2012). Null when either is.
 */
export function difference(a: Estimate | null, b: Estimate | null): Estimate | null {
  if (a === null || b === null) return null
  const value = a.value - b.value
  const below = Math.hypot(a.value - a.interval[0], b.interval[1] - b.value)
  const above = Math.hypot(a.interval[1] - a.value, b.value - b.interval[0])
  return { value, interval: [value - below, value + above] }
}

/**
 * Whether a is better or worse than b, from the interval of a − b: only when the interval leaves 0 out.
 *
 * @param good which way the metric gets better: a change rate `lower`, a similarity or a recall `higher`
 */
export function evidence(interval: Interval, good: 'lower' | 'higher'): Evidence {
  const [lower, upper] = interval
  if (lower <= 0 && upper >= 0) return 'no_evidence'
  return lower > 0 === (good === 'higher') ? 'better' : 'worse'
}

function estimate(counts: Counts, confidence: number): Estimate | null {
  const interval = wilson(counts, confidence)
  return interval && { value: counts.changed / counts.reviewed, interval }
}
