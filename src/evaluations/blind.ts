import type { Evaluation } from '../contract/types.ts'
import { type Estimate, newcombe } from '../metrics/difference.ts'
import { type Counts, similaritySum, type Tallies } from './tallies.ts'
import { fromBillionths } from './tally.ts'

/**
 * How far reviewers merely agree with what they see: the tasks that show their prediction beside those that do not,
 * and how much more is changed, and how much more similar answers are, in the blind ones. Null without blind tasks.
 */
export function presentBlind({ total, blind }: Tallies, confidence: number): Evaluation['blind'] {
  if (blind.tasks === 0) return null
  const differenceOf = (sum: (counts: Counts) => number) => {
    const share = (counts: Counts) => ({ changed: sum(counts), reviewed: counts.count })
    return present(newcombe(share(blind.compared), share(total), confidence))
  }
  return {
    shown: presentArm(total),
    blind: presentArm(blind.compared),
    difference: {
      change_rate: differenceOf(({ changed }) => changed),
      similarity: differenceOf(similaritySum),
    },
  }
}

function presentArm({ count, changed, amount }: Counts) {
  return {
    changed,
    reviewed: count,
    value: count === 0 ? null : changed / count,
    similarity: fromBillionths(amount, count),
  }
}

function present(estimate: Estimate | null) {
  return estimate ?? { value: null, interval: null }
}
