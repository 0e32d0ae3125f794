import { boundedSum, type Counts, type Interval, wilsonAt } from './interval.ts'
import { checkConfidence, normalQuantile } from './special.ts'

/** One stratum of a sample, e.g. one date. */
export interface Stratum extends Counts {
  /** Production records of the window in this stratum; its weight. */
  seen: number
  /** How many of its tasks reviewers can compare at all; left out, as many as were seen. */
  sampled?: number
}

/** What the strata say of all production records; a null stands for no data. */
export interface Weighted {
  value: number | null
  interval: Interval | null
  /** The share of the seen records that lie in strata without a review: the value says nothing of them. */
  missing_share: number | null
}

/** Reviews that a stratum needs before its spread can be trusted. */
const LEAST_REVIEWS = 5

/**
 * The changed share over all production records seen, for one look at a number of reviews fixed beforehand: the
 * shares of the strata that have a review, weighted by their records (Cochran 1977, ch. 5), with the stratified
 * Wilson interval Σ W_h Wilson_h(z_s) (Yan & Su 2010) with those weights.
 *
 * @throws RangeError when counts or confidence make no sense
 */
export function weighted(strata: Stratum[], confidence: number): Weighted {
  const z = normalQuantile(confidence)
  const all = weighty(strata)
  const reviewed = all.filter((stratum) => stratum.reviewed > 0)
  const seen = totalSeen(all)
  const missing_share = seen === 0 ? null : (seen - totalSeen(reviewed)) / seen
  if (reviewed.length === 0) return { value: null, interval: null, missing_share }
  const quantile = stratumQuantile(reviewed, z)
  const end = (side: 0 | 1) =>
    weightedMean(reviewed, ({ changed, reviewed }) => wilsonAt(changed, reviewed, quantile)[side])
  return { value: weightedMean(reviewed, share), interval: [end(0), end(1)], missing_share }
}

/**
 * A confidence sequence of the changed share over all production records: asymptotically, it holds at every moment
 * that somebody looks (Waudby-Smith et al., arXiv 2103.06476, with guards for few reviews). Null without a review.
 *
 * [0, 1] until every stratum has five reviews. A stratum that cannot get that many is not waited for: what its
 * share is stays open, so that it widens the sequence by its weight.
 *
 * @param planned reviews in all, e.g. the tasks of the project; the sequence is narrowest at half of them. It is
 *   part of the sequence: fix it before the first look
 * @throws RangeError when counts, plan or confidence make no sense
 */
export function weightedSequence(strata: Stratum[], planned: number, confidence: number): Interval | null {
  checkConfidence(confidence)
  const all = weighty(strata)
  if (!all.some((stratum) => stratum.reviewed > 0)) return null
  if (!(planned > 0)) throw new RangeError(`planned must be above 0 reviews, but is ${planned}`)
  const ready = all.filter((stratum) => stratum.reviewed >= LEAST_REVIEWS)
  const awaited = all.some(
    (stratum) => stratum.reviewed < LEAST_REVIEWS && reviewable(stratum) >= LEAST_REVIEWS,
  )
  if (awaited || ready.length === 0) return [0, 1]

  const centre = weightedMean(ready, share)
  const half = sequenceHalfWidth(ready, planned, 1 - confidence)
  const known = totalSeen(ready) / totalSeen(all)
  return [known * Math.max(0, centre - half), 1 - known * Math.max(0, 1 - centre - half)]
}

/** Half the width of the sequence at a miss rate of `alpha`, in the names of its source. */
function sequenceHalfWidth(strata: Stratum[], planned: number, alpha: number): number {
  const n = strata.reduce((sum, { reviewed }) => sum + reviewed, 0)
  // Two reviews of each kind are added, and one degree of freedom taken, so that no stratum passes for certain.
  const variance = variancesOfMean(strata, ({ changed, reviewed }) => {
    const q = (changed + 2) / (reviewed + 4)
    return (q * (1 - q)) / (reviewed - 1)
  })
  const log = 2 * Math.log(1 / alpha)
  // Any r² > 0 is valid. This one is nearly the narrowest at half of the plan; under a confidence of 0.25, where its
  // approximation breaks down, 1 stands in.
  const nr2 = (n * Math.max(1, log + Math.log(log) + 1)) / (planned / 2)
  return (
    Math.sqrt(n * variance) * Math.sqrt(((2 * (nr2 + 1)) / (n * nr2)) * Math.log(Math.sqrt(nr2 + 1) / alpha))
  )
}

/**
 * The z at which each stratum's Wilson interval is taken, so that their weighted ends have the confidence of z:
 * z sqrt(Σ W² v) / Σ W sqrt(v), v being the variance of a stratum's share.
 *
 * It is the larger of two: with each stratum's own share inside v, and with the share moved towards ½ as Wilson's
 * centre is. The first alone is 0/0 where no share varies, and far too small where a heavy stratum is at 0 or 1.
 */
function stratumQuantile(strata: Stratum[], z: number): number {
  const at = (added: number) => {
    const variance = ({ changed, reviewed }: Stratum) => {
      const p = (changed + added / 2) / (reviewed + added)
      return (p * (1 - p)) / reviewed
    }
    const spread = weightedMean(strata, (stratum) => Math.sqrt(variance(stratum)))
    return spread === 0 ? 0 : (z * Math.sqrt(variancesOfMean(strata, variance))) / spread
  }
  return Math.max(at(0), at(z * z))
}

/** The checked strata that have a weight. */
function weighty(strata: Stratum[]): Stratum[] {
  for (const { seen } of strata)
    if (!(seen >= 0 && Number.isFinite(seen))) throw new RangeError(`seen must be 0 or more, but is ${seen}`)
  return strata
    .map((stratum) => ({ ...stratum, changed: boundedSum(stratum.changed, stratum.reviewed) }))
    .filter((stratum) => stratum.seen > 0)
}

function share({ changed, reviewed }: Counts): number {
  return changed / reviewed
}

function reviewable({ seen, sampled = seen }: Stratum): number {
  return Math.min(seen, sampled)
}

function totalSeen(strata: Stratum[]): number {
  return strata.reduce((sum, { seen }) => sum + seen, 0)
}

/** Σ W_h f_h, the weights being of these strata alone. */
function weightedMean(strata: Stratum[], of: (stratum: Stratum) => number): number {
  return strata.reduce((sum, stratum) => sum + stratum.seen * of(stratum), 0) / totalSeen(strata)
}

/** Σ W_h² v_h: the variance of a weighted mean of independent shares. */
function variancesOfMean(strata: Stratum[], of: (stratum: Stratum) => number): number {
  return strata.reduce((sum, stratum) => sum + stratum.seen ** 2 * of(stratum), 0) / totalSeen(strata) ** 2
}
