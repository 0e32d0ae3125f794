import { describe, expect, test } from 'vitest'
import { ago, count, percent, plural, points, range, size } from '../../../src/dashboard/browser/format.js'
import { route } from '../../../src/dashboard/browser/router.js'

const spaced = (text: string) => text.replaceAll('\u202f', ' ')

describe('a share', () => {
  test.each([
    [0, '0 %'],
    [9 / 2_147_483_647, '< 0.1 %'],
    [0.0855, '8.6 %'],
    [0.0996, '10 %'],
    [0.1579, '16 %'],
    [0.02, '2 %'],
    [1, '100 %'],
    [null, '–'],
  ])('of %s is %s', (share, text) => {
    expect(spaced(percent(share))).toBe(text)
  })
  test('has bounds in words', () => expect(spaced(range([0.06, 0.34]))).toBe('6 % to 34 %'))
  test('differs by points, with its sign', () => {
    expect([points(-0.2421), points(0.13), points(null)].map(spaced)).toEqual([
      '−24.2 points',
      '+13 points',
      '–',
    ])
  })
})

describe('numbers and times', () => {
  test.each([
    [count(1_234_567), '1 234 567'],
    [plural(1, 'task'), '1 task'],
    [plural(0, 'task'), '0 tasks'],
    [size(999), '999 bytes'],
    [size(48_211), '48.2 kB'],
    [ago(null), 'never'],
    [ago('2026-01-01T00:00:00Z', Date.parse('2026-01-01T02:59:00Z')), '2 hours ago'],
    [ago('2026-01-01T00:00:00Z', Date.parse('2026-01-01T00:00:09Z')), 'just now'],
  ])('%s reads as %s', (text, expected) => {
    expect(spaced(text)).toBe(expected)
  })
})

describe('the address', () => {
  const view = () => ({ title: () => '', render: () => ({}) as never })
  const routes = [
    ['', view],
    ['monitors/:', view],
  ] as [string, typeof view][]
  test.each([
    ['', []],
    ['#/', []],
    ['#/monitors/qa-model', ['qa-model']],
    ['#/monitors/a%2Fb', ['a/b']],
    ['#/monitors/%E0%A4%A', ['%E0%A4%A']],
  ])('%s leads to a view with %j', (hash, parameters) => {
    expect(route(hash, routes)?.parameters).toEqual(parameters)
  })
  test.each(['#/monitors', '#/monitors/a/b', '#/other'])('%s leads nowhere', (hash) => {
    expect(route(hash, routes)).toBeNull()
  })
})
