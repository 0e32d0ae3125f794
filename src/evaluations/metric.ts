import type { Measurement } from '../alerts/threshold.ts'
import type { LabelCounts } from '../metrics/confusion.ts'
import { binomialSequence } from '../metrics/sequence.ts'
import { weighted, weightedSequence } from '../metrics/weighted.ts'
import { asLabelCounts } from './frequencies.ts'
import { shown } from './replacement.ts'
import { type Counts, crossingId, mixOf, similaritySum, type Tallies } from './tallies.ts'
import { type Crossing, controlsOf, type Group, labelsOf } from './tally.ts'

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
  const field = groupOf(of)?.[0] ?? null
  if (field === null || metric !== 'weighted_change_rate') return null
  return { field, message: `${metric} is of all records and can't be had by ${field}; take change_rate.` }
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
  const { label, figure } = partsOf(of.metric)
  if (label !== undefined) return measureLabel(labelCounts(of, label, tallies), figure as Figure, confidence)
  const counts = countsOf(of, tallies)
  const sum = of.metric.endsWith('similarity') ? similaritySum(counts) : counts.changed
  return mean(sum, counts.count, confidence)
}

/** The tallies of one version or stratum alone that a metric is measured by; none where it is of all tasks. */
export function crossingsOf(of: MetricOf): [dimension: Crossing, key: string][] {
  const group = groupOf(of)
  if (group === null) return []
  const { control, label } = partsOf(of.metric)
  if (control !== undefined) return [[controlsOf(...group), control]]
  return splits(label ?? '').map(([name, own]) => [labelsOf(...group, name), own])
}

/** The control tag that a metric names; several where a slash leaves it open, none where it is of all. */
export function namedControls(metric: string): string[] {
  const { control, label } = partsOf(metric)
  if (control !== undefined) return [control]
  return splits(label ?? '').map(([name]) => name)
}

function partsOf(metric: string): { control?: string; label?: string; figure?: string } {
  return PATTERN.exec(metric)?.groups ?? {}
}

function groupOf({ model_version = null, stratum = null }: MetricOf): [Group, string] | null {
  if (model_version !== null) return ['model_version', model_version]
  return stratum === null ? null : ['stratum', stratum]
}

function countsOf(of: MetricOf, tallies: Tallies): Counts {
  const { control } = partsOf(of.metric)
  const group = groupOf(of)
  if (group === null) return control === undefined ? tallies.total : (tallies.controls.get(control) ?? NONE)
  const [by, key] = group
  if (control !== undefined) return tallies.crossings.get(crossingId(controlsOf(by, key), control)) ?? NONE
  return (by === 'stratum' ? tallies.reviewedStrata : tallies.modelVersions).get(key) ?? NONE
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

/** How `NAME/LABEL` can be read, either of which may hold slashes; the label as it is counted. */
function splits(name: string): [control: string, label: string][] {
  return [...name.matchAll(/\//g)].map(({ index }) => [name.slice(0, index), shown(name.slice(index + 1))])
}

/** Of several ways to read the name, the one with the shortest control that the project has. */
function labelCounts(of: MetricOf, name: string, { controls, frequencies, crossings }: Tallies): LabelCounts {
  const [control, label] = splits(name).find(([control]) => controls.has(control)) ?? []
  if (control === undefined || label === undefined) return NO_LABEL
  const group = groupOf(of)
  if (group === null) return frequencies.get(control)?.labels.get(label) ?? NO_LABEL
  const counts = crossings.get(crossingId(labelsOf(...group, control), label))
  return counts ? asLabelCounts(counts) : NO_LABEL
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
