import type { Measurement } from '../alerts/threshold.ts'
import type { LabelCounts } from '../metrics/confusion.ts'
import { binomialSequence } from '../metrics/sequence.ts'
import { weighted, weightedSequence } from '../metrics/weighted.ts'
import { shown } from './replacement.ts'
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

/** What a threshold may be set on. Names of controls and labels may hold any of its characters themselves. */
const PATTERN =
  /^(?:change_rate|weighted_change_rate|similarity|control:(?<control>.+)\.(?:change_rate|similarity)|label:(?<label>.+\/.+)\.(?<figure>precision|recall|f1))$/
const NAMES =
  'change_rate, weighted_change_rate, similarity, control:NAME.change_rate, control:NAME.similarity, label:NAME/LABEL.recall, label:NAME/LABEL.precision or label:NAME/LABEL.f1'
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
  const { control, label, figure } = PATTERN.exec(of.metric)?.groups ?? {}
  if (label !== undefined) return measureLabel(labelCounts(label, tallies), figure as Figure, confidence)
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

type Figure = 'precision' | 'recall' | 'f1'

/**
 * The counts of a label by `NAME/LABEL`. Either may hold slashes: NAME is the shortest beginning that is a control of the
 * project.
 */
function labelCounts(name: string, { frequencies }: Tallies): LabelCounts {
  const slashes = [...name.matchAll(/\//g)].map(({ index }) => index)
  const end = slashes.find((index) => frequencies.has(name.slice(0, index)))
  if (end === undefined) return NO_LABEL
  return frequencies.get(name.slice(0, end))?.labels.get(shown(name.slice(end + 1))) ?? NO_LABEL
}

/**
 * A figure of one label with its sequence: each answer or region that the figure is a share of counts as one review.
 *
 * F1 = 2 J / (1 + J) rises with the share J of answers with the label on both sides among those with it on any, so that
 * its sequence is that of J, taken through the same function.
 */
function measureLabel(
  { predicted, corrected, both }: LabelCounts,
  figure: Figure,
  confidence: number,
): Measured {
  if (figure !== 'f1') return mean(both, figure === 'recall' ? corrected : predicted, confidence)
  const { value, sequence, reviewed } = mean(both, predicted + corrected - both, confidence)
  const f1 = (share: number) => (2 * share) / (1 + share)
  return {
    value: value === null ? null : f1(value),
    sequence: sequence && [f1(sequence[0]), f1(sequence[1])],
    reviewed,
  }
}

const NO_LABEL: LabelCounts = { predicted: 0, corrected: 0, both: 0 }
const NONE: Counts = { count: 0, changed: 0, amount: 0 }
