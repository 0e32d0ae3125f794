import type { Comparison } from '../contract/types.ts'
import { difference, type Estimate, evidence, newcombe } from '../metrics/difference.ts'
import { wilson } from '../metrics/interval.ts'
import { weighted } from '../metrics/weighted.ts'
import { type EvaluationContext, presentEvaluation } from './evaluation.ts'
import { type Counts, mixOf, similaritySum, type Tallies } from './tallies.ts'
import { fromBillionths } from './tally.ts'

/** One of what is compared: an evaluation, and the days that it is about where a run made its project. */
export interface Side {
  context: EvaluationContext
  window: { from: string; to: string } | null
}

/**
 * Sides and the model versions in them, each against the first or against the one before. All intervals are of the
 * highest confidence that a side asks for, because only intervals of one confidence make one of their difference.
 */
export function presentComparison(sides: Side[], against: 'first' | 'before'): Comparison {
  const asked = sides.map(({ context }) => context.confidence)
  const confidence = asked.length === 0 ? NOBODY_ASKS : Math.max(...asked)
  const versions = [...countsByVersion(sides.map(({ context }) => context.tallies))]
  return {
    confidence,
    sides: sides.map((side) => presentSide(side, confidence)),
    differences: pairs(sides, against).map(([from, to]) => ({
      from: from.context.project.project_id,
      to: to.context.project.project_id,
      weighted_change_rate: change(
        difference(
          weightedRate(to.context.tallies, confidence),
          weightedRate(from.context.tallies, confidence),
        ),
        'lower',
      ),
      ...changes(from.context.tallies.total, to.context.tallies.total, confidence),
    })),
    model_versions: versions.map(([key, counts]) => ({
      key,
      changed: counts.changed,
      reviewed: counts.count,
      value: counts.count === 0 ? null : counts.changed / counts.count,
      interval: wilson({ changed: counts.changed, reviewed: counts.count }, confidence),
      similarity: fromBillionths(counts.amount, counts.count),
    })),
    model_version_differences: pairs(versions, against).map(([from, to]) => ({
      from: from[0],
      to: to[0],
      ...changes(from[1], to[1], confidence),
    })),
  }
}

/** The confidence that monitors have by default. */
const NOBODY_ASKS = 0.95

function pairs<T>(items: T[], against: 'first' | 'before'): [from: T, to: T][] {
  return items.slice(1).map((to, index) => [items[against === 'first' ? 0 : index] as T, to])
}

function presentSide({ context, window }: Side, confidence: number): Comparison['sides'][number] {
  const { project, title, monitor, run, change_rate, similarity, by_model_version } = presentEvaluation({
    ...context,
    confidence,
  })
  const model_versions = by_model_version.map(({ key }) => key)
  const { reviewed } = change_rate
  return { project, title, monitor, run, window, model_versions, reviewed, change_rate, similarity }
}

/** In the order in which they come up. */
function countsByVersion(tallies: Tallies[]): Map<string, Counts> {
  const sums = new Map<string, Counts>()
  for (const { modelVersions } of tallies) {
    for (const [key, { count, changed, amount }] of modelVersions) {
      const sum = sums.get(key) ?? { count: 0, changed: 0, amount: 0 }
      sums.set(key, { count: sum.count + count, changed: sum.changed + changed, amount: sum.amount + amount })
    }
  }
  return sums
}

function changes(from: Counts, to: Counts, confidence: number) {
  const shareOf = ({ changed, count }: Counts) => ({ changed, reviewed: count })
  const scoresOf = (counts: Counts) => ({ changed: similaritySum(counts), reviewed: counts.count })
  const change_rate = change(newcombe(shareOf(to), shareOf(from), confidence), 'lower')
  const similarity = change(newcombe(scoresOf(to), scoresOf(from), confidence), 'higher')
  return { change_rate, similarity, verdict: change_rate.verdict }
}

function change(estimate: Estimate | null, good: 'lower' | 'higher') {
  if (estimate === null) return { value: null, interval: null, verdict: 'no_evidence' as const }
  return { ...estimate, verdict: evidence(estimate.interval, good) }
}

/** Null while a stratum has no review: of its records, the others say nothing. */
function weightedRate(tallies: Tallies, confidence: number): Estimate | null {
  const { value, interval, missing_share } = weighted(mixOf(tallies), confidence)
  return value === null || interval === null || missing_share !== 0 ? null : { value, interval }
}
