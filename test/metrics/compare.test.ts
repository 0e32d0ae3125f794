import { encode } from '@thi.ng/rle-pack'
import { describe, expect, it } from 'vitest'
import type { ControlTag, Region } from '../../src/labeling/types.ts'
import { compareResults, controlNames } from '../../src/metrics/compare.ts'
import { control, region } from './fixtures/regions.ts'

/** Regions of the control `tag` with ids r0, r1, … */
function regions(type: string, values: object[], more: Region = {}): Region[] {
  return values.map((value, index) => region(type, value, { id: `r${index}`, ...more }))
}

function compare(type: string, prediction: Region[], annotation: Region[], more: Partial<ControlTag> = {}) {
  return compareResults(prediction, annotation, [control('tag', type, more)]).tag
}

/** A mask of a 4 × 1 image in the editor's form, white where painted. */
function painted(...pixels: number[]) {
  const rgba = new Uint8Array(16)
  for (const pixel of pixels) rgba.fill(255, pixel * 4, pixel * 4 + 4)
  return { format: 'rle', rle: [...encode(rgba, rgba.length)], brushlabels: ['Tumor'] }
}

const box = (x: number, y: number, width: number, height: number, more = {}) => ({
  x,
  y,
  width,
  height,
  ...more,
})
const key = (frame: number, enabled: boolean, more = {}) => ({
  frame,
  enabled,
  ...box(0, 0, 10, 10),
  ...more,
})
const path = (...names: string[]) => ['Animals', ...names]
const span = (start: number, end: number, ...labels: string[]) => ({ start, end, labels })
const node = (start: string, startOffset: number, end: string, endOffset: number, more = {}) => ({
  start,
  startOffset,
  end,
  endOffset,
  hypertextlabels: ['Term'],
  ...more,
})

/** Changed, though what is counted is alike. */
const ALIKE = 1 - 1e-6

