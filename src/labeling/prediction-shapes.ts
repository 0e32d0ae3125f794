import { numberOf, quote } from './prediction-facts.ts'
import { type Built, entryOf, isObject, labelsOf, type Place, refuse } from './prediction-place.ts'
import type { Family } from './tags.ts'
import { kindOf } from './tags.ts'
import type { Region } from './types.ts'
import { attribute } from './xml.ts'

type Entry = Record<string, unknown>

/** Percent of the image that a shape may stand out by, for rounding; it is then cut to the image. */
const TOLERANCE = 0.01

/** From the entry's units to percent of the image. */
interface Scale {
  x: number
  y: number
}

const SHAPES: Partial<Record<Family, (entry: Entry, scale: Scale) => Entry>> = {
  rectangle,
  ellipse,
  polygon,
  keypoint,
  brush,
  bitmask,
  vector,
}

/**
 * Builds the value of a shape on an image, in percent of its width and height. An entry that gives the image's size
 * (`original_width` and `original_height`, or `image_width` and `image_height`, in pixels) is in pixels, unless
 * `"unit": "percent"` says otherwise; an entry without size is in percent.
 */
export function buildShape(plain: unknown, place: Place): Built {
  const { family, key } = kindOf(place.control.type)
  const entry = entryOf(plain, 'an object such as {"x": 10, "y": 10, "width": 5, "height": 5, "label": …}')
  const size = imageSize(entry)
  const shape = SHAPES[family]?.(entry, scaleOf(entry, size)) ?? {}
  const value = key === null ? shape : { ...shape, [key]: labelsOf(entry, place) }
  return {
    value,
    beside: size ? { original_width: size.width, original_height: size.height, image_rotation: 0 } : {},
  }
}

function imageSize(entry: Entry): { width: number; height: number } | undefined {
  const width = numberOf(entry.original_width ?? entry.image_width)
  const height = numberOf(entry.original_height ?? entry.image_height)
  if (width === undefined && height === undefined) return undefined
  if (width !== undefined && height !== undefined && width > 0 && height > 0) return { width, height }
  return refuse('the size of the image must be its width and height in pixels, both above 0')
}

function scaleOf(entry: Entry, size: { width: number; height: number } | undefined): Scale {
  const { unit } = entry
  if (unit !== undefined && unit !== 'percent' && unit !== 'pixels')
    refuse(`unit must be "percent" or "pixels", got ${quote(unit)}`)
  if (unit === 'percent' || (unit === undefined && !size)) return { x: 1, y: 1 }
  if (!size) return refuse('a box in pixels needs the size of its image (image_width and image_height)')
  return { x: 100 / size.width, y: 100 / size.height }
}

function rectangle(entry: Entry, scale: Scale): Entry {
  const rotation = turn(entry)
  const box = {
    x: inImage(entry, 'x', scale.x),
    y: inImage(entry, 'y', scale.y),
    width: inImage(entry, 'width', scale.x),
    height: inImage(entry, 'height', scale.y),
  }
  // A rotated box turns about its corner; where it ends depends on the image's proportions, so only its parts are checked.
  if (rotation === 0) {
    if (box.x + box.width > 100 + TOLERANCE) refuse(outside(`x + width is ${round(box.x + box.width)}`))
    if (box.y + box.height > 100 + TOLERANCE) refuse(outside(`y + height is ${round(box.y + box.height)}`))
  }
  const { ocrtext, pageIndex } = entry
  return {
    ...box,
    rotation,
    ...(ocrtext === undefined ? {} : { ocrtext }),
    ...(pageIndex === undefined ? {} : { pageIndex }),
  }
}

function ellipse(entry: Entry, scale: Scale): Entry {
  const centre = { x: inImage(entry, 'x', scale.x), y: inImage(entry, 'y', scale.y) }
  const radius = { x: inImage(entry, 'radiusX', scale.x), y: inImage(entry, 'radiusY', scale.y) }
  const rotation = turn(entry)
  for (const axis of rotation === 0 ? (['x', 'y'] as const) : []) {
    const [from, to] = [centre[axis] - radius[axis], centre[axis] + radius[axis]]
    if (from < -TOLERANCE || to > 100 + TOLERANCE)
      refuse(outside(`in ${axis} it reaches from ${round(from)} to ${round(to)}`))
  }
  return { ...centre, radiusX: radius.x, radiusY: radius.y, rotation }
}

function polygon(entry: Entry, scale: Scale): Entry {
  if (!Array.isArray(entry.points) || entry.points.length < 3)
    refuse('"points" must be a list of at least three [x, y]')
  const points = (entry.points as unknown[]).map((point) => {
    const [x, y] = Array.isArray(point) ? point : isObject(point) ? [point.x, point.y] : []
    return [inImage({ x }, 'x', scale.x), inImage({ y }, 'y', scale.y)]
  })
  return { points, closed: entry.closed !== false }
}

/** The editor needs the size of the dot, in percent of the image's width. */
const DOT = 0.5

