import { normalQuantile } from './special.ts'

export type Interval = [lower: number, upper: number]

/** How many tasks reviewers compared, and how many of those they changed. */
export interface Counts {
  changed: number
  reviewed: number
}

/**
 * The Wilson score interval of a share (Wilson 1927), for one look at a number of reviews fixed beforehand.
 * Null when nothing is reviewed.
 *
 * `changed` may be a real sum of scores in [0, 1]: their variance is at most that of a share with the same mean,
 * so that the interval of their mean is then a cautious one.
 *
 * @param confidence between 0 and 1, e.g. 0.95
 * @throws RangeError when the counts or the confidence make no sense
 */
export function wilson({ changed, reviewed }: Counts, confidence: number): Interval | null {
  const z = normalQuantile(confidence)
  const sum = boundedSum(changed, reviewed)
  return reviewed === 0 ? null : wilsonAt(sum, reviewed, z)
}

/** The Wilson interval at a given z, for 0 ≤ changed ≤ reviewed and reviewed > 0. */
export function wilsonAt(changed: number, reviewed: number, z: number): Interval {
  const share = changed / reviewed
  const shrink = 1 + (z * z) / reviewed
  const centre = (share + (z * z) / (2 * reviewed)) / shrink
  const variance = (share * (1 - share)) / reviewed + (z / (2 * reviewed)) ** 2
  const half = (z * Math.sqrt(variance)) / shrink
  // The interval contains the share and lies in [0, 1]; at shares near 0 and 1, rounding would put it a hair off.
  return [Math.max(0, Math.min(share, centre - half)), Math.min(1, Math.max(share, centre + half))]
}

/**
 * `sum` as the sum of `reviewed` values in [0, 1]. What rounding has put a hair outside is put back: a sum that
 * scores were added to and taken from is seldom exact.
 *
 * @throws RangeError when it is further out, or one of the two is no number of reviews
 */
export function boundedSum(sum: number, reviewed: number): number {
  if (!(reviewed >= 0 && Number.isFinite(reviewed)))
    throw new RangeError(`reviewed must be 0 or more, but is ${reviewed}`)
  const slack = 1e-9 * Math.max(1, reviewed)
  if (!(sum >= -slack && sum <= reviewed + slack))
    throw new RangeError(
      `of ${reviewed} reviews between 0 and ${reviewed} can count as changed, but ${sum} do`,
    )
  return Math.min(Math.max(sum, 0), reviewed)
}
