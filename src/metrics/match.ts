/** Which items of one side belong to which of the other, and those left over on each side. */
export interface Matching<T> {
  pairs: [T, T][]
  left: T[]
  right: T[]
}

/** More pairs than this are not tried, only those that `twin` tells. */
const MAX_SCORES = 4_000_000

/** Pairs leftovers whose keys are equal (null never is) and that `accept` takes; the rest stays left over. */
export function pairBy<T>(
  matching: Matching<T>,
  key: (item: T) => string | null,
  accept: (left: T, right: T) => boolean = () => true,
): Matching<T> {
  const waiting = Map.groupBy(matching.right.toReversed(), key)
  const pairs = [...matching.pairs]
  const taken = new Set<T>()
  const left = matching.left.filter((item) => {
    const own = key(item)
    const partner = own === null ? undefined : waiting.get(own)?.at(-1)
    if (own === null || partner === undefined || !accept(item, partner)) return true
    waiting.get(own)?.pop()
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

/** How two-way means score a pair: `meets` tells cheaply whether there is anything to score. */
export interface Scoring<T> {
  meets(left: T, right: T): boolean
  /** In [0, 1]; `scores` is the number of scores to be made, to bound the work of each by. */
  score(left: T, right: T, scores: number): number
  /** Equal for items that are partners anyhow: the only ones scored where there are too many to try all. */
  twin(item: T): string | null
}

/** Mean over the items of both sides of each one's best score on the other side; paired items have 1. */
export function twoWayMean<T>({ pairs, left, right }: Matching<T>, scoring: Scoring<T>): number {
  const items = 2 * pairs.length + left.length + right.length
  if (items === 0) return 1
  const [lefts, rights] = [pairs.map(([item]) => item), [...pairs.map(([, item]) => item), ...right]]
  const crowded = left.length * rights.length + right.length * lefts.length > MAX_SCORES
  const rivals = crowded
    ? pairBy({ pairs: [], left, right }, scoring.twin, scoring.meets).pairs
    : [
        ...left.flatMap((a) => rights.filter((b) => scoring.meets(a, b)).map((b): [T, T] => [a, b])),
        ...right.flatMap((b) => lefts.filter((a) => scoring.meets(a, b)).map((a): [T, T] => [a, b])),
      ]
  const best = new Map([...left, ...right].map((item) => [item, 0]))
  for (const rival of rivals) {
    const score = scoring.score(...rival, rivals.length)
    for (const item of rival) if (score > (best.get(item) ?? 1)) best.set(item, score)
  }
  return (2 * pairs.length + sum([...best.values()])) / items
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
