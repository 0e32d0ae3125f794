import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { chooseBlind } from '../../src/logs/blind.ts'
import { offsetHash } from '../../src/logs/hash.ts'

const record = (blind: number, offset = 0, object = 'a') => ({ blind, object, offset })

describe('the blind records', () => {
  test.each([
    ['none of them', 0, 10, 0],
    ['a third of ten, rounded', 1 / 3, 10, 3],
    ['a half of five, rounded up', 0.5, 5, 3],
    ['all of them', 1, 7, 7],
    ['none of no records', 0.5, 0, 0],
  ])('are %s', (_, fraction, count, expected) => {
    const records = Array.from({ length: count }, (_, i) => record(i * 7919))
    expect(chooseBlind(records, fraction).size).toBe(expected)
  })

  it('are those with the smallest hashes, whatever order the records come in', () => {
    const hashes = fc.uniqueArray(fc.maxSafeNat(), { minLength: 1, maxLength: 50 })
    fc.assert(
      fc.property(hashes, fc.double({ min: 0, max: 1, noNaN: true }), (numbers, fraction) => {
        const chosen = [
          ...chooseBlind(
            numbers.map((n) => record(n)),
            fraction,
          ),
        ].map(({ blind }) => blind)
        const smallest = numbers.toSorted((a, b) => a - b).slice(0, Math.round(fraction * numbers.length))
        expect(chosen).toEqual(smallest)
      }),
    )
  })

  it('are the same where hashes are, by object and offset', () => {
    const records = [record(5, 2, 'b'), record(5, 1, 'b'), record(5, 9, 'a')]
    expect([...chooseBlind(records, 0.4)]).toEqual([records[2]])
    expect([...chooseBlind(records.toReversed(), 0.67)]).toEqual([records[2], records[1]])
  })

  it('are spread evenly over the sample and over the import, whatever the seed', () => {
    let early = 0
    let smallHash = 0
    for (let seed = 0; seed < 20; seed++) {
      const [place, order, blind] = (['sample', 'order', 'blind'] as const).map((purpose) =>
        offsetHash(String(seed), purpose, 's3://logs', 'log.txt'),
      ) as [(n: number) => number, (n: number) => number, (n: number) => number]
      const records = Array.from({ length: 500 }, (_, i) => ({
        ...record(blind(i * 100), i * 100),
        i: i * 100,
      }))
      for (const { i } of chooseBlind(records, 0.3)) {
        if (order(i) < 2 ** 52) early++
        if (place(i) < 2 ** 52) smallHash++
      }
    }
    // 3,000 in all; half of them, give or take four standard deviations.
    expect(Math.abs(early - 1500)).toBeLessThan(110)
    expect(Math.abs(smallHash - 1500)).toBeLessThan(110)
  })
})
