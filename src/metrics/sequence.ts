import { boundedSum, type Counts, type Interval } from './interval.ts'
import { checkConfidence, logBeta, logChoose } from './special.ts'

/**
 * A confidence sequence of the mean of values in [0, 1]: with probability `confidence` the true mean lies inside
 * at every moment at once, however often and whenever somebody looks. Null when nothing is reviewed.
 *
 * It holds the means p at which the beta-binomial mixture
 * B(1 + S, 1 + t − S) / (p^S (1 − p)^(t − S)) stays below 1 / (1 − confidence), S being the sum of t values
 * (Robbins; Howard et al. 2021, arXiv 1810.08240). The mixing distribution is uniform (a = b = 1): of the symmetric
 * ones it is the narrowest or within a few per cent of it for shares of 0.1 to 0.9 and 30 to 2,000 reviews.
 * Shares changed (S counts) and mean scores (S real) are the same to it: for any p the value
 * (q/p)^u ((1−q)/(1−p))^(1−u) is convex in u and so at most its chord over [0, 1], whose mean is 1.
 *
 * @param sum of the values, e.g. the number of changed tasks, or the sum of their similarities
 * @param reviewed how many values there are
 * @throws RangeError when the sum is not one of that many values, or the confidence makes no sense
 */
export function binomialSequence(
  { sum, reviewed }: { sum: number; reviewed: number },
  confidence: number,
): Interval | null {
  checkConfidence(confidence)
  const successes = boundedSum(sum, reviewed)
  if (reviewed === 0) return null
  const failures = reviewed - successes
  const level = logBeta(1 + successes, 1 + failures) + Math.log1p(-confidence)
  return [lowerEnd(successes, reviewed, level), 1 - lowerEnd(failures, reviewed, level)]
}

/**
 * The smaller p with level = S ln p + (t − S) ln(1 − p).
 *
 * Newton's method on the log-odds x, where the difference of both sides, level − S x + t ln(1 + e^x), is convex and
 * falls up to the root. It is not below 0 at level / S, and from there climbs to the root without passing it.
 */
function lowerEnd(successes: number, reviewed: number, level: number): number {
  if (successes === 0) return 0
  let x = level / successes
  for (let round = 0; round < 200; round++) {
    const excess = level - successes * x + reviewed * (Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))))
    const next = x + excess / (successes - reviewed / (1 + Math.exp(-x)))
    if (!(next > x)) break
    x = next
  }
  return 1 / (1 + Math.exp(-x))
}

/**
 * A confidence sequence of the changed share of a finite population reviewed without replacement, e.g. of the tasks
 * of a project: it closes on the exact share as the last task is reviewed. Null when nothing is reviewed.
 *
 * It holds the numbers K of changed tasks at which the prior-posterior ratio of K stays below 1 / (1 − confidence)
 * (Waudby-Smith & Ramdas 2020, arXiv 2006.04347). With a uniform prior over 0 … population that ratio is
 * 1 / ((reviewed + 1) · Hypergeometric(changed; population, K, reviewed)).
 *
 * @param population how many tasks there are in all, reviewed or not
 * @throws RangeError when a count is no whole number or larger than what it is a part of
 */
export function withoutReplacementSequence(
  { changed, reviewed }: Counts,
  population: number,
  confidence: number,
): Interval | null {
  checkConfidence(confidence)
  if (![changed, reviewed, population].every(Number.isInteger) || reviewed > population)
    throw new RangeError(
      `expected whole numbers changed ≤ reviewed ≤ population, but got ${changed}, ${reviewed}, ${population}`,
    )
  boundedSum(changed, reviewed)
  if (reviewed === 0) return null
  const level = Math.log1p(-confidence) - Math.log(reviewed + 1) + logChoose(population, reviewed)
  const inside = (k: number) => logChoose(k, changed) + logChoose(population - k, reviewed - changed) > level
  // The likelihood rises up to its mode and falls from there, and the mode itself is always inside.
  const least = changed
  const most = population - (reviewed - changed)
  const mode = Math.min(Math.floor((changed * (population + 1)) / reviewed), most)
  return [lastInside(mode, least, inside) / population, lastInside(mode, most, inside) / population]
}

/** The whole number nearest to `end` that is inside, given that `from` is and that the inside has no gap. */
function lastInside(from: number, end: number, inside: (k: number) => boolean): number {
  if (inside(end)) return end
  let inner = from
  let outer = end
  while (Math.abs(outer - inner) > 1) {
    const middle = Math.floor((inner + outer) / 2)
    if (inside(middle)) inner = middle
    else outer = middle
  }
  return inner
}
