import { apart, type Outline, outlineOf, outlineOverlap, type Ring } from './area.ts'
import { type Geometry, near, PERCENT } from './geometry.ts'
import { asNumber, asRecord, canonical, type Value } from './read.ts'

interface Polygon {
  points: Ring
  closed: boolean
  outline: Outline
}

export interface Point {
  x: number
  y: number
  /** How large the editor draws it. */
  width: number | null
}

/** Places at which two outlines are laid upon each other to find them equal. */
const MAX_STARTS = 64

function readPolygon(value: Value): Polygon | null {
  if (!Array.isArray(value.points)) return null
  const points = value.points.flatMap((point): Ring => {
    const [x, y] = Array.isArray(point) ? point : [asRecord(point).x, asRecord(point).y]
    const corner = [asNumber(x), asNumber(y)]
    return corner.includes(null) ? [] : [corner as [number, number]]
  })
  const [first, last] = [points[0], points.at(-1)]
  if (points.length > 1 && first && last && first[0] === last[0] && first[1] === last[1]) points.pop()
  return points.length === 0 ? null : { points, closed: value.closed !== false, outline: outlineOf(points) }
}

function samePolygon(a: Polygon, b: Polygon): boolean {
  const count = a.points.length
  if (a.closed !== b.closed || count !== b.points.length) return false
  const meet = (one: number, other: number) => {
    const [p, q] = [a.points[one] as [number, number], b.points[other] as [number, number]]
    return near(p[0], q[0], PERCENT) && near(p[1], q[1], PERCENT)
  }
  const starts = b.points.flatMap((_, index) => (meet(0, index) ? [index] : [])).slice(0, MAX_STARTS)
  return starts.some((start) =>
    [1, -1].some((direction) => {
      if (!a.closed && start !== (direction === 1 ? 0 : count - 1)) return false
      return a.points.every((_, index) => meet(index, (start + direction * index + count * 2) % count))
    }),
  )
}

/** Polygons: area in common over area in all; equal up to start corner and direction, an open line up to direction. */
export const polygon: Geometry<Polygon> = {
  metric: 'area_iou',
  read: readPolygon,
  key: ({ points, closed }) => canonical(['polygon', points, closed]),
  same: samePolygon,
  meets: (a, b) => !apart(a.outline, b.outline),
  overlap: (a, b, steps) => outlineOverlap(a.outline, b.outline, steps),
}

function readPoint(value: Value): Point | null {
  const [x, y] = [asNumber(value.x), asNumber(value.y)]
  return x === null || y === null ? null : { x, y, width: asNumber(value.width) }
}

/** In percent of the image. */
export function pointDistance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y)
}

/** Key points: the same place when at most 1 % of the image apart. */
export const keyPoint: Geometry<Point> = {
  metric: 'keypoint_distance',
  read: readPoint,
  key: ({ x, y, width }) => `keypoint ${x} ${y} ${width}`,
  same: (a, b) =>
    near(a.x, b.x, PERCENT) &&
    near(a.y, b.y, PERCENT) &&
    (a.width === null || b.width === null || near(a.width, b.width, PERCENT)),
  meets: (a, b) => pointDistance(a, b) <= 1 + 1e-9,
  overlap: (a, b) => Number(keyPoint.meets(a, b)),
}
