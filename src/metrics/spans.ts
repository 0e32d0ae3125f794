import { type Geometry, near, SECOND } from './geometry.ts'
import { asNumber, asText, canonical, isRecord, type Value } from './read.ts'

type Interval = [number, number]

/** A stretch of text, sound, time series or video. */
export interface Span {
  /** What the numbers count from: the start and end node in HyperText and Paragraphs, the channel in audio. */
  base: string
  /** Starts and ends as they are compared for equality. */
  edges: number[]
  /** The stretches whose lengths are compared. */
  intervals: Interval[]
  /** HyperText: offsets in the whole document, from which the editor derives nodes and offsets anew. */
  global: Interval | null
  tolerance: number
}

const MILLISECOND = 1

function interval(start: number, end: number): Interval {
  return start <= end ? [start, end] : [end, start]
}

function pair(start: unknown, end: unknown): Interval | null {
  const [from, to] = [asNumber(start), asNumber(end)]
  return from === null || to === null ? null : [from, to]
}

/**
 * `/div[1]/p[1]`, `/div/p` and the first text in it are the same node to an offset (the editor writes the text);
 * Paragraphs have the index of the paragraph.
 */
function node(path: unknown): string {
  return asText(path)
    .replaceAll('[1]', '')
    .replace(/\/text\(\)$/, '')
}

/** Milliseconds of a date written year first, taken as UTC when it names no zone, as the time series editor does. */
function asTime(value: unknown): number | null {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\d/.test(value)) return null
  const written = value.trim().replace(' ', 'T')
  const zoned = /T.*(Z|[+-]\d\d:?\d\d)$/i.test(written) || !written.includes('T')
  const time = Date.parse(zoned ? written : `${written}Z`)
  return Number.isNaN(time) ? null : time
}

function readNodes(value: Value, offsets: Interval): Span {
  const [start, end] = [node(value.start), node(value.end)]
  const global = isRecord(value.globalOffsets)
    ? pair(value.globalOffsets.start, value.globalOffsets.end)
    : null
  // Across nodes the offsets have different origins; the text that the editor stores has the length.
  const length = start !== end && typeof value.text === 'string' ? value.text.length : null
  const measured = interval(offsets[0], length === null ? offsets[1] : offsets[0] + length)
  return {
    base: canonical([start, end]),
    edges: offsets,
    intervals: [measured],
    global,
    tolerance: SECOND,
  }
}

function readSpan(value: Value): Span | null {
  const plain = { base: canonical(asNumber(value.channel) ?? 0), global: null, tolerance: SECOND }
  if (Array.isArray(value.ranges)) {
    const ranges = value.ranges.filter(isRecord).flatMap((range) => {
      const edges = pair(range.start ?? range.end, range.end ?? range.start)
      return edges ? [interval(...edges)] : []
    })
    ranges.sort((a, b) => a[0] - b[0] || a[1] - b[1])
    return ranges.length === 0 ? null : { ...plain, edges: ranges.flat(), intervals: ranges }
  }
  const { start, end } = value
  if (start === undefined || start === null || end === undefined || end === null) return null
  const offsets = pair(value.startOffset, value.endOffset)
  if (offsets) return readNodes(value, offsets)
  const numbers = pair(start, end)
  if (numbers) return { ...plain, edges: numbers, intervals: [interval(...numbers)] }
  const [from, to] = [asNumber(start) ?? asTime(start), asNumber(end) ?? asTime(end)]
  if (from !== null && to !== null) {
    return { ...plain, edges: [from, to], intervals: [interval(from, to)], tolerance: MILLISECOND }
  }
  return { ...plain, base: canonical([start, end]), edges: [], intervals: [] }
}

function length(intervals: Interval[]): number {
  return intervals.reduce((total, [start, end]) => total + end - start, 0)
}

/** Sorted intervals with those that touch made one. */
function merged(intervals: Interval[]): Interval[] {
  const result: Interval[] = []
  for (const [start, end] of [...intervals].sort((a, b) => a[0] - b[0])) {
    const last = result.at(-1)
    if (last && start <= last[1]) last[1] = Math.max(last[1], end)
    else result.push([start, end])
  }
  return result
}

/** Told of single stretches only, which most spans are. */
function apart(a: Span, b: Span): boolean {
  const [[left, second], [right, other]] = [a.intervals, b.intervals]
  if (!left || !right || second || other || a.global || b.global) return false
  const tolerance = Math.max(a.tolerance, b.tolerance)
  return Math.max(left[0], right[0]) > Math.min(left[1], right[1]) + tolerance
}

/** Spans: intersection over union of lengths, on one channel or between the same two nodes. */
export const span: Geometry<Span> = {
  metric: 'span_iou',
  read: readSpan,
  key: ({ base, edges }) => canonical([base, edges]),
  same(a, b) {
    if (a.global && b.global && canonical(a.global) === canonical(b.global)) return true
    const tolerance = Math.max(a.tolerance, b.tolerance)
    return (
      a.base === b.base &&
      a.edges.length === b.edges.length &&
      a.edges.every((edge, index) => near(edge, b.edges[index] as number, tolerance))
    )
  },
  meets: (a, b) => (a.base === b.base && !apart(a, b)) || span.same(a, b),
  overlap(a, b) {
    if (span.same(a, b)) return 1
    const across = a.global && b.global ? [[a.global], [b.global]] : [a.intervals, b.intervals]
    const [left, right] = across.map(merged) as [Interval[], Interval[]]
    const union = length(merged([...left, ...right]))
    return union === 0 ? 0 : (length(left) + length(right) - union) / union
  },
}
