import type { Region } from '../labeling/types.ts'
import { type Areas, areas, type Ring } from './area.ts'
import { type Geometry, near, nearAngle, PERCENT } from './geometry.ts'
import { asNumber, asRecord, canonical, type Value } from './read.ts'

/** Width and height of the image in pixels; rotated shapes need their ratio, because percentages are not square. */
type Size = [number, number]

/** A rectangle, turned around its first corner, or an ellipse, turned around its centre. */
export interface Box {
  /** x, y, and width and height or both radii, in percent of the image. */
  extent: [number, number, number, number]
  /** Degrees, clockwise. */
  rotation: number
}

interface Shape extends Box {
  size: Size | null
}

interface Polygon {
  points: Ring
  closed: boolean
}

export interface Point {
  x: number
  y: number
  width: number | null
}

/** Corners that stand for an ellipse; the area is made right, the outline is within 0.002 % of the radius. */
const ELLIPSE_CORNERS = 360
/** Places at which two outlines are laid upon each other to find them equal. */
const MAX_STARTS = 64

function readSize(region: Region): Size | null {
  const [width, height] = [asNumber(region.original_width), asNumber(region.original_height)]
  return width && height && width > 0 && height > 0 ? [width, height] : null
}

function readShape(value: Value, region: Region, third: string, fourth: string): Shape | null {
  const extent = [value.x, value.y, value[third], value[fourth]].map(asNumber)
  if (extent.includes(null)) return null
  return {
    extent: extent as Shape['extent'],
    rotation: asNumber(value.rotation) ?? 0,
    size: readSize(region),
  }
}

function sameShape(a: Shape, b: Shape): boolean {
  return (
    a.extent.every((number, index) => near(number, b.extent[index] as number, PERCENT)) &&
    nearAngle(a.rotation, b.rotation)
  )
}

/** The ratio for a pair: of the larger image, because a prediction often names a model's input size. */
function ratioOf(a: Shape, b: Shape): number {
  const [width, height] = [a.size ?? [0, 0], b.size ?? [0, 0]].reduce((one, other) =>
    one[0] * one[1] >= other[0] * other[1] ? one : other,
  )
  return width > 0 ? width / height : 1
}

/** Corners of a rectangle, where `ratio` is a percent of the image's width over one of its height. */
function rectangleRing({ extent: [x, y, width, height], rotation }: Box, ratio: number): Ring {
  const angle = (rotation * Math.PI) / 180
  const [across, down] = [width * ratio, height]
  const along: [number, number] = [across * Math.cos(angle), across * Math.sin(angle)]
  const aside: [number, number] = [-down * Math.sin(angle), down * Math.cos(angle)]
  const left = x * ratio
  return [
    [left, y],
    [left + along[0], y + along[1]],
    [left + along[0] + aside[0], y + along[1] + aside[1]],
    [left + aside[0], y + aside[1]],
  ]
}

function ellipseRing({ extent: [x, y, radiusX, radiusY], rotation }: Box, ratio: number): Ring {
  const angle = (rotation * Math.PI) / 180
  const step = (2 * Math.PI) / ELLIPSE_CORNERS
  const outward = Math.sqrt(step / Math.sin(step))
  return Array.from({ length: ELLIPSE_CORNERS }, (_, index): [number, number] => {
    const along = radiusX * ratio * outward * Math.cos(index * step)
    const aside = radiusY * outward * Math.sin(index * step)
    return [
      x * ratio + along * Math.cos(angle) - aside * Math.sin(angle),
      y + along * Math.sin(angle) + aside * Math.cos(angle),
    ]
  })
}

/** Whether the bounds of two outlines share no area. */
function apart(a: Ring, b: Ring): boolean {
  return [0, 1].some((axis) => {
    const [lowA, highA, lowB, highB] = [a, b].flatMap((ring) => {
      let [low, high] = [Infinity, -Infinity]
      for (const corner of ring) {
        low = Math.min(low, corner[axis] as number)
        high = Math.max(high, corner[axis] as number)
      }
      return [low, high]
    }) as [number, number, number, number]
    return highA <= lowB || highB <= lowA
  })
}

/** Intersection over union of what two outlines enclose. */
function ringOverlap(a: Ring, b: Ring, steps: number): number {
  if (apart(a, b)) return 0
  const area = areas(a, b, steps)
  const union = area.a + area.b - area.both
  return union > 0 ? area.both / union : 0
}

const upright = ({ rotation }: Box) => rotation % 360 === 0

/** Length that two stretches, each given by a start and a signed length, have in common. */
function commonLength(startA: number, lengthA: number, startB: number, lengthB: number): number {
  const low = Math.max(Math.min(startA, startA + lengthA), Math.min(startB, startB + lengthB))
  return Math.max(0, Math.min(Math.max(startA, startA + lengthA), Math.max(startB, startB + lengthB)) - low)
}

