import { encode } from '@thi.ng/rle-pack'
import { describe, expect, it } from 'vitest'
import { ALIKE, bothWays, box, compare, key, regions, type SimilarityCase, span } from './fixtures/regions.ts'

/** A mask of a 4 × 1 image in the editor's form, white where painted. */
function painted(...pixels: number[]) {
  const rgba = new Uint8Array(16)
  for (const pixel of pixels) rgba.fill(255, pixel * 4, pixel * 4 + 4)
  return { format: 'rle', rle: [...encode(rgba, rgba.length)], brushlabels: ['Tumor'] }
}

const node = (start: string, startOffset: number, end: string, endOffset: number, more = {}) => {
  return { start, startOffset, end, endOffset, hypertextlabels: ['Term'], ...more }
}

describe('the similarity of places', () => {
  it.each<SimilarityCase>([
    ['a span of 10 within one of 14', 'labels', [span(0, 14, 'Person')], [span(4, 14, 'Person')], 10 / 14],
    [
      'two spans each, each overlapping one of its label',
      'labels',
      [span(0, 14, 'Person'), span(41, 47, 'Location')],
      [span(4, 14, 'Person'), span(41, 58, 'Location')],
      (10 / 14 + 6 / 17) / 2,
    ],
    ['the same span with another label', 'labels', [span(0, 14, 'Person')], [span(0, 14, 'Group')], 0],
    [
      'the same span with one label more',
      'labels',
      [span(0, 14, 'Person')],
      [span(0, 14, 'Person', 'Group')],
      0,
    ],
    [
      'one span of two removed',
      'labels',
      [span(0, 14, 'Person'), span(20, 30, 'Person')],
      [span(0, 14, 'Person')],
      2 / 3,
    ],
    ['another audio channel', 'labels', [{ ...span(0, 5, 'Speech'), channel: 1 }], [span(0, 5, 'Speech')], 0],
    [
      'half of a text node',
      'hypertextlabels',
      [node('/p/text()', 0, '/p/text()', 10)],
      [node('/p/text()', 5, '/p/text()', 10)],
      0.5,
    ],
    [
      'another text node',
      'hypertextlabels',
      [node('/p[1]/text()', 0, '/p[1]/text()', 10)],
      [node('/p[2]/text()', 0, '/p[2]/text()', 10)],
      0,
    ],
    [
      'across two nodes, by offsets in the document',
      'hypertextlabels',
      [node('/p[1]', 5, '/p[2]', 5, { globalOffsets: { start: 10, end: 30 } })],
      [node('/p[1]', 10, '/p[2]', 5, { globalOffsets: { start: 15, end: 30 } })],
      0.75,
    ],
    [
      'across two nodes, by the length of the text',
      'hypertextlabels',
      [node('/p[1]', 5, '/p[2]', 5, { text: 'twenty characters!!!' })],
      [node('/p[1]', 10, '/p[2]', 5, { text: 'fifteen of them' })],
      0.75,
    ],
    ['part of a paragraph', 'paragraphlabels', [node('0', 0, '0', 15)], [node('0', 0, '0', 22)], 15 / 22],
    [
      'an hour of three, in dates and in milliseconds',
      'timeserieslabels',
      [{ start: '2020-01-01 10:00', end: '2020-01-01 12:00', timeserieslabels: ['Run'] }],
      [{ start: Date.UTC(2020, 0, 1, 11), end: Date.UTC(2020, 0, 1, 13), timeserieslabels: ['Run'] }],
      1 / 3,
    ],
    [
      'frames of several ranges',
      'timelinelabels',
      [
        {
          ranges: [
            { start: 0, end: 10 },
            { start: 20, end: 30 },
          ],
          timelinelabels: ['Run'],
        },
      ],
      [{ ranges: [{ start: 5, end: 25 }], timelinelabels: ['Run'] }],
      10 / 30,
    ],
    [
      'boxes with 6,400 of 9,600 in common',
      'rectanglelabels',
      [box(10, 20, 100, 80)],
      [box(30, 20, 100, 80)],
      6400 / 9600,
    ],
    [
      'a box moved beside one that stayed',
      'rectanglelabels',
      [box(10, 20, 100, 80), box(200, 200, 5, 5)],
      [box(30, 20, 100, 80), box(200, 200, 5, 5)],
      (6400 / 9600 + 1) / 2,
    ],
    [
      'a box turned by 90° and the same box drawn upright',
      'rectanglelabels',
      [box(10, 10, 20, 10, { rotation: 90 })],
      [box(0, 10, 10, 20)],
      ALIKE,
    ],
    [
      'a square turned by 45°: an octagon in common',
      'rectangle',
      [box(0, 0, 2, 2)],
      [box(1, 1 - Math.SQRT2, 2, 2, { rotation: 45 })],
      Math.SQRT1_2,
    ],
    [
      'an ellipse of half the radii',
      'ellipselabels',
      [{ x: 50, y: 50, radiusX: 10, radiusY: 20 }],
      [{ x: 50, y: 50, radiusX: 5, radiusY: 10 }],
      0.25,
    ],
    [
      'half of a square',
      'polygonlabels',
      [
        {
          points: [
            [0, 0],
            [9, 0],
            [9, 9],
            [0, 9],
          ],
        },
      ],
      [
        {
          points: [
            [0, 0],
            [9, 0],
            [9, 9],
          ],
        },
      ],
      0.5,
    ],
    [
      'a square and an outline that crosses itself',
      'polygon',
      [
        {
          points: [
            [0, 0],
            [9, 0],
            [9, 9],
            [0, 9],
          ],
        },
      ],
      [
        {
          points: [
            [0, 0],
            [9, 9],
            [9, 0],
            [0, 9],
          ],
        },
      ],
      0.5,
    ],
    [
      'an outline without area',
      'polygon',
      [
        {
          points: [
            [0, 0],
            [9, 9],
          ],
        },
      ],
      [
        {
          points: [
            [0, 0],
            [9, 0],
            [9, 9],
          ],
        },
      ],
      0,
    ],
    ['one painted pixel of three', 'brushlabels', [painted(0, 1)], [painted(1, 2)], 1 / 3],
    ['a mask wiped out', 'brushlabels', [painted(0, 1)], [painted()], 0],
    [
      'a mask that cannot be decoded',
      'brushlabels',
      [painted(0, 1)],
      [{ format: 'rle', rle: [0, 0, 0, 16], brushlabels: ['Tumor'] }],
      0,
    ],
    [
      'a key point moved by 1 %',
      'keypointlabels',
      [{ x: 50, y: 50, width: 1 }],
      [{ x: 51, y: 50, width: 1 }],
      ALIKE,
    ],
    [
      'a key point moved by more',
      'keypointlabels',
      [{ x: 50, y: 50, width: 1 }],
      [{ x: 50.8, y: 50.8, width: 1 }],
      0,
    ],
    [
      'two key points where one is, of which one can be meant',
      'keypointlabels',
      [
        { x: 50, y: 50.2, width: 1 },
        { x: 50, y: 49.8, width: 1 },
      ],
      [{ x: 50, y: 50, width: 1 }],
      2 / 3,
    ],
    [
      'a third of the frames in common',
      'videorectangle',
      [{ sequence: [key(1, true), key(10, false)] }],
      [{ sequence: [key(6, true), key(15, false)] }],
      1 / 3,
    ],
    [
      'a box that stays to the end of the video',
      'videorectangle',
      [{ sequence: [key(1, true)], framesCount: 20 }],
      [{ sequence: [key(1, true), key(5, false)] }],
      1 / 4,
    ],
    [
      'a box that moves 10 in 10 frames, and one that stays: 10, 9, … 0 of 10 in common',
      'videorectangle',
      [{ sequence: [key(0, true), key(10, false, { x: 10 })] }],
      [{ sequence: [key(0, true), key(10, false)] }],
      550 / (11 * 200 - 550),
    ],
    [
      'a turning box, and its turn the shorter way written out',
      'videorectangle',
      [{ sequence: [key(1, true, { rotation: 350 }), key(3, false, { rotation: 10 })] }],
      [{ sequence: [key(1, true, { rotation: -10 }), key(2, true), key(3, false, { rotation: 370 })] }],
      ALIKE,
    ],
  ])('of %s', (_, type, before, after, expected) => {
    for (const outcome of bothWays(type, before, after)) {
      expect(outcome?.changed).toBe(true)
      expect(outcome?.similarity).toBeCloseTo(expected, 9)
    }
  })

  it('turns a box in pixels, not in percent, on an image that is not square', () => {
    const size = { original_width: 200, original_height: 100 }
    const turned = regions('rectangle', [box(50, 10, 10, 10, { rotation: 90 })], size)
    const upright = regions('rectangle', [box(45, 10, 5, 20)], size)
    expect(compare('rectangle', turned, upright)?.similarity).toBe(ALIKE)
    // A prediction often names the input size of a model.
    const resized = turned.map((each) => ({ ...each, original_width: 10, original_height: 10 }))
    expect(compare('rectangle', resized, upright)?.similarity).toBe(ALIKE)
  })
})
