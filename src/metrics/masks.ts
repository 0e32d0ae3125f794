import type { Region } from '../labeling/types.ts'
import type { Geometry } from './geometry.ts'
import { decodePng } from './png.ts'
import { asNumber, canonical, type Value } from './read.ts'

/** Stretches [from, to) of painted pixels, row after row, in order and apart: as small as the outline is short. */
export type Runs = number[]

/** A painted mask as the editor stores it. */
interface Mask {
  /** The stored form: masks stored alike are equal without being decoded. */
  stored: string
  /** Whether the run-length form has one value a pixel, which the editor does not know: it reads four. */
  single: boolean
  /** The painted pixels; null when the stored form cannot be decoded. */
  pixels: () => Runs | null
  /** The painted pixels as the editor reads them. */
  inEditor: () => Runs | null
}

/** Bytes of decoded PNG rows in all masks of a control, and in one of them. */
const MAX_PNG_BYTES = 2 ** 30
const MAX_ONE_PNG_BYTES = 2 ** 27

function addRun(runs: Runs, from: number, to: number): void {
  if (from >= to) return
  if (runs.length > 0 && (runs.at(-1) as number) >= from) runs[runs.length - 1] = to
  else runs.push(from, to)
}

/**
 * Painted pixels of a mask in the editor's run-length form (that of @thi.ng/rle-pack), read record by record: nothing
 * is allocated for the size that the first four bytes claim, and the work is bounded by the bytes given. With four
 * `channels` a pixel is painted when its alpha is not 0, with one when its value is not 0. Null for a broken stream.
 */
export function readRle(bytes: ArrayLike<number>, channels: 1 | 4): Runs | null {
  const bits = bytes.length * 8
  let position = 0
  const read = (count: number): number => {
    if (position + count > bits) throw new RangeError('the stream ends within a record')
    let value = 0
    for (let left = count; left > 0; ) {
      const offset = position & 7
      const taken = Math.min(8 - offset, left)
      const byte = (bytes[position >>> 3] as number) & 255
      value = value * 2 ** taken + ((byte >>> (8 - offset - taken)) & (2 ** taken - 1))
      position += taken
      left -= taken
    }
    return value
  }
  const runs: Runs = []
  // The last of a pixel's values decides, so that a pixel is painted where the stretch ends behind it.
  const paint = (from: number, to: number) =>
    addRun(runs, Math.floor(from / channels), Math.floor(to / channels))
  try {
    const count = read(32)
    const wordSize = read(5) + 1
    const sizes = [0, 0, 0, 0].map(() => read(4) + 1)
    for (let index = 0; index < count; ) {
      const repeated = read(1) === 1
      const end = Math.min(index + 1 + read(sizes[read(2)] as number), count)
      if (repeated) {
        if (read(wordSize) !== 0) paint(index, end)
        index = end
      } else {
        for (; index < end; index++) if (read(wordSize) !== 0) paint(index, index + 1)
      }
    }
  } catch {
    return null
  }
  return runs
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

function readMask(value: Value, region: Region, regions: number): Mask | null {
  if (typeof value.imageDataURL === 'string') {
    const url = value.imageDataURL
    const limit = Math.min(MAX_ONE_PNG_BYTES, MAX_PNG_BYTES / regions)
    const pixels = once(() => decodePng(Buffer.from(url.slice(url.indexOf(',') + 1), 'base64'), limit))
    return { stored: url, single: false, pixels, inEditor: pixels }
  }
  if (!Array.isArray(value.rle)) return null
  const bytes = Uint8Array.from(value.rle, (byte) => asNumber(byte) ?? 0)
  const claimed = bytes.length >= 4 ? new DataView(bytes.buffer).getUint32(0) : 0
  const single = claimed === (asNumber(region.original_width) ?? 0) * (asNumber(region.original_height) ?? 0)
  const inEditor = once(() => readRle(bytes, 4))
  const pixels = single ? once(() => readRle(bytes, 1)) : inEditor
  return { stored: canonical(value.rle), single, pixels, inEditor }
}

function equal(a: Runs | null, b: Runs | null): boolean {
  return a !== null && b !== null && a.length === b.length && a.every((edge, index) => edge === b[index])
}

function size(runs: Runs): number {
  return runs.reduce((total, edge, index) => total + (index % 2 === 0 ? -edge : edge), 0)
}

function shared(a: Runs, b: Runs): number {
  let total = 0
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const [endA, endB] = [a[i + 1] as number, b[j + 1] as number]
    total += Math.max(0, Math.min(endA, endB) - Math.max(a[i] as number, b[j] as number))
    if (endA <= endB) i += 2
    else j += 2
  }
  return total
}

/** Brush and bitmask regions: painted pixels in common over painted pixels in all; colours do not count. */
export const mask: Geometry<Mask> = {
  metric: 'pixel_iou',
  read: readMask,
  key: ({ stored }) => stored,
  same: (a, b) =>
    a.stored === b.stored ||
    equal(a.pixels(), b.pixels()) ||
    (a.single !== b.single && equal(a.inEditor(), b.inEditor())),
  meets: () => true,
  overlap(a, b) {
    if (mask.same(a, b)) return 1
    const [inA, inB] = [a.pixels(), b.pixels()]
    if (inA === null || inB === null) return 0
    const both = shared(inA, inB)
    return both / (size(inA) + size(inB) - both)
  },
}
