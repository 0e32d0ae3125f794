import { encode } from '@thi.ng/rle-pack'
import { describe, expect, it } from 'vitest'
import type { ControlTag, Region } from '../../src/labeling/types.ts'
import { compareResults } from '../../src/metrics/compare.ts'
import { control, region } from './fixtures/regions.ts'

const changed = (
  type: string,
  prediction: Region[],
  annotation: Region[],
  more: Partial<ControlTag> = {},
) => {
  const { tag } = compareResults(prediction, annotation, [control('tag', type, more)])
  if (tag?.changed === false) expect(tag.similarity).toBe(1)
  return tag?.changed
}

/** A painted pixel in a given colour and strength, as RGBA values. */
const pixels = (...colours: number[][]) => {
  const values = Uint8Array.from(colours.flat())
  return { format: 'rle', rle: [...encode(values, values.length)], brushlabels: ['Tumor'] }
}
const WHITE = [255, 255, 255, 255]
const NONE = [0, 0, 0, 0]

const triangle = [
  [10, 10],
  [20, 10],
  [20, 30],
]
const box = { x: 10, y: 20, width: 30, height: 40, rectanglelabels: ['Car'] }
const keyframe = { frame: 1, enabled: true, x: 1, y: 2, width: 3, height: 4, rotation: 0 }
const words = {
  start: '/div/p/text()',
  end: '/div/p/text()',
  startOffset: 3,
  endOffset: 9,
  hypertextlabels: ['A'],
}

describe('a change is', () => {
  it.each<[string, string, object, object]>([
    ['a blank at the end', 'textarea', { text: ['x'] }, { text: ['x '] }],
    ['another order of entries', 'textarea', { text: ['x', 'y'] }, { text: ['y', 'x'] }],
    ['an entry more, though empty', 'textarea', { text: ['x'] }, { text: ['x', ''] }],
    ['a capital', 'choices', { choices: ['a'] }, { choices: ['A'] }],
    ['the least more', 'number', { number: 1 }, { number: 1.0000001 }],
    ['the part of a path', 'taxonomy', { taxonomy: [['a', 'b']] }, { taxonomy: [['a']] }],
    ['a date in another form', 'datetime', { datetime: '2024-03-30' }, { datetime: '30/03/2024' }],
    ['an offset more', 'labels', { start: 0, end: 3, labels: ['A'] }, { start: 0, end: 4, labels: ['A'] }],
    [
      'two milliseconds',
      'labels',
      { start: 0.5, end: 2, labels: ['A'] },
      { start: 0.502, end: 2, labels: ['A'] },
    ],
    ['another label', 'labels', { start: 0, end: 3, labels: ['A'] }, { start: 0, end: 3, labels: ['B'] }],
    ['another node', 'hypertextlabels', words, { ...words, start: '/div/p[2]/text()' }],
    ['two hundredths of a percent', 'rectanglelabels', box, { ...box, x: 10.02 }],
    ['a turn', 'rectanglelabels', box, { ...box, rotation: 1 }],
    ['no label', 'rectanglelabels', box, { ...box, rectanglelabels: [] }],
    ['a line opened', 'polygon', { points: triangle }, { points: triangle, closed: false }],
    [
      'another start of an open line',
      'polygon',
      { points: triangle, closed: false },
      { points: [...triangle.slice(1), triangle[0]], closed: false },
    ],
    ['a corner in between', 'polygon', { points: triangle }, { points: [[15, 10], ...triangle] }],
    ['a pixel more', 'brushlabels', pixels(WHITE, NONE), pixels(WHITE, WHITE)],
    [
      'a box instead of an ellipse',
      'labels',
      { x: 1, y: 2, width: 3, height: 4 },
      { x: 1, y: 2, radiusX: 3, radiusY: 4 },
    ],
    [
      'a keyframe more',
      'videorectangle',
      { sequence: [keyframe] },
      { sequence: [keyframe, { ...keyframe, frame: 9 }] },
    ],
    [
      'a box that is hidden',
      'videorectangle',
      { sequence: [keyframe] },
      { sequence: [{ ...keyframe, enabled: false }] },
    ],
    ['the name of a bucket', 'ranker', { ranker: { good: ['a'] } }, { ranker: { bad: ['a'] } }],
    [
      'who said it',
      'chat',
      { chatmessage: { role: 'user', content: 'Hi' } },
      { chatmessage: { role: 'assistant', content: 'Hi' } },
    ],
    ['a field more in a tag that nobody knows', 'hologram', { depth: 1 }, { depth: 1, width: 1 }],
  ])('%s', (_, type, before, after) => {
    expect(
      changed(
        type,
        [region(type, before, { id: 'a' })],
        [region(type, after, { id: 'a', origin: 'prediction' })],
      ),
    ).toBe(true)
    expect(changed(type, [region(type, after)], [region(type, before)])).toBe(true)
  })

  it('a pixel of a mask with one value a pixel', () => {
    const size = { original_width: 4, original_height: 1 }
    const single = (...values: number[]) => {
      const value = { format: 'rle', rle: [...encode(values, values.length)], brushlabels: ['Tumor'] }
      return [region('brushlabels', value, size)]
    }
    expect(changed('brushlabels', single(1, 0, 0, 1), single(0, 0, 0, 1))).toBe(true)
    expect(changed('brushlabels', single(1, 0, 0, 1), single(9, 0, 0, 9))).toBe(false)
    // The editor, which knows four values only, has taken the first four pixels for one.
    const asRead = [region('brushlabels', pixels([9, 9, 9, 1], NONE, NONE, NONE), size)]
    expect(changed('brushlabels', single(1, 0, 0, 1), asRead)).toBe(false)
  })

  it('one region of two alike', () => {
    const one = region('rectanglelabels', box)
    expect(changed('rectanglelabels', [one, one], [one])).toBe(true)
    expect(changed('rectanglelabels', [one, one], [one, one])).toBe(false)
  })

  it('the same region on another page', () => {
    const one = region('rectanglelabels', box)
    expect(changed('rectanglelabels', [one], [{ ...one, item_index: 1 }])).toBe(true)
  })

  it('the same choice for another item', () => {
    const one = region('choices', { choices: ['A'] })
    expect(changed('choices', [{ ...one, item_index: 0 }], [{ ...one, item_index: 1 }])).toBe(true)
  })

  it('the place of a Taxonomy that labels regions', () => {
    const place = (end: number) => [
      region('taxonomy', { start: 0, end, taxonomy: [['a', 'b']] }, { id: 'a' }),
    ]
    const labeling = { attributes: { labeling: 'true' } }
    expect(changed('taxonomy', place(5), place(6), labeling)).toBe(true)
    expect(changed('taxonomy', place(5), place(5), labeling)).toBe(false)
  })
})
