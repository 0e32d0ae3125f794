import { judge, type Threshold, verdict } from '../alerts/threshold.ts'
import type { Alert } from '../alerts/transition.ts'
import { projectFacts, projectObjects } from '../annotations/retally.ts'
import type { ProjectRow } from '../annotations/store.ts'
import { compareResults } from '../metrics/compare.ts'
import { wilson } from '../metrics/interval.ts'
import { binomialSequence } from '../metrics/sequence.ts'
import { weighted, weightedSequence } from '../metrics/weighted.ts'
import { presentBlind } from './blind.ts'
import { presentConfusion, presentEdits } from './confusion.ts'
import { NO_FREQUENCIES } from './frequencies.ts'
import { type MetricOf, measure } from './metric.ts'
import { type Counts, emptyHistogram, mixOf, similaritySum, type Tallies } from './tallies.ts'
import { fromBillionths } from './tally.ts'

/** A threshold as a monitor has it. */
export type MonitorThreshold = Threshold & MetricOf & { renotify_hours?: number | null }

/** What the metrics of one project are presented with. */
export interface EvaluationContext {
  project: ProjectRow
  tallies: Tallies
  thresholds: MonitorThreshold[]
  /** What was last announced of each threshold; null of those that never were. */
  alerts: (Alert | null)[]
  /** Of intervals and sequences, e.g. 0.95. */
  confidence: number
  labelStudioUrl: string | null
}

/** The live metrics of a project, as the contract's `Evaluation`. No data is null, never 0. */
export function presentEvaluation(context: EvaluationContext) {
  const { project, tallies, confidence } = context
  const { total, seed } = tallies
  const judged = judgeThresholds(context)
  return {
    project: project.project_id,
    title: project.title,
    monitor: project.monitor,
    run: project.run_id,
    label_studio_url: context.labelStudioUrl,
    updated_at: project.updated_at.toISOString(),
    coverage: tallies.coverage,
    change_rate: {
      ...share(total),
      interval: wilson(asCounts(total), confidence),
      sequence: binomialSequence({ sum: total.changed, reviewed: total.count }, confidence),
      confidence,
      weighted: weightedRate(tallies, confidence),
    },
    similarity: similarity(total),
    similarity_sequence: binomialSequence({ sum: similaritySum(total), reviewed: total.count }, confidence),
    objects: projectObjects(project).map(({ name, tag, field }) => ({ name, tag, field })),
    controls: projectFacts(project).predicted.map((control) => {
      const { name, type } = control
      const counts = tallies.controls.get(name) ?? NONE
      const frequencies = tallies.frequencies.get(name) ?? NO_FREQUENCIES
      return {
        name,
        type,
        ...share(counts),
        similarity: similarity(counts),
        similarity_metric: compareResults([], [], [control])[name]?.metric ?? 'exact',
        similarity_histogram: tallies.similarities.get(name) ?? emptyHistogram(),
        confusion: presentConfusion(control, frequencies),
        edits: presentEdits(control, frequencies),
      }
    }),
    by_model_version: [...tallies.modelVersions].map(([key, counts]) => ({
      key,
      ...share(counts),
      interval: wilson(asCounts(counts), confidence),
    })),
    by_stratum: tallies.strata.map(({ key, seen, sampled }) => {
      const counts = tallies.reviewedStrata.get(key) ?? NONE
      return { key, seen, sampled, ...share(counts), interval: wilson(asCounts(counts), confidence) }
    }),
    by_annotator: [...tallies.annotators].map(([key, counts]) => ({
      key,
      ...share(counts),
      lead_time_median_s: tallies.leadTimes.get(key) ?? null,
    })),
    blind: presentBlind(tallies, confidence),
    verdict: verdict(judged),
    thresholds: judged.map(({ verdict: _, ...threshold }) => threshold),
    alerts: judged.flatMap(({ metric, model_version, stratum }, index) => {
      const alert = context.alerts[index]
      return alert ? [{ metric, model_version, stratum, ...presentAlert(alert) }] : []
    }),
    seed_metric: {
      changed: seed.changed,
      total: seed.count,
      percent: seed.count === 0 ? null : (100 * seed.changed) / seed.count,
    },
    freshness: {
      last_event_at: project.last_event_at?.toISOString() ?? null,
      last_reconciled_at: project.last_reconciled_at?.toISOString() ?? null,
      webhook_active: project.webhook_active,
    },
  }
}

const NONE: Counts = { count: 0, changed: 0, amount: 0 }

function asCounts({ count, changed }: Counts) {
  return { reviewed: count, changed }
}

function share({ count, changed }: Counts) {
  return { changed, reviewed: count, value: count === 0 ? null : changed / count }
}

function similarity({ amount, count }: Counts): number | null {
  return fromBillionths(amount, count)
}

function weightedRate(tallies: Tallies, confidence: number) {
  if (tallies.strata.length === 0) return { value: null, interval: null, sequence: null, missing_share: null }
  const strata = mixOf(tallies)
  return {
    ...weighted(strata, confidence),
    sequence: tallies.planned === 0 ? null : weightedSequence(strata, tallies.planned, confidence),
  }
}

const NOTHING = { value: null, sequence: null, reviewed: 0 }

/** The thresholds held against the numbers, in their order. */
export function judgeThresholds({ tallies, thresholds, confidence }: EvaluationContext) {
  return thresholds.map((threshold) => {
    const { metric, model_version = null, stratum = null, max = null, min = null, warn = null } = threshold
    const { min_reviewed } = threshold
    const measured = measure(threshold, tallies, confidence) ?? NOTHING
    const limits = { metric, model_version, stratum, max, min, warn, min_reviewed }
    return { ...limits, ...measured, ...judge(measured, threshold) }
  })
}

export function presentAlert({ state, since, notified_at }: Alert) {
  return { state, since: since.toISOString(), notified_at: notified_at?.toISOString() ?? null }
}
