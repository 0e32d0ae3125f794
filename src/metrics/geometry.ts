import type { Region } from '../labeling/types.ts'
import type { Value } from './read.ts'

/** One way in which a region says where it lies: a span, a rectangle, a mask, … */
export interface Geometry<T> {
  /** Name of the similarity, as users see it. */
  metric: string
  /** The place that a region's value describes; null when it is of another kind. `regions` share one limit of work. */
  read(value: Value, region: Region, regions: number): T | null
  /** Equal for places written alike; unlike for places that differ. */
  key(place: T): string
  /** Whether two places are equal within the tolerances. */
  same(a: T, b: T): boolean
  /** Whether they may overlap, told at little cost. */
  meets(a: T, b: T): boolean
  /** How much of both places is common, in [0, 1]; at most about `steps` steps of work. */
  overlap(a: T, b: T, steps: number): number
}

/** Where a region lies, comparable with any other place. */
export interface Place {
  geometry: unknown
  metric: string
  key: string
  at: unknown
  same(other: Place): boolean
  meets(other: Place): boolean
  overlap(other: Place, steps: number): number
}

/** Percentages of an image, and degrees, are equal within this. */
export const PERCENT = 0.01
/** Seconds are equal within this. */
export const SECOND = 0.001

/** Whether two numbers differ by at most the tolerance (which itself is not exact in binary, hence the grain). */
export function near(a: number, b: number, tolerance: number): boolean {
  return Math.abs(a - b) <= tolerance + 1e-9
}

export function nearAngle(a: number, b: number): boolean {
  const turn = Math.abs(a - b) % 360
  return near(Math.min(turn, 360 - turn), 0, PERCENT)
}

/** The reader of one geometry as a function from a region to its place. */
export function places<T>(geometry: Geometry<T>) {
  return (value: Value, region: Region, regions: number): Place | null => {
    const at = geometry.read(value, region, regions)
    if (at === null) return null
    const key = `${geometry.metric} ${geometry.key(at)}`
    return {
      geometry,
      metric: geometry.metric,
      key,
      at,
      same: (other) => other.geometry === geometry && geometry.same(at, other.at as T),
      meets: (other) => other.geometry === geometry && geometry.meets(at, other.at as T),
      /** Of a place that `meets` this one. */
      overlap(other, steps) {
        // One order for each pair, so that rounding is the same in both directions.
        const [a, b] = key <= other.key ? [at, other.at as T] : [other.at as T, at]
        const common = geometry.overlap(a, b, steps)
        return Number.isFinite(common) ? Math.min(Math.max(common, 0), 1) : 0
      },
    }
  }
}
