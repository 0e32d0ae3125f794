import { encode } from '@thi.ng/rle-pack'
import { describe, expect, it } from 'vitest'
import { parseLabelingConfig } from '../../src/labeling/config.ts'
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

describe('what the editor drops by itself is no change:', () => {
  it.each<[string, string, object]>([
    ['a choice that is no list', 'choices', { choices: 'A' }],
    ['a path that is no list', 'taxonomy', { taxonomy: 'A' }],
    ['a number written as text', 'number', { number: '5' }],
    ['stars written as text', 'rating', { rating: '4' }],
    ['a year written as a number', 'datetime', { datetime: 2024 }],
    ['a text that is a number', 'textarea', { text: [5] }],
    ['a text beside nothing', 'textarea', { text: ['x', null] }],
    ['a list of sides', 'pairwise', { selected: ['left'] }],
  ])('%s', (_, type, value) => {
    const predicted = [region(type, value, { id: 'a' })]
    expect(changed(type, predicted, [])).toBe(false)
    expect(changed(type, [], predicted)).toBe(false)
  })

  it.each<[string, string, object]>([
    ['a number', 'number', { number: 5 }],
    ['a choice', 'choices', { choices: ['A'] }],
    ['a text', 'textarea', { text: 'x' }],
  ])('but %s that it shows is', (_, type, value) => {
    expect(changed(type, [region(type, value)], [])).toBe(true)
  })

  it('the place of a key point without a size, and that of a box written as text', () => {
    const bare = (label: string, id: string) => region('keypointlabels', { keypointlabels: [label] }, { id })
    const point = region('keypointlabels', { x: 1, y: 2, keypointlabels: ['A'] }, { id: 'a' })
    expect(changed('keypointlabels', [point], [bare('A', 'a')])).toBe(false)
    expect(changed('keypointlabels', [point], [bare('B', 'a')])).toBe(true)
    expect(changed('keypointlabels', [point], [bare('A', 'b')])).toBe(true)
    const span = { start: '/p[1]', end: '/p[1]', startOffset: 6, endOffset: 9, hypertextlabels: ['A'] }
    const lost = { globalOffsets: { start: 6, end: 0 }, text: 'big', hypertextlabels: ['A'] }
    const id = { id: 'a' }
    expect(
      changed(
        'hypertextlabels',
        [region('hypertextlabels', span, id)],
        [region('hypertextlabels', lost, id)],
      ),
    ).toBe(false)
  })
})

describe('an answer that other answers hide', () => {
  const { controls } = parseLabelingConfig(`<View><Text name="t" value="$t"/>
    <Choices name="ok" toName="t"><Choice value="yes" alias="y"/><Choice value="no" alias="n"/></Choices>
    <View visibleWhen="choice-selected" whenTagName="ok" whenChoiceValue="no,maybe">
      <TextArea name="why" toName="t"/><Choices name="rude" toName="t" visibleWhen="choice-unselected"
        whenTagName="ok" whenChoiceValue="maybe"><Choice value="A"/></Choices>
    </View></View>`)
  const ok = (choice: string) => region('choices', { choices: [choice] }, { from_name: 'ok' })
  const why = region('textarea', { text: ['x'] }, { from_name: 'why' })
  const rude = region('choices', { choices: ['A'] }, { from_name: 'rude' })

  it.each<[string, Region[], Region[], string[]]>([
    ['is missed by nobody', [ok('y'), why], [ok('y')], []],
    ['is no more there than in the prediction', [ok('y')], [ok('y'), why], []],
    ['counts where it is shown', [ok('n'), why], [ok('n')], ['why']],
    ['counts by the value beside the alias', [ok('no'), why], [ok('no')], ['why']],
    ['goes with the answer that showed it', [ok('n'), why], [ok('y')], ['ok', 'why']],
    ['counts by all conditions', [ok('n'), rude], [ok('n')], ['rude']],
    ['does not count when one of the conditions fails', [ok('maybe'), rude], [ok('maybe')], []],
    ['is hidden too where nothing was chosen', [why], [], []],
  ])('%s', (_, prediction, annotation, expected) => {
    const outcomes = Object.entries(compareResults(prediction, annotation, controls))
    expect(outcomes.filter(([, outcome]) => outcome.changed).map(([name]) => name)).toEqual(expected)
  })

  it('about a region is hidden by the label of the region', () => {
    const { controls: asked } = parseLabelingConfig(`<View><Text name="t" value="$t"/>
      <Labels name="n" toName="t"><Label value="PER"/><Label value="ORG"/></Labels>
      <Choices name="size" toName="t" perRegion="true" whenLabelValue="ORG"><Choice value="x"/></Choices></View>`)
    const span = (label: string) =>
      region('labels', { start: 0, end: 3, labels: [label] }, { from_name: 'n', id: 'a' })
    const size = region('choices', { start: 0, end: 3, choices: ['x'] }, { from_name: 'size', id: 'a' })
    const compare = (label: string) => compareResults([span(label), size], [span(label)], asked).size?.changed
    expect(compare('PER')).toBe(false)
    expect(compare('ORG')).toBe(true)
  })

  it('about a region is hidden by the answers about that region', () => {
    const perRegion = parseLabelingConfig(`<View><Image name="i" value="$i"/><Rectangle name="r" toName="i"/>
      <Choices name="ok" toName="i" perRegion="true"><Choice value="no"/></Choices>
      <TextArea name="why" toName="i" perRegion="true" visibleWhen="choice-selected" whenTagName="ok"/></View>`)
    const of = (one: Region, id: string) => ({ ...one, id })
    const before = [of(ok('no'), 'a'), of(why, 'a'), of(why, 'b')]
    const compare = (after: Region[]) => compareResults(before, after, perRegion.controls).why?.changed
    expect(compare([of(ok('no'), 'a'), of(why, 'a')])).toBe(false)
    expect(compare([of(ok('no'), 'a')])).toBe(true)
  })
})

