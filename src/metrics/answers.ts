import type { ControlTag, Region } from '../labeling/types.ts'
import { type Family, type Sides, STEPS } from './family.ts'
import { type Matching, pairBy, sum } from './match.ts'
import { asId, asRecord, canonical, namedAmong, order, type Value } from './read.ts'
import { pageOf, readPlace } from './regions.ts'

/** One kind of answer to a question about the task, or about one of its regions (`perRegion`). */
export interface AnswerKind<T> {
  /** Name of the similarity, as users see it. */
  metric: string
  /** The answer in a region's value; null when there is none, or an empty one. */
  read(value: Value, control: ControlTag): T | null
  /** Whether the editor can show it; what it can't is missing from what is submitted, though nobody touched it. */
  isShown?(value: Value): boolean
  /** Equal exactly for equal answers. */
  key(answer: T): string
  /** The answer without what the editor adds to it by itself; null where nothing is left. */
  withoutDefault?(answer: T, control: ControlTag): T | null
  /** Whether a task may have several, each a region of its own; else the editor keeps the last. */
  isSeveral?: boolean
  /** In [0, 1]; at most about `steps` steps of work. */
  similarity(a: T, b: T, steps: number): number
  /** Whether the answer has a part in the similarity (it always has in `changed`). */
  counts?(answer: T): boolean
  /** When it was given, to order several answers by. */
  turn?(answer: T): number
  labels?(answer: T): string[]
  /** What of it is free text. */
  texts?(answer: T): string[]
}

type IsNamed = (region: Region) => boolean

interface Item<T> {
  id: string | null
  page: number
  /** Where the answer's region lies, when it belongs to one. */
  place: string | null
  answer: T
  key: string
  /** Whether it is missed where it has no counterpart. */
  isShown: boolean
}

/** The comparison of a kind of answers: matched first, then compared pair by pair, leftovers counting 0. */
export function answers<T>(kind: AnswerKind<T>): Family {
  const compare = (matching: Matching<Item<T>>) => {
    const counts = ({ answer }: Item<T>) => kind.counts?.(answer) ?? true
    const pairs = matching.pairs.filter(([a, b]) => counts(a) || counts(b))
    const all = pairs.length + [...matching.left, ...matching.right].filter(counts).length
    const alike = pairs.map(([a, b]) => {
      if (a.key === b.key) return 1
      const [one, other] = a.key < b.key ? [a, b] : [b, a]
      return kind.similarity(one.answer, other.answer, STEPS / pairs.length)
    })
    return all === 0 ? 1 : sum(alike) / all
  }
  return {
    compare(control, prediction, annotation) {
      const matching = match(kind, control, prediction, annotation)
      const { pairs, left, right } = matching
      const changed = left.length + right.length > 0 || pairs.some(([a, b]) => a.key !== b.key)
      return { changed, similarity: changed ? compare(matching) : 1, metric: kind.metric }
    },
    labels: (...sides) => (kind.labels ? sidesOf(match(kind, ...sides), kind.labels) : []),
    texts: (...sides) => (kind.texts ? sidesOf(match(kind, ...sides), kind.texts) : []),
  }
}

function sidesOf<T>({ pairs, left, right }: Matching<Item<T>>, read: (answer: T) => string[]): Sides[] {
  return [
    ...pairs.map(([a, b]) => ({ predicted: read(a.answer), corrected: read(b.answer) })),
    ...left.map(({ answer }) => ({ predicted: read(answer), corrected: [] })),
    ...right.map(({ answer }) => ({ predicted: [], corrected: read(answer) })),
  ]
}

/** Which answers belong together; one that no editor shows is only missed where it has a counterpart. */
function match<T>(
  kind: AnswerKind<T>,
  control: ControlTag,
  prediction: Region[],
  annotation: Region[],
): Matching<Item<T>> {
  const { pairs, left, right } = matchAll(kind, control, prediction, annotation)
  const isShown = (item: Item<T>) => item.isShown
  return { pairs, left: left.filter(isShown), right: right.filter(isShown) }
}

