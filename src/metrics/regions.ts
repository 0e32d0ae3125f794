import type { Region } from '../labeling/types.ts'
import { type Family, STEPS } from './family.ts'
import { type Geometry, near, type Place, places } from './geometry.ts'
import { mask } from './masks.ts'
import { type Matching, pairAlike, pairBy, type Scoring, twoWayMean } from './match.ts'
import { keyPoint, type Point, pointDistance, polygon } from './points.ts'
import {
  asId,
  asList,
  asNumber,
  asRecord,
  asText,
  canonical,
  isRecord,
  namedAmong,
  order,
  type Value,
} from './read.ts'
import { ellipse, rectangle } from './shapes.ts'
import { span } from './spans.ts'
import { track } from './video.ts'

/** A region as a whole: where it lies, and its labels. */
interface Item {
  id: string | null
  /** Which of several images, pages or items it lies on. */
  page: number
  place: Place
  /** The place of the first region with the same id, where the editor puts all of them; null for a first one. */
  first: Place | null
  labels: string[]
  /** Whether the labels stand under another name than the tag's, where the editor finds none. */
  isMislabelled: boolean
  /** Whether it is missed where it has no counterpart. */
  isShown: boolean
  /** Whether it has labels alone: the editor loses a place that it can't draw, and adds one where another tag drew it. */
  isBare: boolean
  /** Equal for regions with the same labels on the same page. */
  kind: string
  /** Equal for regions written alike, whatever their ids. */
  key: string
}

/** Whether two values are equal but for the last digits of their numbers. */
function alike(a: unknown, b: unknown, depth = 0): boolean {
  if (depth > 100) return true
  if (typeof a === 'number' && typeof b === 'number')
    return near(a, b, 1e-9 * Math.max(Math.abs(a), Math.abs(b)))
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((entry, index) => alike(entry, b[index], depth + 1))
  }
  if (isRecord(a) && isRecord(b)) {
    return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) =>
      alike(a[key], b[key], depth + 1),
    )
  }
  return canonical(a) === canonical(b)
}

/** Anything else: the value as it is, equal or not. */
const unknown: Geometry<Value> = {
  metric: 'exact',
  read: (value) => value,
  key: canonical,
  same: alike,
  meets: alike,
  overlap: () => 1,
}

const KNOWN = [
  places(track),
  places(mask),
  places(polygon),
  places(ellipse),
  places(rectangle),
  places(keyPoint),
  places(span),
]
const readUnknown = places(unknown)

/** Where a region lies; null when its value describes no place. `regions` share the limits of work. */
export function readPlace(region: Region, regions: number): Place | null {
  const value = asRecord(region.value)
  for (const read of KNOWN) {
    const place = read(value, region, regions)
    if (place) return place
  }
  return null
}

export function pageOf(region: Region): number {
  return asNumber(region.item_index) ?? asNumber(asRecord(region.value).item_index) ?? 0
}

/** The labels of a region, sorted, each once; a Taxonomy that labels regions has paths, here joined by `/`. */
function readLabels(region: Region): string[] {
  const value = asRecord(region.value)
  const named = value[asText(region.type)] ?? value.labels ?? value.taxonomy
  const labels = Array.isArray(named)
    ? named
    : Object.entries(value).find(([key]) => key.endsWith('labels'))?.[1]
  return [...new Set(asList(labels).map((label) => asList(label).map(asText).join('/')))].sort()
}

function readItem(region: Region, regions: number): Item {
  const value = asRecord(region.value)
  const place = readPlace(region, regions) ?? (readUnknown(value, region, regions) as Place)
  const [page, labels] = [pageOf(region), readLabels(region)]
  const kind = canonical([page, labels])
  const isBare =
    labels.length > 0 && Object.keys(value).every((key) => /labels$|^text$|^globalOffsets$/.test(key))
  const type = asText(region.type)
  const isMislabelled = labels.length > 0 && type.endsWith('labels') && value[type] === undefined
  return {
    ...{ id: asId(region.id), page, place, first: null, isBare, labels, isMislabelled, kind },
    key: `${kind} ${place.key}`,
    // A span of a text without labels is gone, unlike others.
    isShown: !(isMislabelled && type === 'labels'),
  }
}

/** The regions of one side, in an order of their own. */
function readItems(regions: Region[], count: number, isNamed: (region: Region) => boolean): Item[] {
  const items = regions.map((region) => {
    const item = readItem(region, count)
    return { ...item, isShown: item.isShown && isNamed(region) }
  })
  const firsts = new Map<string | null, Place>()
  for (const item of items) {
    const first = firsts.get(item.id)
    if (first) item.first = first
    else if (item.id !== null) firsts.set(item.id, item.place)
  }
  return items.sort((a, b) => order(a.key, b.key) || order(a.id ?? '', b.id ?? ''))
}

