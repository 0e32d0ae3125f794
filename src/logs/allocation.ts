/** How a sample is shared among strata: equally, by the number of records seen, or by that and their spread. */
export type Allocation = 'even' | 'proportional' | 'neyman'

/** The standard deviation to be expected of what is measured in a stratum, by its key. */
export type Spread = (stratum: string) => number

/** What was found in a stratum of an earlier sample. */
export interface Found {
  key: string
  reviewed: number
  changed: number
}

/** As many reviews as the share of all strata counts for in each; a stratum with few is not taken at its word. */
const PRIOR = 4

/**
 * The spread of the changed share in each stratum, sqrt(p (1 − p)), as an earlier sample lets expect: p is drawn towards
 * the share of all strata, which is drawn towards ½ in the same way, so that no stratum passes for certain.
 * Dates are grouped by their day of the week, because later samples have other dates.
 */
export function expectedSpread(strata: readonly Found[]): Spread {
  const shareOf = (found: readonly Found[], prior: number) => {
    const reviewed = found.reduce((sum, stratum) => sum + stratum.reviewed, 0)
    const changed = found.reduce((sum, stratum) => sum + stratum.changed, 0)
    return (changed + PRIOR * prior) / (reviewed + PRIOR)
  }
  const overall = shareOf(strata, 0.5)
  const groups = Map.groupBy(strata, ({ key }) => groupOf(key))
  return (key) => {
    const share = shareOf(groups.get(groupOf(key)) ?? [], overall)
    return Math.sqrt(share * (1 - share))
  }
}

function groupOf(key: string): string {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(key) ? Date.parse(key) : Number.NaN
  return Number.isNaN(time) ? key : `day ${new Date(time).getUTCDay()}`
}

/** The largest weight that is no number of records; times any total, it is still an exact integer. */
const SCALE = 2 ** 30

/**
 * What each stratum's share is proportional to: 1 for `even`, the records seen for `proportional`, and those times the
 * spread for `neyman` (Neyman 1934), as whole numbers, because shares are divided exactly.
 */
export function weightsOf(
  allocation: Allocation,
  strata: readonly { key: string; seen: number }[],
  spread: Spread | null,
): number[] {
  if (allocation === 'even') return strata.map(() => 1)
  if (allocation === 'proportional' || spread === null) return strata.map(({ seen }) => seen)
  const claims = strata.map(({ key, seen }) => seen * spread(key))
  const largest = claims.reduce((a, b) => Math.max(a, b), 0)
  return claims.map((claim) => (claim > 0 ? Math.max(1, Math.round((claim / largest) * SCALE)) : 0))
}

export interface Share {
  /** What the stratum's share is proportional to, see `weightsOf`; a whole number. */
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
