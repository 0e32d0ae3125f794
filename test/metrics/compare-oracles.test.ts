import { decode, encode } from '@thi.ng/rle-pack'
import fc from 'fast-check'
import { intersection, type Ring as PolyclipRing, union } from 'polyclip-ts'
import { describe, expect, test } from 'vitest'
import { areas, type Ring } from '../../src/metrics/area.ts'
import { readRle } from '../../src/metrics/masks.ts'

/** Area of what polyclip answers: outer outlines less their holes. */
function areaOf(polygons: PolyclipRing[][]): number {
  const ringArea = (ring: PolyclipRing) =>
    Math.abs(
      ring.reduce((total, [x, y], index) => {
        const [nextX, nextY] = ring[(index + 1) % ring.length] as [number, number]
        return total + (x * nextY - nextX * y) / 2
      }, 0),
    )
  return polygons
    .flat()
    .reduce(
      (total, ring, index) =>
        total + (polygons.some((own) => own[0] === ring) || index === 0 ? 1 : -1) * ringArea(ring),
      0,
    )
}

describe('areas', () => {
  const ring = fc.array(fc.tuple(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 20 })), {
    minLength: 3,
    maxLength: 9,
  })

  test('of outlines that may cross and touch themselves and each other are those of polyclip', () => {
    fc.assert(
      fc.property(ring, ring, (a, b) => {
        const ours = areas(a as Ring, b as Ring, Infinity)
        expect(ours.a).toBeCloseTo(areaOf(union([a])), 6)
        expect(ours.b).toBeCloseTo(areaOf(union([b])), 6)
        expect(ours.both).toBeCloseTo(areaOf(intersection([a], [b])), 6)
      }),
    )
  })

  test('of outlines too long for the steps allowed come close', () => {
    const circle = (x: number): Ring =>
      Array.from({ length: 5000 }, (_, index) => [
        x + 20 * Math.cos(index / 795.8),
        20 * Math.sin(index / 795.8),
      ])
    const exact = areas(circle(0), circle(10), Infinity)
    const near = areas(circle(0), circle(10), 10_000)
    expect(near.both).not.toBe(exact.both)
    expect(Math.abs(near.both / exact.both - 1)).toBeLessThan(0.01)
  })
})

describe('masks', () => {
  const stretches = fc.array(fc.tuple(fc.constantFrom(0, 0, 255, 7), fc.integer({ min: 1, max: 400 })), {
    maxLength: 8,
  })
  const values = stretches.map((own) => own.flatMap(([value, count]) => Array<number>(count).fill(value)))
  const sizes = fc.array(fc.integer({ min: 1, max: 16 }), { minLength: 4, maxLength: 4 })
  const paintedBy = (runs: number[] | null) =>
    (runs ?? [-1, 0]).flatMap((from, index, all) =>
      index % 2 === 1
        ? []
        : Array.from({ length: (all[index + 1] as number) - from }, (_, step) => from + step),
    )

  test.each([1, 4] as const)('of %d values a pixel are read as the editor’s codec does', (channels) => {
    fc.assert(
      fc.property(values, sizes, (own, widths) => {
        const whole = own.slice(0, own.length - (own.length % channels))
        fc.pre(whole.length > 0)
        const bytes = encode(
          whole,
          whole.length,
          8,
          widths.sort((a, b) => a - b) as [number, number, number, number],
        )
        const decoded = [...decode(bytes)]
        const expected = decoded.flatMap((value, index) =>
          index % channels === channels - 1 && value > 0 ? [Math.floor(index / channels)] : [],
        )
        expect(paintedBy(readRle(bytes, channels))).toEqual(expected)
      }),
    )
  })

  test('that end within a record are not read', () => {
    const bytes = encode(new Uint8Array(4000).fill(255), 4000)
    expect(readRle(bytes, 4)).toEqual([0, 1000])
    expect(readRle(bytes.subarray(0, -2), 4)).toBeNull()
  })
})
