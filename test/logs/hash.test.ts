import fc from 'fast-check'
import { expect, test } from 'vitest'
import { offsetHash, textHash } from '../../src/logs/hash.ts'

const RANGE = 2 ** 53
const hashes = (count: number, hash = offsetHash('7', 'sample', 's3://logs', 'a.txt'), step = 1) =>
  Array.from({ length: count }, (_, i) => hash(i * step))

test.each([
  ['consecutive offsets', 1],
  ['offsets of records of equal length', 512],
  ['offsets beyond 4 GiB', 2 ** 31],
])('hashes of %s are spread evenly', (_, step) => {
  const cells = new Array(64).fill(0)
  for (const hash of hashes(64_000, undefined, step)) {
    expect(hash >= 0 && hash < RANGE && Number.isInteger(hash)).toBe(true)
    cells[Math.floor(hash / (RANGE / 64))]++
  }
  const chiSquared = cells.reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0)
  // 63 degrees of freedom: 0.1 % lie above 103.4, 0.1 % below 34
  expect(chiSquared).toBeGreaterThan(34)
  expect(chiSquared).toBeLessThan(103.4)
})

test('no two offsets of an object meet', () => {
  expect(new Set(hashes(300_000)).size).toBe(300_000)
})

test('each bit of the offset moves about half of the bits of the hash', () => {
  const hash = offsetHash('7', 'sample', 's', 'k')
  const bits = (x: number) => x.toString(2).replaceAll('0', '').length
  for (let bit = 0; bit < 48; bit++) {
    let moved = 0
    for (let i = 0; i < 400; i++) {
      const offset = i * 977
      const flipped = Math.floor(offset / 2 ** bit) % 2 ? offset - 2 ** bit : offset + 2 ** bit
      const [a, b] = [hash(offset), hash(flipped)]
      moved += bits(((a / 2 ** 27) ^ (b / 2 ** 27)) >>> 0) + bits(((a % 2 ** 27) ^ (b % 2 ** 27)) >>> 0)
    }
    expect(moved / 400 / 53).toBeGreaterThan(0.45)
    expect(moved / 400 / 53).toBeLessThan(0.55)
  }
})

test.each([
  ['seed', offsetHash('8', 'sample', 's3://logs', 'a.txt')],
  ['purpose', offsetHash('7', 'order', 's3://logs', 'a.txt')],
  ['source', offsetHash('7', 'sample', 's3://log', 'a.txt')],
  ['key', offsetHash('7', 'sample', 's3://logs', 'b.txt')],
  ['boundary between source and key', offsetHash('7', 'sample', 's3://logsa', '.txt')],
])('hashes of another %s are independent', (_, other) => {
  const [mine, theirs] = [hashes(10_000), hashes(10_000, other)]
  const mean = RANGE / 2
  const correlation =
    mine.reduce((sum, hash, i) => sum + (hash / mean - 1) * ((theirs[i] as number) / mean - 1), 0) /
    10_000 /
    (1 / 3)
  expect(Math.abs(correlation)).toBeLessThan(0.04)
})

test('hashes are the same at any time', () => {
  expect(hashes(2)).toEqual(hashes(2))
  expect(offsetHash('7', 'sample', 's3://logs', 'a.txt')(0)).toMatchInlineSnapshot(`8939344548515794`)
  expect(textHash('7', 'stratum', '2024-11-11')).toMatchInlineSnapshot(`3730033098932321`)
  fc.assert(fc.property(fc.string(), (text) => textHash('1', 'stratum', text) < RANGE))
})
