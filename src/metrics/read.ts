import type { Region } from '../labeling/types.ts'
import { unreadRegions } from './readable.ts'

/** The `value` of a region: of any shape, because nobody checked it. */
export type Value = Record<string, unknown>

/** What a `result` list holds, sorted out for comparing. */
export interface ReadResult {
  /** Regions by `from_name`, in the order of the list. */
  regions: Map<string, Region[]>
  relations: Region[]
  /** What the editor does not show, because it can't read it or something before it. */
  unread: Set<Region>
}

/** Deeper parts of a value count as equal: no control tag nests so far, and recursion has to end. */
const MAX_DEPTH = 100

export function isRecord(value: unknown): value is Value {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function asRecord(value: unknown): Value {
  return isRecord(value) ? value : {}
}

/** A list as it is, one thing as a list of it (`"x"` is `["x"]` in Label Studio), nothing as none. */
export function asList(value: unknown): unknown[] {
  if (Array.isArray(value)) return value
  return value === undefined || value === null ? [] : [value]
}

/** A finite number, also one written as text; null for anything else. */
export function asNumber(value: unknown): number | null {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : null
}

/** Text in Unicode NFC; anything that is no text as its canonical JSON. */
export function asText(value: unknown): string {
  return typeof value === 'string' ? value.normalize('NFC') : canonical(value)
}

/** An id; null where there is none, and the editor gives one. */
export function asId(value: unknown): string | null {
  if (value === '') return null
  return typeof value === 'string' || typeof value === 'number' ? String(value) : null
}

/**
 * Tells whether a region names what it is about: the editor drops one without `to_name`, and one that names two
 * things at once. What was never in the editor, so that both sides have such regions, counts as it is.
 */
export function namedAmong(...sides: Region[][]): (region: Region) => boolean {
  const isNamed = ({ to_name }: Region) => typeof to_name === 'string' && /^[^,]+$/.test(to_name)
  const isFree = sides.every((regions) => !regions.every(isNamed))
  return (region) => isFree || isNamed(region)
}

/** JSON with sorted keys and text in NFC: equal exactly for values that differ in nothing but writing. */
export function canonical(value: unknown, depth = 0): string {
  if (typeof value === 'string') return JSON.stringify(value.normalize('NFC'))
  if (typeof value === 'number') return String(value)
  if (depth > MAX_DEPTH) return '…'
  if (Array.isArray(value)) {
    // A loop, because most of comparing is making keys of lists.
    let entries = ''
    for (let index = 0; index < value.length; index++) {
      entries += (index === 0 ? '' : ',') + canonical(value[index], depth + 1)
    }
    return `[${entries}]`
  }
  if (!isRecord(value)) return String(value)
  const keys = Object.keys(value).sort()
  return `{${keys.map((key) => `${canonical(key)}:${canonical(value[key], depth + 1)}`).join(',')}}`
}

/** The order of two texts by code units, for sorting. */
export function order(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}

/** Sorts out a `result` of any shape; entries that belong to no control are left out. */
export function readResult(result: unknown): ReadResult {
  const entries = (Array.isArray(result) ? result : []).filter(isRecord) as Region[]
  const regions = new Map<string, Region[]>()
  const merged = mergeTrackLabels(entries.filter((entry) => entry.type !== 'relation'))
  for (const region of merged) {
    if (typeof region.from_name !== 'string') continue
    const known = regions.get(region.from_name)
    if (known) known.push(region)
    else regions.set(region.from_name, [region])
  }
  const relations = entries.filter((entry) => entry.type === 'relation')
  return { regions, relations, unread: unreadRegions(merged) }
}

/**
 * Label Studio's editor writes the labels of a video track into the track's own value and drops the `labels`
 * region of the same id, so a prediction that has both forms is read in the editor's.
 */
function mergeTrackLabels(regions: Region[]): Region[] {
  const isTrack = (region: Region) =>
    region.type !== 'labels' && Array.isArray(asRecord(region.value).sequence)
  const tracks = new Set(regions.filter(isTrack).map((region) => asId(region.id)))
  tracks.delete(null)
  if (tracks.size === 0) return regions
  const isTrackLabel = (region: Region) => region.type === 'labels' && tracks.has(asId(region.id))
  const labels = new Map(
    regions.filter(isTrackLabel).map((region) => [asId(region.id), asRecord(region.value).labels]),
  )
  return regions
    .filter((region) => !isTrackLabel(region))
    .map((region) => {
      const own = labels.get(asId(region.id))
      if (!isTrack(region) || own === undefined || asRecord(region.value).labels !== undefined) return region
      return { ...region, value: { ...asRecord(region.value), labels: own } }
    })
}
