import { describe, expect, test } from 'vitest'
import { build, problemsOf, regionsOf } from './build.ts'

const SIGN = { x: 10, y: 20, width: 30, height: 40, label: 'Sign' }
const PLATE = { x: 50, y: 60, width: 10, height: 10, label: 'Plate', score: 0.9 }
const CONFIG = 'boxes with a text per region'
const place = { x: 10, y: 20, width: 30, height: 40, rotation: 0 }
const second = { x: 50, y: 60, width: 10, height: 10, rotation: 0 }

describe('answers that belong to regions', () => {
  test('one per region, in a list, share id and place with their region', () => {
    const regions = regionsOf(
      build(CONFIG, { box: [SIGN, PLATE], transcript: ['STOP', ['AB', '12']], legible: [null, 'yes'] }),
    )
    const [sign, plate, stop, ab, yes] = regions
    expect(regions).toHaveLength(5)
    expect(stop).toEqual({
      id: sign?.id,
      from_name: 'transcript',
      to_name: 'img',
      type: 'textarea',
      value: { ...place, text: ['STOP'] },
    })
    expect(ab).toMatchObject({ id: plate?.id, value: { ...second, text: ['AB', '12'] } })
    expect(yes).toEqual({
      id: plate?.id,
      from_name: 'legible',
      to_name: 'img',
      type: 'choices',
      value: { ...second, choices: ['yes'] },
    })
  })

  test('inside of the regions’ entries, when both are mapped to one field', () => {
    const boxes = [
      { ...SIGN, transcript: 'STOP', certainty: 3 },
      { ...PLATE, speed: '50' },
    ]
    const fields = { box: 'boxes', transcript: 'boxes', certainty: 'boxes', speed: 'boxes' }
    const regions = regionsOf(build(CONFIG, { boxes }, { fields }))
    expect(regions.map((region) => [region.from_name, region.id === regions[0]?.id])).toEqual([
      ['box', true],
      ['box', false],
      ['transcript', true],
      ['certainty', true],
      ['speed', false],
    ])
    expect(regions.at(-1)?.value).toEqual({ ...second, number: 50 })
  })

  test('by the id of the region', () => {
    const box = [
      { ...SIGN, id: 'a' },
      { ...PLATE, id: 'b' },
    ]
    const regions = regionsOf(build(CONFIG, { box, transcript: [{ region: 'b', value: 'AB 12' }] }))
    expect(regions.map((region) => [region.id, region.from_name])).toEqual([
      ['a', 'box'],
      ['b', 'box'],
      ['b', 'transcript'],
    ])
  })

  test('alone, when there is one region', () => {
    expect(regionsOf(build(CONFIG, { box: SIGN, transcript: 'STOP' }))[1]?.value).toEqual({
      ...place,
      text: ['STOP'],
    })
  })

  test('keep the size of the image and the length of the audio, not the label and the score', () => {
    const sized = { ...SIGN, unit: 'percent', image_width: 640, image_height: 480, score: 0.5 }
    expect(regionsOf(build(CONFIG, { box: sized, certainty: 2 }))[1]).toEqual({
      id: expect.any(String),
      from_name: 'certainty',
      to_name: 'img',
      type: 'rating',
      original_width: 640,
      original_height: 480,
      image_rotation: 0,
      value: { ...place, rating: 2 },
    })
    const speaker = { start: 0, end: 1, label: 'A', original_length: 8 }
    expect(regionsOf(build('audio with two channels', { speaker, emotion: 'calm' }))[1]).toMatchObject({
      original_length: 8,
      value: { start: 0, end: 1, channel: 0, choices: ['calm'] },
    })
  })

  test.each<[sentence: string, given: Record<string, unknown>, message: RegExp]>([
    [
      'fewer than regions',
      { box: [SIGN, PLATE], transcript: ['STOP'] },
      /expected one answer per region \(null for none\), so 2, got 1/,
    ],
    ['none to belong to', { transcript: 'STOP' }, /one answer per region .* so 0, got 1/],
    [
      'an unknown region',
      { box: [SIGN], transcript: [{ region: 'x', value: 'STOP' }] },
      /names no region of this record/,
    ],
    [
      'a wrong value',
      { box: [SIGN], certainty: [4] },
      /field "certainty\[0\]" for <Rating name="certainty">: expected a whole number from 0 to 3/,
    ],
  ])('%s is a problem', (_sentence, given, message) => {
    expect(problemsOf(build(CONFIG, given))[0]?.message).toMatch(message)
  })
})

