import { decode, encode } from '@thi.ng/rle-pack'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { areas, type Ring } from '../../src/metrics/area.ts'
import { readRle } from '../../src/metrics/masks.ts'

describe('areas', () => {
  const ring = fc.array(fc.tuple(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 20 })), {
    minLength: 3,
    maxLength: 9,
  })

  test('of outlines that cross and touch themselves and each other depend on neither start, direction nor sides', () => {
    fc.assert(
      fc.property(ring, ring, (a, b) => {
        const area = areas(a, b, Infinity)
        const again = areas([...b].reverse(), [...a.slice(1), ...a.slice(0, 1)], Infinity)
        const sideways = areas(
          a.map(([x, y]) => [y, x]),
          b.map(([x, y]) => [y, x]),
          Infinity,
        )
        for (const other of [{ ...again, a: again.b, b: again.a }, sideways]) {
          expect(other.a).toBeCloseTo(area.a, 8)
          expect(other.b).toBeCloseTo(area.b, 8)
          expect(other.both).toBeCloseTo(area.both, 8)
        }
        expect(areas(a, a, Infinity).both).toBeCloseTo(area.a, 8)
        expect(area.both).toBeLessThanOrEqual(Math.min(area.a, area.b) + 1e-9)
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
  const sizes = fc.constantFrom([3, 4, 8, 16] as const, [1, 2, 5, 16] as const, [4, 8, 12, 15] as const)
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
        const bytes = encode(whole, whole.length, 8, [...widths])
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