describe('similarity', () => {
  it.each<[string, string, object[], object[], number]>([
    [
      'two shared choices of four in all',
      'choices',
      [{ choices: ['S', 'P', 'T'] }],
      [{ choices: ['P', 'T', 'H'] }],
      0.5,
    ],
    ['one choice of three', 'choices', [{ choices: ['S', 'P', 'T'] }], [{ choices: ['S'] }], 1 / 3],
    ['another choice', 'choices', [{ choices: ['S'] }], [{ choices: ['P'] }], 0],
    [
      'four shared beginnings of six',
      'taxonomy',
      [{ taxonomy: [path('Dogs', 'Labrador'), path('Birds', 'Eagle')] }],
      [{ taxonomy: [path('Dogs', 'Labrador'), path('Birds', 'Sparrow')] }],
      4 / 6,
    ],
    [
      'two dogs',
      'taxonomy',
      [{ taxonomy: [path('Dogs', 'Labrador')] }],
      [{ taxonomy: [path('Dogs', 'Poodle')] }],
      0.5,
    ],
    [
      'a dog and a cat',
      'taxonomy',
      [{ taxonomy: [path('Dogs', 'Labrador')] }],
      [{ taxonomy: [path('Cats', 'Siamese')] }],
      0.2,
    ],
    [
      'a path beside its own beginning',
      'taxonomy',
      [{ taxonomy: [path('Dogs')] }],
      [{ taxonomy: [path('Dogs'), path()] }],
      ALIKE,
    ],
    ['the other of a pair', 'pairwise', [{ selected: 'left' }], [{ selected: 'right' }], 0],
    ['a day later', 'datetime', [{ datetime: '2025-03-19' }], [{ datetime: '2025-03-20' }], 0],
    ['one star more', 'rating', [{ rating: 4 }], [{ rating: 5 }], 0.5],
    ['four stars less', 'rating', [{ rating: 5 }], [{ rating: 1 }], 0.2],
    ['twenty years more', 'number', [{ number: 30 }], [{ number: 50 }], 1 / 21],
    ['a number and no number', 'number', [{ number: 30 }], [{ number: 'many' }], 0],
    ['a kitten sitting', 'textarea', [{ text: ['kitten'] }], [{ text: ['sitting'] }], 1 - 3 / 7],
    [
      'one more character of 23',
      'textarea',
      [{ text: ['The cat sat on the mat'] }],
      [{ text: ['The cat sat on the mat.'] }],
      22 / 23,
    ],
    [
      'a family that lost a child counts as one character',
      'textarea',
      [{ text: ['a👨‍👩‍👧'] }],
      [{ text: ['a👨‍👩'] }],
      0.5,
    ],
    ['a second entry', 'textarea', [{ text: ['one'] }], [{ text: ['one', 'two'] }], 0.5],
    ['an entry made empty', 'textarea', [{ text: ['one'] }], [{ text: [''] }], 0],
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
    [
      'two neighbours changed places',
      'ranker',
      [{ ranker: ['a', 'b', 'c'] }],
      [{ ranker: ['b', 'a', 'c'] }],
      2 / 3,
    ],
    ['the order turned round', 'ranker', [{ ranker: ['a', 'b', 'c'] }], [{ ranker: ['c', 'b', 'a'] }], 0],
    [
      'an item in another bucket',
      'ranker',
      [{ ranker: { good: ['a', 'b'], bad: ['c'] } }],
      [{ ranker: { good: ['a'], bad: ['b', 'c'] } }],
      1 / 3,
    ],
    [
      'an item that was not ranked',
      'ranker',
      [{ ranker: { good: ['a', 'b'] } }],
      [{ ranker: { good: ['a', 'b'], bad: ['c'] } }],
      1 / 3,
    ],
    [
      'an answer of the assistant, whatever the user said',
      'chat',
      [
        { chatmessage: { role: 'user', content: 'Hi' } },
        { chatmessage: { role: 'assistant', content: 'abcd' } },
      ],
      [
        { chatmessage: { role: 'user', content: 'Hello' } },
        { chatmessage: { role: 'assistant', content: 'abc' } },
      ],
      0.75,
    ],
    [
      'a question of the user only',
      'chat',
      [{ chatmessage: { role: 'user', content: 'Hi' } }],
      [{ chatmessage: { role: 'user', content: 'Ho' } }],
      ALIKE,
    ],
    ['a tag that nobody knows', 'hologram', [{ depth: 1 }], [{ depth: 2 }], 0],
  ])('of %s', (_, type, before, after, expected) => {
    const [prediction, annotation] = [regions(type, before), regions(type, after)]
    for (const outcome of [compare(type, prediction, annotation), compare(type, annotation, prediction)]) {
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

  it('is 1 where both sides are empty, and 0 where one is', () => {
    const answers = {
      choices: { choices: ['S'] },
      textarea: { text: ['x'] },
      labels: span(0, 1, 'A'),
      ranker: { ranker: ['a'] },
    }
    for (const [type, value] of Object.entries(answers)) {
      expect(compare(type, [], [])).toMatchObject({ changed: false, similarity: 1 })
      expect(compare(type, regions(type, [value]), [])).toMatchObject({ changed: true, similarity: 0 })
      expect(compare(type, [], regions(type, [value]))).toMatchObject({ changed: true, similarity: 0 })
    }
  })

  it.each([
    ['choices', 'jaccard'],
    ['taxonomy', 'path_jaccard'],
    ['textarea', 'levenshtein'],
    ['rating', 'numeric_difference'],
    ['paragraphlabels', 'span_iou'],
    ['ellipselabels', 'area_iou'],
    ['bitmasklabels', 'pixel_iou'],
    ['keypoint', 'keypoint_distance'],
    ['videorectangle', 'track_iou'],
    ['ranker', 'kendall'],
    ['relations', 'jaccard'],
    ['hologram', 'exact'],
  ])('of %s is named %s, also without a region', (type, metric) => {
    expect(compareResults([], [], [control('relations', type)]).relations?.metric).toBe(metric)
  })
})

describe('answers per region', () => {
  const per = { perRegion: true }
  const said = (id: string | undefined, start: number, text: string) =>
    region('textarea', { start, end: start + 5, text: [text] }, id === undefined ? {} : { id })

  it('are compared region by region; a region without a partner has 0', () => {
    const before = [said('a', 0, 'abcd'), said('b', 10, 'same'), said('c', 20, 'gone')]
    const after = [said('a', 0, 'abc'), said('b', 10, 'same')]
    expect(compare('textarea', before, after, per)).toMatchObject({
      changed: true,
      similarity: (0.75 + 1 + 0) / 3,
    })
  })

  it('are unchanged where only the region moved', () => {
    expect(compare('textarea', [said('a', 0, 'abcd')], [said('a', 1, 'abcd')], per)?.changed).toBe(false)
  })

  it('are changed where two regions have swapped them', () => {
    const swapped = compare(
      'textarea',
      [said('a', 0, 'x'), said('b', 9, 'y')],
      [said('a', 0, 'y'), said('b', 9, 'x')],
      per,
    )
    expect(swapped).toMatchObject({ changed: true, similarity: 0 })
  })

  it('find their region by its place where the prediction had no ids', () => {
    const before = [said(undefined, 0, 'abcd'), said(undefined, 10, 'same')]
    const after = [said('x', 10, 'same'), said('y', 0, 'abc')]
    expect(compare('textarea', before, after, per)?.similarity).toBe((0.75 + 1) / 2)
  })

  it('are unchanged where the editor added the place of the region', () => {
    const bare = [region('textarea', { text: 'abcd' }, { id: 'a' }), region('textarea', { text: 'efgh' })]
    expect(compare('textarea', bare, [said('a', 0, 'abcd'), said('z', 9, 'efgh')], per)?.changed).toBe(false)
  })

  it('are recognised by their places where the config does not say', () => {
    const swapped = compare(
      'choices',
      [said('a', 0, 'x'), said('b', 9, 'y')],
      [said('a', 0, 'y'), said('b', 9, 'x')],
    )
    expect(swapped?.changed).toBe(false)
    const texts = compare('textarea', [said('a', 0, 'x')], [said('b', 50, 'x')])
    expect(texts).toMatchObject({ changed: true, similarity: 0 })
  })
})

describe('relations', () => {
  const ends = (first: string, second: string) => [
    region('labels', span(0, 5, 'A'), { id: first }),
    region('labels', span(9, 12, 'B'), { id: second }),
  ]
  const relation = (from_id: string, to_id: string, more: Region = {}): Region => ({
    type: 'relation',
    from_id,
    to_id,
    ...more,
  })
  const related = (before: Region[], after: Region[], labels: string[] = []) =>
    compareResults(before, after, [control('relations', 'relations', { labels })]).relations

  it.each<[string, Region, Region]>([
    [
      'without a direction go right',
      relation('a', 'b'),
      relation('a', 'b', { direction: 'right', labels: [] }),
    ],
    [
      'to the left are those to the right the other way',
      relation('a', 'b', { direction: 'left' }),
      relation('b', 'a', { direction: 'right' }),
    ],
    [
      'both ways have no first end',
      relation('a', 'b', { direction: 'bi' }),
      relation('b', 'a', { direction: 'bi' }),
    ],
    [
      'have their labels in any order',
      relation('a', 'b', { labels: ['x', 'y'] }),
      relation('a', 'b', { labels: ['y', 'x'] }),
    ],
  ])('%s', (_, before, after) => {
    expect(related([...ends('a', 'b'), before], [...ends('a', 'b'), after])).toEqual({
      changed: false,
      similarity: 1,
      metric: 'jaccard',
    })
  })

  it('follow their regions when all ids are new', () => {
    expect(
      related([...ends('a', 'b'), relation('a', 'b')], [...ends('x', 'y'), relation('x', 'y')])?.changed,
    ).toBe(false)
    expect(
      related([...ends('a', 'b'), relation('a', 'b')], [...ends('x', 'y'), relation('y', 'x')])?.changed,
    ).toBe(true)
    expect(
      related([...ends('a', 'b'), relation('a', 'b')], [...ends('b', 'a'), relation('b', 'a')])?.changed,
    ).toBe(false)
  })

  it('count as shared ones over all', () => {
    const before = [...ends('a', 'b'), relation('a', 'b'), relation('b', 'a')]
    const after = [...ends('a', 'b'), relation('a', 'b'), relation('a', 'b', { direction: 'bi' })]
    expect(related(before, after)?.similarity).toBeCloseTo(1 / 3, 12)
  })

  it('lose in the editor the labels that the config does not have', () => {
    const [before, after] = [
      relation('a', 'b', { labels: ['is', 'old'] }),
      relation('a', 'b', { labels: ['is'] }),
    ]
    expect(related([before], [after], ['is', 'has'])?.changed).toBe(false)
    expect(related([before], [after])?.changed).toBe(true)
  })
})

describe('the controls of a result', () => {
  it('are named once each, relations last', () => {
    const result = [
      region('choices', {}),
      { type: 'relation', from_id: 'a', to_id: 'b' },
      region('textarea', {}),
    ]
    expect(controlNames([...result, region('labels', {}, { from_name: 'other' })])).toEqual([
      'tag',
      'other',
      'relations',
    ])
    expect(controlNames(null as unknown as Region[])).toEqual([])
  })

  it('may have any name', () => {
    const odd = ['__proto__', 'constructor', 'a b', '']
    const result = odd.map((from_name) => ({ ...region('choices', { choices: ['A'] }), from_name }))
    const outcomes = compareResults(
      result,
      [],
      odd.map((name) => control(name, 'choices')),
    )
    expect(Object.keys(outcomes)).toEqual(odd)
    expect(Object.values(outcomes).every(({ changed }) => changed)).toBe(true)
  })

  it('do without the labels of a video track beside it: the editor puts them into the track', () => {
    const label = region('labels', { labels: ['Ball'] }, { id: 'a', from_name: 'labels' })
    const track = region('videorectangle', { sequence: [key(1, true)] }, { id: 'a' })
    expect(controlNames([track, label])).toEqual(['tag'])
    const merged = region('videorectangle', { sequence: [key(1, true)], labels: ['Ball'] }, { id: 'a' })
    const tags = [control('tag', 'videorectangle'), control('labels', 'labels')]
    const outcomes = compareResults([track, label], [merged], tags)
    expect(Object.values(outcomes).map(({ changed }) => changed)).toEqual([false, false])
  })
})
