import type { Interval } from '../metrics/interval.ts'

/** What a gate hangs on. */
export type Verdict = 'pass' | 'fail' | 'inconclusive'

/** What a person is told: the verdict, or that the warning level is passed before it fails. */
export type State = Verdict | 'warning'

/** The limits of one metric: `max` where less is better, `min` where more is. */
export interface Threshold {
  max?: number | null
  min?: number | null
  /** A level short of the limit. */
  warn?: number | null
  /** Reviews below which nothing is decided. */
  min_reviewed: number
}

/** A metric as it stands: its confidence sequence (null without data) and the reviews behind it. */
export interface Measurement {
  sequence: Interval | null
  reviewed: number
}

export interface Judgement {
  verdict: Verdict
  state: State
}

/**
 * Holds a metric against its threshold, by its confidence sequence alone.
 *
 * With `max`: `fail` when the lower bound is above it, `pass` when the upper bound is at or below it, else
 * `inconclusive`, and never decided before `min_reviewed`. The state is `warning` when the lower bound is above
 * `warn`, unless the threshold fails. `min` mirrors all of this; with both, both must hold, and `warn` is `max`'s.
 *
 * A warning says that the metric is surely past `warn`, which decides nothing about the limit: the verdict stays
 * `pass` where the upper bound is at or below `max`, and `inconclusive` between the bounds.
 */
export function judge({ sequence, reviewed }: Measurement, threshold: Threshold): Judgement {
  if (sequence === null || reviewed < threshold.min_reviewed)
    return { verdict: 'inconclusive', state: 'inconclusive' }
  const max = threshold.max ?? null
  const min = threshold.min ?? null
  const warn = threshold.warn ?? null
  const sides: Judgement[] = []
  if (max !== null) sides.push(judgeMax(sequence, max, warn))
  if (min !== null)
    sides.push(judgeMax(mirrored(sequence), -min, max !== null || warn === null ? null : -warn))
  const overall = verdict(sides)
  const warned = sides.some((side) => side.state === 'warning')
  return { verdict: overall, state: warned && overall !== 'fail' ? 'warning' : overall }
}

/** One verdict of many judgements: any `fail` fails, all `pass` pass, and everything else, none included, is open. */
export function verdict(judgements: { verdict: Verdict }[]): Verdict {
  if (judgements.some((judgement) => judgement.verdict === 'fail')) return 'fail'
  const passed = judgements.length > 0 && judgements.every((judgement) => judgement.verdict === 'pass')
  return passed ? 'pass' : 'inconclusive'
}

function judgeMax([lower, upper]: Interval, max: number, warn: number | null): Judgement {
  if (lower > max) return { verdict: 'fail', state: 'fail' }
  const outcome = upper <= max ? 'pass' : 'inconclusive'
  return { verdict: outcome, state: warn !== null && lower > warn ? 'warning' : outcome }
}

function mirrored([lower, upper]: Interval): Interval {
  return [-upper, -lower]
}