const sameKind = (a: Item, b: Item) =>
  a.kind === b.kind ||
  (a.page === b.page &&
    ((a.isMislabelled && b.labels.length === 0) || (b.isMislabelled && a.labels.length === 0)))

const samePlace = (a: Item, b: Item) =>
  a.place.same(b.place) ||
  (a.first?.same(b.place) ?? false) ||
  (b.first?.same(a.place) ?? false) ||
  (a.id !== null && a.id === b.id && (a.isBare || b.isBare))

const same = (a: Item, b: Item) => sameKind(a, b) && samePlace(a, b)

const scoring: Scoring<Item> = {
  meets: (a, b) => a.kind === b.kind && a.place.meets(b.place),
  score: (a, b, scores) => a.place.overlap(b.place, STEPS / scores),
  twin: ({ id }) => id,
}

/** Leftovers whose texts, each read once for each of the other side, exceed this are not searched for near equals. */
const MAX_SEARCH = 1e9
/** As many leftover key points on both sides, multiplied, are matched by id alone. */
const MAX_NEAR = 1e6

/** Both sides, in the order that they were given in. */
function readSides(prediction: Region[], annotation: Region[]): Matching<Item> {
  const count = prediction.length + annotation.length
  const isNamed = namedAmong(prediction, annotation)
  const [left, right] = [prediction, annotation].map((regions) => readItems(regions, count, isNamed)) as [
    Item[],
    Item[],
  ]
  return { pairs: [], left, right }
}

/** The sides in an order of their own: where ids repeat, who finds whom depends on which side is asked first. */
function inOrder({ pairs, left, right }: Matching<Item>): Matching<Item> {
  const written = (items: Item[]) => canonical(items.map(({ id, key }) => [id, key]))
  return order(written(left), written(right)) > 0
    ? { pairs, left: right, right: left }
    : { pairs, left, right }
}

/** Pairs the regions that are equal: under one id, written alike, then within the tolerances. */
function pairEqual(sides: Matching<Item>): Matching<Item> {
  const byId = pairBy(sides, (item) => item.id, same)
  const byValue = pairBy(byId, (item) => item.key)
  const search = byValue.left.length * byValue.left.reduce((total, { key }) => total + key.length, 0)
  const isCounted = ({ isShown }: Item) => isShown
  const { pairs, ...rest } =
    byValue.left.length === byValue.right.length && search < MAX_SEARCH ? pairAlike(byValue, same) : byValue
  return { pairs, left: rest.left.filter(isCounted), right: rest.right.filter(isCounted) }
}

/** Key points are matched one to one, the nearest first; each side's points have 1 when matched, else 0. */
function pointMean(matching: Matching<Item>): number {
  const { pairs, left, right } = matching
  if (left.length * right.length > MAX_NEAR) return twoWayMean(matching, scoring)
  const close = left.flatMap((a) =>
    right
      .filter((b) => scoring.meets(a, b))
      .map((b) => {
        const distance = pointDistance(a.place.at as Point, b.place.at as Point)
        return { a, b, distance, tie: [a.key, b.key].sort().join() }
      }),
  )
  close.sort((one, other) => one.distance - other.distance || order(one.tie, other.tie))
  const taken = new Set<Item>()
  for (const { a, b } of close) {
    if (!taken.has(a) && !taken.has(b)) taken.add(a).add(b)
  }
  return (2 * pairs.length + taken.size) / (2 * pairs.length + left.length + right.length)
}

/** The comparison of regions; `metric` is the name of the similarity where no region tells it. */
export function regions(metric: string): Family {
  return {
    compare(_control, prediction, annotation) {
      const matching = pairEqual(inOrder(readSides(prediction, annotation)))
      const { pairs, left, right } = matching
      const metrics = new Set([...pairs.flat(), ...left, ...right].map(({ place }) => place.metric))
      const names = [...metrics].sort().join('+') || metric
      if (left.length + right.length === 0) return { changed: false, similarity: 1, metric: names }
      const similarity = names === keyPoint.metric ? pointMean(matching) : twoWayMean(matching, scoring)
      return { changed: true, similarity, metric: names }
    },
    labels(_control, prediction, annotation) {
      const equal = pairEqual(readSides(prediction, annotation))
      const { pairs, left, right } = pairBy(
        pairBy(equal, ({ id }) => id),
        ({ page, place }) => canonical([page, place.key]),
      )
      return [
        ...pairs.map(([a, b]) => ({ predicted: a.labels, corrected: b.labels })),
        ...left.map(({ labels }) => ({ predicted: labels, corrected: [] })),
        ...right.map(({ labels }) => ({ predicted: [], corrected: labels })),
      ]
    },
    texts: () => [],
  }
}

/** Equal for regions with the same labels at the same place, whatever their ids. */
export function regionKey(region: Region): string {
  return readItem(region, 1).key
}
