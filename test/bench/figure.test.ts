import { describe, expect, test } from 'vitest'
import { cost, inTurn, percentile, rate, Unable, unlessUnable } from '../../bench/figure.ts'
import { table } from '../../bench/table.ts'

const sides = { name: 'reading', unit: 's', against: 'a peer', means: 'how fast' }

describe('a figure', () => {
  test('of costs: half of the peer’s time is twice as good', () => {
    expect(cost({ ...sides, ours: [2], peer: [4] })).toMatchObject({ ours: 2, peer: 4, ratio: 2 })
  })

  test('of rates: half of the peer’s rate is half as good', () => {
    expect(rate({ ...sides, ours: [2], peer: [4] })).toMatchObject({ ratio: 0.5 })
  })

  test('compares what was measured in turn, so that a machine that slows down changes no ratio', () => {
    const { ratio, ours } = cost({ ...sides, ours: [1, 10, 100], peer: [3, 30, 300] })
    expect([ratio, ours]).toEqual([3, 10])
  })

  test.each([
    ['just reached', 0.5, true],
    ['missed', 0.51, false],
  ])('whose goal is %s says so', (_, atLeast, met) => {
    expect(rate({ ...sides, ours: [1], peer: [2], atLeast }).goal).toEqual({ text: `≥ ${atLeast}`, met })
  })
})

describe('a percentile', () => {
  test.each([
    ['the middle of an odd number of values', [3, 1, 2], 0.5, 2],
    ['halfway between the middle two of an even number', [4, 1, 3, 2], 0.5, 2.5],
    ['the largest at 1', [1, 9, 5], 1, 9],
    ['the smallest at 0', [4, 9, 5], 0, 4],
    ['between neighbours in proportion', [0, 10], 0.99, 9.9],
    ['sorts numbers as numbers', [10, 9, 100], 0.5, 10],
  ])('is %s', (_, values, share, expected) => {
    expect(percentile(values, share)).toBeCloseTo(expected, 12)
  })

  test('of nothing is no number', () => {
    expect(percentile([], 0.5)).toBeNaN()
  })
})

test('things are measured in turn, there and back, after one round that does not count', async () => {
  const order: string[] = []
  let clock = 0
  const measure = (name: string) => async () => {
    order.push(name)
    return clock++
  }
  const results = await inTurn(2, { a: measure('a'), b: measure('b') })
  expect(order.join('')).toBe('baabba')
  expect(results).toEqual({ a: [2, 5], b: [3, 4] })
})

test('what a machine can’t measure is skipped with the reason; what breaks is an error', async () => {
  const unable = unlessUnable('memory', () => Promise.reject(new Unable('there is no /proc')))
  await expect(unable).resolves.toEqual([{ name: 'memory', skipped: 'there is no /proc' }])
  await expect(unlessUnable('memory', () => Promise.reject(new Error('a bug')))).rejects.toThrow('a bug')
})

test('the table has a line per figure, with three significant digits', () => {
  const lines = table([
    rate({ ...sides, unit: 'pairs/s', ours: [123_456], peer: [0.0123456], atLeast: 1 }),
    { name: 'memory', skipped: 'there is no /proc' },
    { ...sides, name: 'alone', ours: 98.76, peer: null, ratio: null, against: '' },
  ]).split('\n')
  expect(lines).toHaveLength(4)
  expect(lines[1]).toMatch(
    /^reading +123,456 pairs\/s +0\.0123 pairs\/s +10,000,\d{3} +≥ 1 met +how fast; peer: a peer$/,
  )
  expect(lines[2]).toMatch(/^memory +skipped: there is no \/proc$/)
  expect(lines[3]).toMatch(/^alone +98\.8 s +– +– +how fast$/)
})
