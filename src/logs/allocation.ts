/** How a sample is shared among strata: equally, or by the number of records seen. */
export type Allocation = 'even' | 'proportional'

export interface Share {
  /** What the stratum's share is proportional to: 1 for an even allocation, the records seen for a proportional one. */
  weight: number
  /** The most it can give. */
  limit: number
  /** Who gets the next one where two have the same claim: the smaller. */
  tie: number
}

/**
 * Shares `total` among strata in proportion to their weights, none above its limit: exactly min(total, sum of the limits) in
 * all. What a thin stratum lacks goes to the others; the remainder of the division goes one by one to the largest fractions
 * (largest remainder, Hamilton), ties to the smaller `tie`.
 * @returns the number for each stratum, in the order given
 */
export function allocate(shares: readonly Share[], total: number): number[] {
  const taken = shares.map(() => 0)
  let open = shares.map((share, index) => ({ ...share, index })).filter((s) => s.limit > 0 && s.weight > 0)
  open.sort((a, b) => a.limit / a.weight - b.limit / b.weight)
  let left = total
  let weight = open.reduce((sum, s) => sum + s.weight, 0)
  // the strata that can't fill their share come first: they give all they have
  let full = 0
  for (; full < open.length; full++) {
    const { index, limit, weight: own } = open[full] as (typeof open)[number]
    if (left * own < limit * weight) break
    taken[index] = limit
    left -= limit
    weight -= own
  }
  open = open.slice(full)
  const claims = open.map((s) => {
    const whole = Math.floor((left * s.weight) / weight)
    taken[s.index] = whole
    // the fraction as an exact numerator over the common weight
    return { index: s.index, tie: s.tie, rest: left * s.weight - whole * weight, whole }
  })
  const surplus = left - claims.reduce((sum, claim) => sum + claim.whole, 0)
  claims.sort((a, b) => b.rest - a.rest || a.tie - b.tie)
  for (const { index, whole } of claims.slice(0, surplus)) taken[index] = whole + 1
  return taken
}
