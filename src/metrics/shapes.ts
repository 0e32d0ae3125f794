import type { Region } from '../labeling/types.ts'
import { type Areas, apart, areas, type Outline, outlineOf, outlineOverlap, type Ring } from './area.ts'
import { type Geometry, near, nearAngle, PERCENT } from './geometry.ts'
import { asNumber, canonical, type Value } from './read.ts'

/** A rectangle, turned around its first corner, or an ellipse, turned around its centre. */
export interface Box {
  /** x, y, and width and height or both radii, in percent of the image. */
  extent: [number, number, number, number]
  /** Degrees, clockwise. */
  rotation: number
}

interface Shape extends Box {
  /** Width and height of the image in pixels: percentages are not square, which matters to what is turned. */
  size: [number, number] | null
  /** The outline where a percent of the image's width is `ratio` times one of its height. */
  outline: (ratio: number) => Outline
}

/** Corners that stand for an ellipse; the area is made right, the outline is within 0.004 % of the radius. */
const ELLIPSE_CORNERS = 360

function rectangleRing({ extent: [x, y, width, height], rotation }: Box, ratio: number): Ring {
  const angle = (rotation * Math.PI) / 180
  const along = [width * ratio * Math.cos(angle), width * ratio * Math.sin(angle)] as const
  const aside = [-height * Math.sin(angle), height * Math.cos(angle)] as const
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

function readShape(
  value: Value,
  region: Region,
  fields: string[],
  ringOf: (box: Box, ratio: number) => Ring,
): Shape | null {
  const extent = fields.map((field) => asNumber(value[field]))
  if (extent.includes(null)) return null
  const box: Box = { extent: extent as Box['extent'], rotation: asNumber(value.rotation) ?? 0 }
  const [width, height] = [asNumber(region.original_width) ?? 0, asNumber(region.original_height) ?? 0]
  const outlines = new Map<number, Outline>()
  const outline = (ratio: number) => {
    const known = outlines.get(ratio) ?? outlineOf(ringOf(box, ratio))
    outlines.set(ratio, known)
    return known
  }
  return { ...box, size: width > 0 && height > 0 ? [width, height] : null, outline }
}

function sameBox(a: Box, b: Box): boolean {
  return (
    a.extent.every((number, index) => near(number, b.extent[index] as number, PERCENT)) &&
    nearAngle(a.rotation, b.rotation)
  )
}

/** Both outlines in the ratio of the larger image, because a prediction often names a model's input size. */
function outlinesOf(a: Shape, b: Shape): [Outline, Outline] {
  const [width, height] = [a.size ?? [0, 0], b.size ?? [0, 0]].reduce((one, other) =>
    one[0] * one[1] >= other[0] * other[1] ? one : other,
  ) as [number, number]
  const ratio = width > 0 ? width / height : 1
  return [a.outline(ratio), b.outline(ratio)]
}

const upright = ({ rotation }: Box) => rotation % 360 === 0

/** Length that two stretches, each given by a start and a signed length, have in common. */
function commonLength(startA: number, lengthA: number, startB: number, lengthB: number): number {
  const low = Math.max(Math.min(startA, startA + lengthA), Math.min(startB, startB + lengthB))
  return Math.max(0, Math.min(Math.max(startA, startA + lengthA), Math.max(startB, startB + lengthB)) - low)
}

/** Areas of two rectangles on a square image and of what they have in common, in square percent. */
export function boxAreas(a: Box, b: Box): Areas {
  if (!upright(a) || !upright(b)) return areas(rectangleRing(a, 1), rectangleRing(b, 1), Infinity)
  const [xA, yA, widthA, heightA] = a.extent
  const [xB, yB, widthB, heightB] = b.extent
  const both = commonLength(xA, widthA, xB, widthB) * commonLength(yA, heightA, yB, heightB)
  return { a: Math.abs(widthA * heightA), b: Math.abs(widthB * heightB), both }
}

/** Rectangles: area in common over area in all. */
export const rectangle: Geometry<Shape> = {
  metric: 'area_iou',
  read: (value, region) => readShape(value, region, ['x', 'y', 'width', 'height'], rectangleRing),
  key: ({ extent, rotation }) => canonical(['rectangle', extent, rotation]),
  same: sameBox,
  meets: (a, b) => !apart(...outlinesOf(a, b)),
  overlap(a, b, steps) {
    if (!upright(a) || !upright(b)) return outlineOverlap(...outlinesOf(a, b), steps)
    const area = boxAreas(a, b)
    return area.both / (area.a + area.b - area.both)
  },
}

/** Ellipses: area in common over area in all. */
export const ellipse: Geometry<Shape> = {
  metric: 'area_iou',
  read: (value, region) => readShape(value, region, ['x', 'y', 'radiusX', 'radiusY'], ellipseRing),
  key: ({ extent, rotation }) => canonical(['ellipse', extent, rotation]),
  same: sameBox,
  meets: (a, b) => !apart(...outlinesOf(a, b)),
  overlap: (a, b, steps) => outlineOverlap(...outlinesOf(a, b), steps),
}
