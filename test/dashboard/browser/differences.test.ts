import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { describe as inWords } from '../../../src/dashboard/browser/task/regions.js'
import { isShape } from '../../../src/dashboard/browser/task/shapes.js'
import { isSpan, pieces } from '../../../src/dashboard/browser/task/spans.js'
import { wordDiff } from '../../../src/dashboard/browser/task/text-diff.js'
import { entriesOf } from '../../../src/dashboard/browser/task/values.js'

test('of two texts, what stayed and was removed is the one, what stayed and was added the other', () => {
  fc.assert(
    fc.property(fc.lorem({ maxCount: 30 }), fc.lorem({ maxCount: 30 }), (before, after) => {
      const parts = wordDiff(before, after) ?? []
      const text = (skip: 'added' | 'removed') =>
        parts
          .filter((part) => !part[skip])
          .map(({ value }) => value)
          .join('')
      expect(text('added')).toBe(before)
      expect(text('removed')).toBe(after)
    }),
  )
})

test('texts too long to compare word by word are not', () => {
  expect(wordDiff('a '.repeat(10_000), 'b '.repeat(10_000))).toBeUndefined()
})

test('pieces of a text with overlapping spans are the text, each with the spans around it', () => {
  const span = fc
    .tuple(fc.nat(20), fc.nat(20))
    .map(([a, b]) => ({ value: { start: Math.min(a, b), end: Math.max(a, b), labels: ['X'] } }))
  fc.assert(
    fc.property(fc.array(span, { maxLength: 5 }), (spans) => {
      const text = 'abcdefghijklmnopqrst'
      const found = pieces(text, spans)
      expect(found.map(({ part }) => part).join('')).toBe(text)
      for (const { start, end } of spans.map(({ value }) => value)) {
        const inside = found.filter((piece) =>
          piece.inside.some(({ value }) => value.start === start && value.end === end),
        )
        expect(inside.map(({ part }) => part).join('')).toBe(text.slice(start, end))
      }
    }),
  )
})

describe('a region is', () => {
  const rectangle = { value: { x: 10, y: 20.04, width: 5, height: 6, rectanglelabels: ['Car'] } }
  const outline = {
    value: {
      points: [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      polygonlabels: ['Car'],
    },
  }
  const span = { value: { start: 0, end: 3, text: 'abc', labels: ['PER'] } }
  test.each([
    ['a rectangle', rectangle, true, 'Car at 10, 20; 5 × 6'],
    ['an outline', outline, true, 'Car outline of 3 points'],
    ['a span', span, false, 'PER “abc” 0–3'],
    ['a span past the end', { value: { start: 0, end: 30, labels: ['PER'] } }, false, 'PER 0–30'],
    ['choices', { value: { choices: ['A', 'B'] } }, false, 'A, B'],
    ['a taxonomy', { value: { taxonomy: [['A', 'B'], ['C']] } }, false, 'A / B, C'],
    ['a mask', { value: { rle: [1, 2], format: 'rle', brushlabels: ['Sky'] } }, false, 'Sky painted mask'],
    ['a relation', { type: 'relation', from_id: 'a', to_id: 'b', labels: ['is'] }, false, 'a → b is'],
    ['nothing that is known', { value: null }, false, '{}'],
  ])('%s', (_what, region, drawn, words) => {
    expect(isShape(region)).toBe(drawn)
    expect(inWords(region)).toBe(words)
  })
  test('a span only within its text', () => {
    expect([isSpan(span, 'abc'), isSpan(span, 'ab'), isSpan(rectangle, 'abc'), isSpan(span, null)]).toEqual([
      true,
      false,
      false,
      false,
    ])
  })
  test('told choice by choice', () =>
    expect(entriesOf([{ value: { choices: ['A', 'B'] } }])).toEqual(['A', 'B']))
})
