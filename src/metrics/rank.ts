import type { AnswerKind } from './answers.ts'
import { asList, asText, canonical, isRecord, order } from './read.ts'

/** Item ids by bucket, in order. */
type Ranking = Map<string, string[]>

/** The column of the items not yet put into a bucket: the editor adds it on its own. */
const REST = '_'

/** Pairs of numbers of which the first is larger, counted while sorting by merging. */
function inversions(numbers: number[]): number {
  if (numbers.length < 2) return 0
  const middle = numbers.length >> 1
  const [low, high] = [numbers.slice(0, middle), numbers.slice(middle)]
  let count = inversions(low) + inversions(high)
  let at = 0
  low.sort((a, b) => a - b)
  for (const number of high.sort((a, b) => a - b)) {
    while (at < low.length && (low[at] as number) <= number) at++
    count += low.length - at
  }
  return count
}

/**
 * Ranker and List: 1 − the share of item pairs that are related differently (Kendall 1938). In one bucket the
 * relation is the order, else the two buckets; an item that changed its bucket differs in all its pairs.
 */
function kendall(a: Ranking, b: Ranking): number {
  const items = new Set([...a.values(), ...b.values()].flat())
  let [kept, discordant] = [0, 0]
  for (const [bucket, before] of a) {
    const positions = new Map((b.get(bucket) ?? []).map((item, index) => [item, index]))
    const after = before.flatMap((item) => positions.get(item) ?? [])
    kept += after.length
    discordant += inversions(after)
  }
  const pairs = (items.size * (items.size - 1)) / 2
  return pairs === 0 ? 0 : ((kept * (kept - 1)) / 2 - discordant) / pairs
}

export const ranking: AnswerKind<Ranking> = {
  metric: 'kendall',
  read({ ranker }, control) {
    const buckets = isRecord(ranker) ? ranker : { [control.name]: ranker }
    const filled = Object.entries(buckets)
      .map(([bucket, items]): [string, string[]] => [bucket, [...new Set(asList(items).map(asText))]])
      .filter(([bucket, items]) => bucket !== REST && items.length > 0)
    return filled.length === 0 ? null : new Map(filled.sort(([a], [b]) => order(a, b)))
  },
  key: (buckets) => canonical([...buckets]),
  similarity: kendall,
}
