import type { Measurement } from '../alerts/threshold.ts'
import { binomialSequence } from '../metrics/sequence.ts'
import { weighted, weightedSequence } from '../metrics/weighted.ts'
import { type Counts, mixOf, similaritySum, type Tallies } from './tallies.ts'

/** A metric by its name, and of which tasks: all, or those of one model version or one stratum. */
export interface MetricOf {
  metric: string
  model_version?: string | null
  stratum?: string | null
}

export interface Measured extends Measurement {
  value: number | null
}

/** What a threshold may be set on; `NAME` is the name of a control tag. */
const PATTERN = /^(?:(change_rate|weighted_change_rate|similarity)|control:(.+)\.(change_rate|similarity))$/
const NAMES =
  'change_rate, weighted_change_rate, similarity, control:NAME.change_rate or control:NAME.similarity'
/** The metrics that are counted by model version and by stratum too. */
const GROUPED = ['change_rate', 'similarity']

/** What is wrong with a metric that somebody names, and in which field; null when it can be measured. */
export function metricProblem(of: MetricOf): { field: keyof MetricOf; message: string } | null {
  const { metric, model_version = null, stratum = null } = of
  if (!PATTERN.test(metric)) {
    return { field: 'metric', message: `There is no metric ${metric}; expected ${NAMES}.` }
  }
  if (model_version !== null && stratum !== null) {
    return {
      field: 'stratum',
      message: 'Give model_version or stratum, not both: nothing counts both at once.',
    }
  }
  const field = model_version !== null ? 'model_version' : stratum !== null ? 'stratum' : null
  if (field === null || GROUPED.includes(metric)) return null
  return { field, message: `Only ${GROUPED.join(' and ')} can be had by ${field}, not ${metric}.` }
}

/** The metric in words, e.g. "change_rate of model version v2". */
export function metricName({ metric, model_version = null, stratum = null }: MetricOf): string {
  if (model_version !== null) return `${metric} of model version ${model_version}`
  return stratum === null ? metric : `${metric} of stratum ${stratum}`
}

/**
 * A metric as it stands, with the sequence that decides a threshold on it.
 *
 * @returns null for a metric that can't be measured, see `metricProblem`
 */
export function measure(of: MetricOf, tallies: Tallies, confidence: number): Measured | null {
  if (metricProblem(of)) return null
  if (of.metric === 'weighted_change_rate') return measureWeighted(tallies, confidence)
  const [, , control] = PATTERN.exec(of.metric) ?? []
  const counts = countsOf({ ...of, control }, tallies)
  const sum = of.metric.endsWith('similarity') ? similaritySum(counts) : counts.changed
  return mean(sum, counts.count, confidence)
}

function countsOf(of: MetricOf & { control: string | undefined }, tallies: Tallies): Counts {
  if (of.control !== undefined) return tallies.controls.get(of.control) ?? NONE
  if (of.model_version != null) return tallies.modelVersions.get(of.model_version) ?? NONE
  if (of.stratum != null) return tallies.reviewedStrata.get(of.stratum) ?? NONE
  return tallies.total
}

/** The mean of numbers from 0 to 1, of which only the sum is known. */
function mean(sum: number, count: number, confidence: number): Measured {
  return {
    value: count === 0 ? null : sum / count,
    sequence: binomialSequence({ sum, reviewed: count }, confidence),
    reviewed: count,
  }
}

function measureWeighted(tallies: Tallies, confidence: number): Measured {
  const strata = mixOf(tallies)
  const known = strata.length > 0 && tallies.planned > 0
  return {
    value: weighted(strata, confidence).value,
    sequence: known ? weightedSequence(strata, tallies.planned, confidence) : null,
    reviewed: tallies.total.count,
  }
}

const NONE: Counts = { count: 0, changed: 0, amount: 0 }
