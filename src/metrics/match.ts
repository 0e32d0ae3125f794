/** Which items of one side belong to which of the other, and those left over on each side. */
export interface Matching<T> {
  pairs: [T, T][]
  left: T[]
  right: T[]
}

/** Above this many leftovers on a side no search for near equals is made: they count as different. */
const MAX_SEARCH = 1000
/** Above this many scores, leftovers are compared only with the partner that shares their `twin` key. */
const MAX_SCORES = 2_000_000

/** Pairs leftovers whose keys are equal (null never is) and that `accept` takes; the rest stays left over. */
export function pairBy<T>(
  matching: Matching<T>,
  key: (item: T) => string | null,
  accept: (left: T, right: T) => boolean = () => true,
): Matching<T> {
  const waiting = Map.groupBy(matching.right, key)
  const pairs = [...matching.pairs]
  const taken = new Set<T>()
  const left = matching.left.filter((item) => {
    const own = key(item)
    const partner = own === null ? undefined : waiting.get(own)?.[0]
    if (own === null || partner === undefined || !accept(item, partner)) return true
    waiting.get(own)?.shift()
    taken.add(partner)
    pairs.push([item, partner])
    return false
  })
  return { pairs, left, right: matching.right.filter((item) => !taken.has(item)) }
}

/**
 * Pairs as many leftovers as possible whose items are alike (a maximum bipartite matching by augmenting paths), so
 * that whether all find a partner does not depend on the order.
 */
export function pairAlike<T>(matching: Matching<T>, alike: (left: T, right: T) => boolean): Matching<T> {
  const { left, right } = matching
  if (left.length === 0 || right.length === 0 || Math.max(left.length, right.length) > MAX_SEARCH)
    return matching
  const candidates = left.map((item) => right.flatMap((other, index) => (alike(item, other) ? [index] : [])))
  const partnerOf = new Map<number, number>()
  const augment = (index: number, seen: Set<number>): boolean =>
    (candidates[index] ?? []).some((other) => {
      if (seen.has(other)) return false
      seen.add(other)
      const rival = partnerOf.get(other)
      if (rival !== undefined && !augment(rival, seen)) return false
      partnerOf.set(other, index)
      return true
    })
  left.forEach((_, index) => void augment(index, new Set()))
  const matched = new Set(partnerOf.values())
  const pairs = [...partnerOf].map(([other, index]): [T, T] => [left[index] as T, right[other] as T])
  return {
    pairs: [...matching.pairs, ...pairs],
    left: left.filter((_, index) => !matched.has(index)),
    right: right.filter((_, index) => !partnerOf.has(index)),
  }
}

/**
 * Mean over the items of both sides of each one's best score on the other side; paired items have 1.
 * `score` gets the number of scores to come, to bound its own work by.
 */
export function twoWayMean<T>(
  matching: Matching<T>,
  score: (left: T, right: T, scores: number) => number,
  twin: (item: T) => string | null,
): number {
  const { pairs, left, right } = matching
  const items = 2 * pairs.length + left.length + right.length
  if (items === 0) return 1
  const lefts = [...pairs.map(([item]) => item), ...left]
  const rights = [...pairs.map(([, item]) => item), ...right]
  const scores = left.length * rights.length + right.length * lefts.length
  if (scores > MAX_SCORES) {
    const twins = pairBy({ pairs: [], left, right }, twin).pairs
    return (2 * pairs.length + 2 * sum(twins.map(([a, b]) => score(a, b, twins.length)))) / items
  }
  const best = (values: number[]) => values.reduce((most, value) => Math.max(most, value), 0)
  const bests = [
    ...left.map((item) => best(rights.map((other) => score(item, other, scores)))),
    ...right.map((item) => best(lefts.map((other) => score(other, item, scores)))),
  ]
  return (2 * pairs.length + sum(bests)) / items
}

/** The sum in ascending order, so that the order of the items leaves no trace in the last digits. */
export function sum(values: number[]): number {
  return [...values].sort((a, b) => a - b).reduce((total, value) => total + value, 0)
}

/** Shared items over all items of two sets; 1 when both are empty. */
export function jaccard<T>(a: Set<T>, b: Set<T>): number {
  const shared = [...a].filter((item) => b.has(item)).length
  const all = a.size + b.size - shared
  return all === 0 ? 1 : shared / all
}