/** Areas of two rectangles and of what they have in common, in square percent of the image. */
export function boxAreas(a: Box, b: Box, ratio = 1): Areas {
  const [xA, yA, widthA, heightA] = a.extent
  const [xB, yB, widthB, heightB] = b.extent
  const [areaA, areaB] = [Math.abs(widthA * heightA), Math.abs(widthB * heightB)]
  if (upright(a) && upright(b)) {
    const both = commonLength(xA, widthA, xB, widthB) * commonLength(yA, heightA, yB, heightB)
    return { a: areaA, b: areaB, both }
  }
  const [ringA, ringB] = [rectangleRing(a, ratio), rectangleRing(b, ratio)]
  return { a: areaA, b: areaB, both: apart(ringA, ringB) ? 0 : areas(ringA, ringB, Infinity).both / ratio }
}

export const rectangle: Geometry<Shape> = {
  metric: 'area_iou',
  read: (value, region) => readShape(value, region, 'width', 'height'),
  key: ({ extent, rotation }) => canonical(['rectangle', extent, rotation]),
  same: sameShape,
  overlap(a, b) {
    if (sameShape(a, b)) return 1
    const area = boxAreas(a, b, ratioOf(a, b))
    const union = area.a + area.b - area.both
    return union > 0 ? area.both / union : 0
  },
}

export const ellipse: Geometry<Shape> = {
  metric: 'area_iou',
  read: (value, region) => readShape(value, region, 'radiusX', 'radiusY'),
  key: ({ extent, rotation }) => canonical(['ellipse', extent, rotation]),
  same: sameShape,
  overlap(a, b, steps) {
    if (sameShape(a, b)) return 1
    const ratio = ratioOf(a, b)
    return ringOverlap(ellipseRing(a, ratio), ellipseRing(b, ratio), steps)
  },
}

function readPolygon(value: Value): Polygon | null {
  if (!Array.isArray(value.points)) return null
  const points = value.points.flatMap((point): Ring => {
    const [x, y] = Array.isArray(point) ? point : [asRecord(point).x, asRecord(point).y]
    const corner = [asNumber(x), asNumber(y)]
    return corner.includes(null) ? [] : [corner as [number, number]]
  })
  const [first, last] = [points[0], points.at(-1)]
  if (points.length > 1 && first && last && first[0] === last[0] && first[1] === last[1]) points.pop()
  return points.length === 0 ? null : { points, closed: value.closed !== false }
}

function samePolygon(a: Polygon, b: Polygon): boolean {
  const count = a.points.length
  if (a.closed !== b.closed || count !== b.points.length) return false
  const meet = (one: number, other: number) => {
    const [p, q] = [a.points[one] as [number, number], b.points[other] as [number, number]]
    return near(p[0], q[0], PERCENT) && near(p[1], q[1], PERCENT)
  }
  const starts = b.points.flatMap((_, index) => (meet(0, index) ? [index] : [])).slice(0, MAX_STARTS)
  const follows = (start: number, direction: number) =>
    a.points.every((_, index) => meet(index, (start + direction * index + count * 2) % count))
  return starts.some((start) =>
    [1, -1].some((direction) => {
      if (!a.closed && start !== (direction === 1 ? 0 : count - 1)) return false
      return follows(start, direction)
    }),
  )
}

/** Polygons: equal up to start corner and direction; an open line may only be turned round. */
export const polygon: Geometry<Polygon> = {
  metric: 'area_iou',
  read: readPolygon,
  key: ({ points, closed }) => canonical(['polygon', points, closed]),
  same: samePolygon,
  overlap: (a, b, steps) => (samePolygon(a, b) ? 1 : ringOverlap(a.points, b.points, steps)),
}

function readPoint(value: Value): Point | null {
  const [x, y] = [asNumber(value.x), asNumber(value.y)]
  return x === null || y === null ? null : { x, y, width: asNumber(value.width) }
}

/** In percent of the image. */
export function pointDistance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y)
}

/** Key points: the same place when at most 1 % of the image apart. `width` is how large the editor draws them. */
export const keyPoint: Geometry<Point> = {
  metric: 'keypoint_distance',
  read: readPoint,
  key: ({ x, y, width }) => canonical(['keypoint', x, y, width]),
  same: (a, b) =>
    near(a.x, b.x, PERCENT) &&
    near(a.y, b.y, PERCENT) &&
    (a.width === null || b.width === null || near(a.width, b.width, PERCENT)),
  overlap: (a, b) => (pointDistance(a, b) <= 1 + 1e-9 ? 1 : 0),
}