/**
 * Which answers belong together. Answers about regions follow their region: by its id, else (ids are random where a
 * prediction had none) by where it lies. Answers about the task belong together anyway: equal ones first, then those
 * under one id, then the rest in order.
 */
function matchAll<T>(
  kind: AnswerKind<T>,
  control: ControlTag,
  prediction: Region[],
  annotation: Region[],
): Matching<Item<T>> {
  const isNamed = namedAmong(prediction, annotation)
  const isOne = prediction.length !== annotation.length && !kind.isSeveral && !control.perRegion
  const [left, right] = [prediction, annotation].map((regions) =>
    readItems(kind, control, isOne ? lastOnes(kind, regions, isNamed) : regions, isNamed),
  ) as [Item<T>[], Item<T>[]]
  const start: Matching<Item<T>> = { pairs: [], left, right }
  const [one, other] = [left[0], right[0]]
  if (one && other && left.length + right.length === 2 && !control.perRegion) {
    const isPair = one.place === null && other.place === null && one.page === other.page
    if (isPair) return { pairs: [[one, other]], left: [], right: [] }
  }
  const byId = ({ id, page }: Item<T>) => (id === null ? null : canonical([id, page]))
  const byValue = ({ key, page }: Item<T>) => canonical([key, page])
  if (control.perRegion || [...left, ...right].some(({ place }) => place !== null)) {
    const located = ({ place }: Item<T>, ...more: unknown[]) =>
      place === null ? null : canonical([place, ...more])
    const found = pairBy(
      pairBy(pairBy(start, byId), (item) => located(item, item.page, item.key)),
      (item) => located(item, item.page),
    )
    const placeless = [found.left, found.right].some((items) => items.every(({ place }) => place === null))
    return placeless ? pairBy(found, byValue) : found
  }
  const equal = pairBy(
    pairBy(start, (item) => byId(item) && canonical([byId(item), item.key])),
    byValue,
  )
  return pairBy(pairBy(equal, byId), ({ page }) => String(page))
}

/**
 * The answers about the task that the editor keeps: of each page those under the id of the last one that it can read.
 * That is told only where the other side has fewer or more, so that order says nothing where the editor did nothing.
 */
function lastOnes<T>(kind: AnswerKind<T>, regions: Region[], isNamed: IsNamed): Region[] {
  if (regions.length < 2 || regions.some((region) => readPlace(region, regions.length) !== null))
    return regions
  const isRead = (region: Region) => isNamed(region) && (kind.isShown?.(asRecord(region.value)) ?? true)
  const last = new Map(regions.filter(isRead).map((region) => [pageOf(region), region]))
  return regions.filter((region) => {
    const kept = last.get(pageOf(region))
    return !kept || region === kept || (asId(kept.id) !== null && asId(region.id) === asId(kept.id))
  })
}

function readItems<T>(
  kind: AnswerKind<T>,
  control: ControlTag,
  regions: Region[],
  isNamed: IsNamed,
): Item<T>[] {
  const items = regions.flatMap((region): Item<T>[] => {
    const value = asRecord(region.value)
    const answer = kind.read(value, control)
    if (answer === null) return []
    const place = readPlace(region, regions.length)?.key ?? null
    const own = kind.withoutDefault ? kind.withoutDefault(answer, control) : answer
    const isShown = own !== null && isNamed(region) && (kind.isShown?.(value) ?? true)
    const key = own === null ? '' : kind.key(own)
    return [{ id: asId(region.id), page: pageOf(region), place, answer, key, isShown }]
  })
  const turn = ({ answer }: Item<T>) => kind.turn?.(answer) ?? 0
  return items.sort((a, b) => turn(a) - turn(b) || order(a.key, b.key))
}
