import { encode } from '@thi.ng/rle-pack'
import fc, { type Arbitrary } from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Region } from '../../src/labeling/types.ts'
import { compareResults } from '../../src/metrics/compare.ts'
import { control, region } from './fixtures/regions.ts'

const small = fc.integer({ min: 0, max: 6 })
const percent = fc.integer({ min: 0, max: 40 })
const side = fc.integer({ min: 1, max: 30 })
const label = fc.constantFrom('A', 'B')
const labelled = (tag: string, value: Record<string, Arbitrary<unknown>>) =>
  fc.record({ ...value, [tag]: fc.uniqueArray(label, { minLength: 1 }) })
const words = fc.array(fc.string({ unit: 'grapheme', maxLength: 8 }), { minLength: 1, maxLength: 3 })
const pair = (first: string, second: string, number: Arbitrary<number>) =>
  fc.tuple(number, side).map(([start, length]) => ({ [first]: start, [second]: start + length }))
const keyframe = fc.record({
  frame: fc.integer({ min: 1, max: 12 }),
  enabled: fc.boolean(),
  x: percent,
  y: percent,
  width: side,
  height: side,
  rotation: fc.constantFrom(0, 45, 350),
})
const mask = fc.array(fc.constantFrom(0, 255), { minLength: 6, maxLength: 6 }).map((alphas) => [
  ...encode(
    alphas.flatMap((alpha) => [9, 9, 9, alpha]),
    24,
  ),
])

/** Values of each kind of control tag, close enough that some are equal. Answers about the task are one a control. */
const ANSWERS: Record<string, Arbitrary<object>> = {
  choices: fc.record({ choices: fc.uniqueArray(fc.constantFrom('A', 'B', 'C'), { minLength: 1 }) }),
  taxonomy: fc.record({
    taxonomy: fc.array(fc.array(label, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }),
  }),
  textarea: fc.record({ text: fc.oneof(words, fc.string({ unit: 'grapheme', maxLength: 8 })) }),
  number: fc.record({ number: fc.oneof(small, fc.double({ noNaN: true, noDefaultInfinity: true })) }),
  rating: fc.record({ rating: small }),
  datetime: fc.record({ datetime: fc.constantFrom('2025-03-19', '2025-03-20') }),
  pairwise: fc.record({ selected: fc.constantFrom('left', 'right') }),
  ranker: fc.record({
    ranker: fc
      .shuffledSubarray(['a', 'b', 'c', 'd'])
      .map((items) => ({ good: items.slice(1), bad: items.slice(0, 1) })),
  }),
  chatmessage: fc.record({
    chatmessage: fc.record({
      role: fc.constantFrom('user', 'assistant'),
      content: fc.string({ maxLength: 6 }),
    }),
  }),
}
const REGIONS: Record<string, Arbitrary<object>> = {
  labels: fc.tuple(labelled('labels', {}), pair('start', 'end', small)).map(([a, b]) => ({ ...a, ...b })),
  hypertextlabels: fc
    .tuple(
      labelled('hypertextlabels', {
        start: fc.constantFrom('/p[1]', '/p[2]'),
        end: fc.constantFrom('/p[1]', '/p[2]'),
      }),
      pair('startOffset', 'endOffset', small),
    )
    .map(([a, b]) => ({ ...a, ...b })),
  timelinelabels: labelled('timelinelabels', {
    ranges: fc.array(pair('start', 'end', small), { minLength: 1, maxLength: 3 }),
  }),
  rectanglelabels: labelled('rectanglelabels', {
    x: percent,
    y: percent,
    width: side,
    height: side,
    rotation: fc.constantFrom(0, 30, 90),
  }),
  ellipselabels: labelled('ellipselabels', {
    x: percent,
    y: percent,
    radiusX: side,
    radiusY: side,
    rotation: fc.constantFrom(0, 30),
  }),
  polygonlabels: labelled('polygonlabels', {
    points: fc.array(fc.tuple(percent, percent), { minLength: 1, maxLength: 7 }),
    closed: fc.boolean(),
  }),
  keypointlabels: labelled('keypointlabels', {
    x: fc.double({ min: 0, max: 3, noNaN: true }),
    y: fc.constant(1),
    width: fc.constant(1),
  }),
  brushlabels: labelled('brushlabels', { rle: mask, format: fc.constant('rle') }),
  videorectangle: labelled('labels', {
    sequence: fc.array(keyframe, { maxLength: 4 }),
    framesCount: fc.integer({ min: 0, max: 20 }),
  }),
  hologram: fc.record({ depth: small, beams: fc.array(small, { maxLength: 3 }) }),
}