describe('no change is', () => {
  it.each<[string, string, object, object]>([
    ['a text that became a list', 'textarea', { text: 'x' }, { text: ['x'] }],
    ['an accent in another Unicode form', 'textarea', { text: ['caf\u00e9'] }, { text: ['cafe\u0301'] }],
    ['a number without its point', 'number', { number: 30.0 }, { number: 30 }],
    ['a number written as text', 'number', { number: '19.5' }, { number: 19.5 }],
    ['another order of choices', 'choices', { choices: ['A', 'B'] }, { choices: ['B', 'A'] }],
    ['a choice given without a list', 'choices', { choices: 'A' }, { choices: ['A'] }],
    [
      'another order of paths',
      'taxonomy',
      { taxonomy: [['a', 'b'], ['c']] },
      { taxonomy: [['c'], ['a', 'b']] },
    ],
    [
      'the text of a span, which the editor fills in',
      'labels',
      { start: 0, end: 3, labels: ['A'] },
      { start: 0, end: 3, text: 'Ada', labels: ['A'] },
    ],
    [
      'offsets written as text',
      'labels',
      { start: '0', end: '3', labels: ['A'] },
      { start: 0, end: 3, labels: ['A'] },
    ],
    [
      'the first audio channel',
      'labels',
      { start: 0.5, end: 2, labels: ['A'] },
      { start: 0.5, end: 2, channel: 0, labels: ['A'] },
    ],
    [
      'a millisecond',
      'labels',
      { start: 0.5, end: 2, labels: ['A'] },
      { start: 0.501, end: 1.999, labels: ['A'] },
    ],
    [
      'another order of labels',
      'labels',
      { start: 0, end: 3, labels: ['A', 'B'] },
      { start: 0, end: 3, labels: ['B', 'A'] },
    ],
    [
      'nodes with their numbers, and offsets in the document',
      'hypertextlabels',
      words,
      {
        ...words,
        start: '/div[1]/p[1]/text()[1]',
        end: '/div[1]/p[1]/text()[1]',
        globalOffsets: { start: 40, end: 46 },
        text: 'a word',
      },
    ],
    [
      'an element instead of the text in it',
      'hypertextlabels',
      { ...words, start: '/div[1]/p[1]', end: '/div[1]/p[1]' },
      { ...words, start: '/div[1]/p[1]/text()[1]', end: '/div[1]/p[1]/text()[1]' },
    ],
    [
      'nodes that the editor mended by the offsets in the document',
      'hypertextlabels',
      { ...words, start: '/gone', globalOffsets: { start: 40, end: 46 } },
      { ...words, globalOffsets: { start: 40, end: 46 } },
    ],
    [
      'a paragraph given as a number',
      'paragraphlabels',
      { start: 0, end: 0, startOffset: 0, endOffset: 4, paragraphlabels: ['A'] },
      { start: '0', end: '0', startOffset: 0, endOffset: 4, text: 'word', paragraphlabels: ['A'] },
    ],
    [
      'a time given in milliseconds and written as a date',
      'timeserieslabels',
      { start: Date.UTC(2020, 5, 15, 20, 5), end: Date.UTC(2020, 5, 15, 21), timeserieslabels: ['A'] },
      {
        start: '2020-06-15 20:05:00.000000',
        end: '2020-06-15 21:00:00.000000',
        instant: false,
        timeserieslabels: ['A'],
      },
    ],
    [
      'a date in a form of its own',
      'timeserieslabels',
      { start: '15/06/20', end: '16/06/20', timeserieslabels: ['A'] },
      { start: '15/06/20', end: '16/06/20', instant: false, timeserieslabels: ['A'] },
    ],
    ['a rotation of 0', 'rectanglelabels', box, { ...box, rotation: 0 }],
    ['a whole turn', 'rectanglelabels', { ...box, rotation: 360 }, box],
    ['a hundredth of a percent', 'rectanglelabels', box, { ...box, x: 10.01, y: 19.99, width: 30.01 }],
    [
      'a hundredth of a percent over a rounding border',
      'rectanglelabels',
      { ...box, x: 10.0049 },
      { ...box, x: 10.0051 },
    ],
    [
      'a closed polygon',
      'polygonlabels',
      { points: triangle, polygonlabels: ['A'] },
      { points: triangle, closed: true, polygonlabels: ['A'] },
    ],
    [
      'another start corner',
      'polygon',
      { points: triangle },
      { points: [...triangle.slice(1), triangle[0]] },
    ],
    ['another direction', 'polygon', { points: triangle }, { points: [...triangle].reverse() }],
    [
      'the first corner repeated as the last',
      'polygon',
      { points: triangle },
      { points: [...triangle, triangle[0]] },
    ],
    [
      'an open line the other way round',
      'polygon',
      { points: triangle, closed: false },
      { points: [...triangle].reverse(), closed: false },
    ],
    [
      'a mask painted in another colour',
      'brushlabels',
      pixels([9, 200, 3, 120], NONE),
      pixels([120, 120, 120, 120], NONE),
    ],
    [
      'a mask packed otherwise',
      'brushlabels',
      pixels(WHITE, WHITE, NONE),
      { ...pixels(), rle: [...encode([...WHITE, ...WHITE, ...NONE], 12, 8, [1, 2, 3, 4])] },
    ],
    [
      'a mask that cannot be decoded, as it was',
      'brushlabels',
      { format: 'rle', rle: [0, 0, 0, 16, 24] },
      { format: 'rle', rle: [0, 0, 0, 16, 24] },
    ],
    [
      'the size of a key point, where none was given',
      'keypointlabels',
      { x: 1, y: 2, keypointlabels: ['A'] },
      { x: 1, y: 2, width: 0.5, keypointlabels: ['A'] },
    ],
    [
      'what a video tells about itself',
      'videorectangle',
      { sequence: [keyframe], labels: ['A'] },
      { framesCount: 99, duration: 4, sequence: [{ ...keyframe, time: 0.04 }], labels: ['A'] },
    ],
    [
      'keyframes in another order',
      'videorectangle',
      { sequence: [keyframe, { ...keyframe, frame: 9 }] },
      { sequence: [{ ...keyframe, frame: 9 }, keyframe] },
    ],
    [
      'a ranking as the editor files it',
      'ranker',
      { ranker: ['a', 'b'] },
      { ranker: { tag: ['a', 'b'], _: ['c'], other: [] } },
    ],
    ['an empty answer and an empty list', 'choices', { choices: [] }, {}],
    [
      'when a message was sent',
      'chat',
      { chatmessage: { role: 'user', content: 'Hi' } },
      { chatmessage: { role: 'user', content: 'Hi', createdAt: 1735689600000 } },
    ],
    [
      'the last digit of a number in a tag that nobody knows',
      'hologram',
      { depth: 0.1 + 0.2, name: 'x' },
      { name: 'x', depth: 0.3 },
    ],
  ])('%s', (_, type, before, after) => {
    expect(
      changed(
        type,
        [region(type, before, { id: 'a' })],
        [region(type, after, { id: 'a', origin: 'prediction' })],
      ),
    ).toBe(false)
    expect(changed(type, [region(type, before)], [region(type, after, { id: 'new' })])).toBe(false)
  })

  const [first, second] = [region('rectanglelabels', box), region('rectanglelabels', { ...box, x: 50 })]

  it.each<[string, Region[], Region[]]>([
    ['another order of regions', [first, second], [second, first]],
    [
      'ids that were swapped',
      [
        { ...first, id: 'a' },
        { ...second, id: 'b' },
      ],
      [
        { ...first, id: 'b' },
        { ...second, id: 'a' },
      ],
    ],
    [
      'random ids where there were none',
      [first, second],
      [
        { ...first, id: 'x' },
        { ...second, id: 'y' },
      ],
    ],
    [
      'what else the editor says of a region',
      [{ ...first, id: 'a' }],
      [
        {
          ...first,
          id: 'a',
          origin: 'prediction-changed',
          original_width: 640,
          original_height: 480,
          image_rotation: 0,
          score: 0.4,
          meta: { text: ['note'] },
          readonly: true,
          parentID: 'b',
          item_index: 0,
        },
      ],
    ],
    [
      'boxes within the tolerance of one another, each with its own partner',
      [0, 0.008, 0.016].map((x) => region('rectangle', { ...box, x })),
      [0.004, 0.012, 0.02].map((x) => region('rectangle', { ...box, x })),
    ],
    ['a region of another control', [first], [first, { ...second, from_name: 'other' }]],
    ['an entry that is no region', [first], [first, null, 'text', 5, {}] as Region[]],
  ])('%s', (_, before, after) => {
    expect(changed('rectanglelabels', before, after)).toBe(false)
  })

  it('an answer without the tag in the config, told by the type of its region', () => {
    expect(changed('', [region('textarea', { text: 'x' })], [region('textarea', { text: ['x'] })])).toBe(
      false,
    )
  })
})
