import fc from 'fast-check'
import { expect, test } from 'vitest'
import { contentIdentity } from '../../src/logs/content-identity.ts'

function numbers(records: string[]): number[] {
  const identify = contentIdentity()
  return records.map((record) => {
    const bytes = Buffer.from(`..${record}.`)
    return identify(bytes, 2, bytes.length - 1)
  })
}

test('the same records have the same numbers in any order, and each its own', () => {
  const record = fc.oneof(fc.constantFrom('', 'a', 'b'), fc.string())
  const shuffled = fc
    .array(record, { maxLength: 40 })
    .chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })))
  fc.assert(
    fc.property(shuffled, ([list, other]) => {
      const found = numbers(list)
      expect(new Set(found).size).toBe(list.length)
      expect(found.every((number) => Number.isSafeInteger(number) && number >= 0)).toBe(true)
      expect(numbers(other).sort()).toEqual(found.sort())
    }),
  )
})

test('of very many different records, none shares its number', () => {
  const list = Array.from({ length: 200_000 }, (_, i) => `{"id":${i},"question":"hello"}`)
  expect(new Set(numbers([...list, ...list.slice(0, 1_000)])).size).toBe(201_000)
})

test('the numbers are spread evenly', () => {
  const buckets = new Array(16).fill(0)
  for (const number of numbers(Array.from({ length: 16_000 }, (_, i) => `row ${i}`)))
    buckets[Math.floor((number / 2 ** 53) * 16)]++
  // chi-square of 15 degrees of freedom: above 37.7 once in a thousand, and these are always the same
  expect(buckets.reduce((sum, count) => sum + (count - 1_000) ** 2 / 1_000, 0)).toBeLessThan(37.7)
})