describe('Labels beside shapes that have none', () => {
  const OCR = 'shapes and labels as separate tags'
  const { label: _label, ...bare } = SIGN
  const words = [
    { ...bare, label: 'Text' },
    { ...bare, x: 0, label: 'Stamp' },
  ]

  test('become regions of their own with the shape’s id and place', () => {
    const [box, , label, stamp] = regionsOf(
      build(OCR, { words }, { fields: { bbox: 'words', label: 'words' } }),
    )
    expect(box).toMatchObject({ from_name: 'bbox', type: 'rectangle', value: place })
    expect(label).toEqual({
      id: box?.id,
      from_name: 'label',
      to_name: 'image',
      type: 'labels',
      value: { ...place, labels: ['Text'] },
    })
    expect(stamp?.value).toMatchObject({ x: 0, labels: ['Stamp'] })
  })

  test('may be a list of their own, and shapes of several tags count together', () => {
    const points = [
      [0, 0],
      [1, 0],
      [0, 1],
    ]
    const regions = regionsOf(
      build(OCR, { bbox: [bare], poly: [{ points }], label: ['Text', ['Text', 'Stamp']] }),
    )
    expect(regions.map(({ from_name, value }) => [from_name, value?.labels])).toEqual([
      ['bbox', undefined],
      ['poly', undefined],
      ['label', ['Text']],
      ['label', ['Text', 'Stamp']],
    ])
  })

  test('must be mapped as well, so that no label gets lost', () => {
    expect(problemsOf(build(OCR, { bbox: words }))[0]?.message).toMatch(/map "label" to "bbox" as well/)
    const shapes = problemsOf(build('every shape without labels', { rect: words }))
    expect(shapes[0]?.message).toMatch(/the labeling config has no labels for it/)
  })

  test('are checked against the config', () => {
    const fields = { bbox: 'words', label: 'words' }
    const problems = problemsOf(build(OCR, { words: [{ ...bare, label: 'Photo' }] }, { fields }))
    expect(problems[0]?.message).toMatch(/<Labels name="label">: "Photo" is not in the labeling config/)
  })
})

describe('relations', () => {
  const NER = 'entities with relations'
  const ner = [
    { id: 'ada', start: 0, end: 3, label: 'PER' },
    { start: 40, end: 46, label: 'ORG' },
  ]

  test('join regions by number or id', () => {
    const regions = regionsOf(
      build(NER, {
        ner,
        relations: [
          { from: 'ada', to: 1, labels: ['lives in'] },
          { from: 1, to: 0, direction: 'bi' },
        ],
      }),
    )
    const [ada, london] = regions.map((region) => region.id)
    expect(regions.slice(2)).toEqual([
      { from_id: ada, to_id: london, type: 'relation', direction: 'right', labels: ['lives in'] },
      { from_id: london, to_id: ada, type: 'relation', direction: 'bi' },
    ])
  })

  test('come with the regions in Label Studio’s own form, when they are mapped to the same field', () => {
    const result = regionsOf(build(NER, { ner, relations: [{ from: 0, to: 1 }] }))
    const fields = { ner: 'result', relations: 'result' }
    expect(regionsOf(build(NER, { result }, { fields }))).toEqual(result)
    expect(problemsOf(build(NER, { ner: result }))[0]?.message).toMatch(/map "relations" to "ner" as well/)
  })

  test.each<[sentence: string, relation: unknown, message: RegExp]>([
    ['to a region that is not there', { from: 0, to: 2 }, /"to" is 2, which is no region/],
    ['in an unknown direction', { from: 0, to: 1, direction: 'up' }, /direction must be/],
    [
      'with a label that the config lacks',
      { from: 0, to: 1, label: 'hates' },
      /"hates" is no label of a relation \(there are: "works for", "lives in"\)/,
    ],
    ['that is a word', 'x', /expected a relation/],
  ])('%s are refused', (_sentence, relation, message) => {
    expect(problemsOf(build(NER, { ner, relations: [relation] }))).toEqual([
      { path: 'relations[0]', message: expect.stringMatching(message) },
    ])
  })
})

describe('objects in a video', () => {
  test('carry their label in their own region', async () => {
    const { CAPTURED } = await import('./configs.ts')
    const { parseLabelingConfig } = await import('../../src/labeling/config.ts')
    const config = parseLabelingConfig(CAPTURED.find((one) => one.name === 'video-rectangle')?.config ?? '')
    const { label: _label, ...shape } = SIGN
    const track = { sequence: [{ frame: 1, ...shape }] }
    for (const given of [{ box: { ...track, label: 'Ball' } }, { box: track, vl: 'Ball' }]) {
      expect(regionsOf(build(config, given))).toMatchObject([
        { type: 'videorectangle', value: { labels: ['Ball'] } },
      ])
    }
    expect(problemsOf(build(config, { box: { ...track, label: 'Bat' } }))[0]?.message).toMatch(
      /"Bat" is not in/,
    )
  })
})