function keypoint(entry: Entry, scale: Scale): Entry {
  const width = entry.width === undefined ? DOT : inImage(entry, 'width', scale.x)
  return { x: inImage(entry, 'x', scale.x), y: inImage(entry, 'y', scale.y), width }
}

/** A mask in Label Studio's run-length code; its first four bytes say how many values it holds: one or four per pixel. */
function brush(entry: Entry): Entry {
  const { rle } = entry
  const isByte = (byte: unknown) =>
    typeof byte === 'number' && Number.isInteger(byte) && byte >= 0 && byte <= 255
  if (!Array.isArray(rle) || rle.length < 5 || !rle.every(isByte)) {
    return refuse('"rle" must be a mask in Label Studio\'s run-length code: a list of bytes (0–255)')
  }
  const [a, b, c, d] = rle as [number, number, number, number]
  const values = a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d
  const size = imageSize(entry)
  const pixels = size ? size.width * size.height : undefined
  if (pixels !== undefined && values !== pixels && values !== 4 * pixels) {
    refuse(`the mask holds ${values} values, but the image has ${size?.width} × ${size?.height} pixels`)
  }
  return { format: 'rle', rle }
}

function bitmask(entry: Entry): Entry {
  const { imageDataURL } = entry
  if (typeof imageDataURL === 'string' && imageDataURL.startsWith('data:image/')) return { imageDataURL }
  return refuse(`"imageDataURL" must be an image as a data URL, got ${quote(imageDataURL)}`)
}

function vector(entry: Entry, scale: Scale): Entry {
  if (!Array.isArray(entry.vertices) || entry.vertices.length === 0)
    refuse('"vertices" must be a list of {"x", "y"}')
  const vertices = (entry.vertices as unknown[]).map((vertex) => {
    const point = entryOf(vertex, 'a vertex such as {"x": 10, "y": 10}')
    return { ...point, x: inImage(point, 'x', scale.x), y: inImage(point, 'y', scale.y) }
  })
  return { vertices, closed: entry.closed === true }
}

/** Builds the value of a tracked object in a video: boxes in percent of the frame at some frames, the first frame is 1. */
export function buildVideo(plain: unknown, place: Place): Built {
  const entry = entryOf(
    plain,
    'an object such as {"sequence": [{"frame": 1, "x": 10, "y": 10, "width": 5, "height": 5}], "label": …}',
  )
  if (!Array.isArray(entry.sequence) || entry.sequence.length === 0)
    refuse('"sequence" must be a list of at least one keyframe')
  const framerate = numberOf(place.object && attribute(place.object, 'framerate')) || FRAMERATE
  const sequence = (entry.sequence as unknown[]).map((item) => keyframe(item, place, framerate))
  const last = Math.max(...sequence.map((item) => item.frame as number))
  const framesCount = numberOf(entry.framesCount) ?? last
  if (last > framesCount) refuse(`frame ${last} is after the last of ${framesCount} frames`)
  const duration = numberOf(entry.duration) ?? framesCount / framerate
  const hasLabel = (entry.labels ?? entry.label ?? null) !== null || place.control.type.endsWith('labels')
  return {
    value: { framesCount, duration, sequence, ...(hasLabel ? { labels: labelsOf(entry, place) } : {}) },
  }
}

/** Label Studio's default of `framerate`. */
const FRAMERATE = 24

function keyframe(item: unknown, place: Place, framerate: number): Region {
  const entry = entryOf(item, 'a keyframe such as {"frame": 1, "x": 10, "y": 10, "width": 5, "height": 5}')
  const frame = numberOf(entry.frame)
  if (frame === undefined || !Number.isInteger(frame) || frame < 0)
    return refuse(`frame must be a whole number, got ${quote(entry.frame)}`)
  const shape = place.control.type.startsWith('videovector')
    ? vector(entry, { x: 1, y: 1 })
    : rectangle(entry, { x: 1, y: 1 })
  return {
    ...shape,
    frame,
    enabled: entry.enabled !== false,
    time: numberOf(entry.time) ?? frame / framerate,
  }
}

/** A number of the entry in percent of the image, from 0 to 100. */
function inImage(entry: Entry, key: string, scale: number): number {
  const number = numberOf(entry[key])
  if (number === undefined) return refuse(`"${key}" must be a number, got ${quote(entry[key])}`)
  const percent = number * scale
  if (percent < -TOLERANCE || percent > 100 + TOLERANCE) refuse(outside(`${key} is ${round(percent)}`))
  return Math.min(100, Math.max(0, percent))
}

function turn(entry: Entry): number {
  const rotation = entry.rotation === undefined || entry.rotation === null ? 0 : numberOf(entry.rotation)
  if (rotation !== undefined && Math.abs(rotation) <= 360) return rotation
  return refuse(`rotation must be degrees up to 360, got ${quote(entry.rotation)}`)
}

function outside(what: string): string {
  return `it is outside the image: ${what} (percent of the image, 0–100)`
}

function round(number: number): number {
  return Math.round(number * 100) / 100
}