/** The same with its keys in another order, at all depths. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, own]) => [key, turned(own)]),
  )
}

/** The same regions as the editor might write them: another order, other ids, another origin. */
function rewritten(regions: Region[], seed: number): Region[] {
  const from = regions.length === 0 ? 0 : seed % regions.length
  return [...regions.slice(from), ...regions.slice(0, from)]
    .reverse()
    .map(
      (each, index) =>
        turned({ ...each, id: `new${index}`, origin: 'manual', score: 0.5, meta: { text: ['x'] } }) as Region,
    )
}

const cases = [
  ...Object.entries(ANSWERS).map(([type, value]) => ({ type, values: fc.array(value, { maxLength: 1 }) })),
  ...Object.entries(REGIONS).map(([type, value]) => ({ type, values: fc.array(value, { maxLength: 4 }) })),
]

describe.each(cases)('$type', ({ type, values }) => {
  const result = values.map((own) => own.map((value, index) => region(type, value, { id: `r${index}` })))
  const compare = (prediction: Region[], annotation: Region[]) =>
    compareResults(prediction, annotation, [control('tag', type)]).tag as {
      changed: boolean
      similarity: number
    }

  test('is compared alike in both directions, in [0, 1], and 1 exactly when unchanged', () => {
    fc.assert(
      fc.property(result, result, (a, b) => {
        const outcome = compare(a, b)
        expect(compare(b, a)).toEqual(outcome)
        expect(outcome.similarity).toBeGreaterThanOrEqual(0)
        if (outcome.changed) expect(outcome.similarity).toBeLessThanOrEqual(1 - 1e-6)
        else expect(outcome.similarity).toBe(1)
      }),
    )
  })

  test('is unchanged against itself, and compared blind to order, ids, key order and origin', () => {
    fc.assert(
      fc.property(result, result, fc.nat(), (a, b, seed) => {
        expect(compare(a, rewritten(a, seed))).toMatchObject({ changed: false, similarity: 1 })
        expect(compare(rewritten(a, seed), b)).toEqual(compare(a, b))
        expect(compare(a, rewritten(b, seed))).toEqual(compare(a, b))
      }),
    )
  })

  test('is nothing like no answer at all', () => {
    fc.assert(
      fc.property(result, (a) => {
        const outcome = compare(a, [])
        if (outcome.changed && type !== 'chatmessage') expect(outcome.similarity).toBe(0)
      }),
    )
  })
})

describe('answers per region', () => {
  test.each(['choices', 'textarea', 'number', 'rating'])(
    'of %s are compared alike in both directions, blind to order',
    (type) => {
      const value = ANSWERS[type] as Arbitrary<object>
      const place = fc.integer({ min: 0, max: 3 }).map((x) => ({ x, y: 0, width: 5, height: 5 }))
      const result = fc
        .uniqueArray(fc.tuple(small, place, value), { maxLength: 4, selector: ([id]) => id })
        .map((own) => own.map(([id, at, answer]) => region(type, { ...at, ...answer }, { id: `r${id}` })))
      const compare = (a: Region[], b: Region[]) =>
        compareResults(a, b, [control('tag', type, { perRegion: true })]).tag
      fc.assert(
        fc.property(result, result, (a, b) => {
          expect(compare(b, a)).toEqual(compare(a, b))
          expect(compare([...a].reverse(), b)).toEqual(compare(a, b))
          expect(compare(a, [...a].reverse())).toMatchObject({ changed: false, similarity: 1 })
        }),
      )
    },
  )
})

describe('relations', () => {
  const ends = ['a', 'b', 'c'].map((id, index) =>
    region('labels', { start: index, end: 9, labels: ['A'] }, { id }),
  )
  const relation = fc.record({
    type: fc.constant('relation'),
    from_id: fc.constantFrom('a', 'b', 'c'),
    to_id: fc.constantFrom('a', 'b', 'c'),
    direction: fc.constantFrom('left', 'right', 'bi'),
    labels: fc.subarray(['x', 'y']),
  })
  const result = fc.array(relation, { maxLength: 4 })
  const compare = (a: Region[], b: Region[]) =>
    compareResults(a, b, [control('relations', 'relations')]).relations

  test('are compared alike in both directions, blind to order and to new ids', () => {
    const renamed = (regions: Region[]) =>
      JSON.parse(JSON.stringify(regions).replaceAll(/"([abc])"/g, '"new $1"')) as Region[]
    fc.assert(
      fc.property(result, result, (a, b) => {
        const outcome = compare([...ends, ...a], [...ends, ...b])
        expect(compare([...ends, ...b], [...ends, ...a])).toEqual(outcome)
        expect(compare([...ends, ...a], [...ends, ...b].reverse())).toEqual(outcome)
        expect(compare([...ends, ...a], renamed([...ends, ...b]))).toEqual(outcome)
        expect(compare([...ends, ...a], renamed([...ends, ...a]))).toMatchObject({
          changed: false,
          similarity: 1,
        })
      }),
    )
  })
})
