import { describe, expect, it } from 'vitest'
import { parseLabelingConfig } from '../../src/labeling/config.ts'
import type { Region } from '../../src/labeling/types.ts'
import { compareResults, controlNames } from '../../src/metrics/compare.ts'
import captures from './fixtures/captures.json' with { type: 'json' }

type Value = Record<string, unknown>
type Vary = (region: Region) => Region

const ofValue =
  (vary: (value: Value) => Value): Vary =>
  (region) => ({ ...region, value: vary(region.value ?? {}) })
const ofNumbers = (vary: (number: number) => unknown) =>
  ofValue((value) =>
    Object.fromEntries(
      Object.entries(value).map(([key, one]) => [key, typeof one === 'number' ? vary(one) : one]),
    ),
  )
const without = (...keys: string[]) =>
  ofValue((value) => Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key))))
const hasPlace = ({ value }: Region) => Object.keys(value ?? {}).length > 1

/** What the editor, another edition of it, or the way through JSON and a database does to a region. */
const VARIATIONS: [string, Vary][] = [
  ['keys in another order', (region) => Object.fromEntries(Object.entries(region).reverse())],
  [
    'keys of the value in another order',
    ofValue((value) => Object.fromEntries(Object.entries(value).reverse())),
  ],
  ['another id', (region) => ({ ...region, id: `new-${region.id}` })],
  ['no id', ({ id, ...region }) => region],
  ['a parent', (region) => ({ ...region, parentID: 'p' })],
  ['notes and lead time', (region) => ({ ...region, meta: { text: ['note'], lead_time: 1.25 } })],
  ['no score', ({ score, ...region }) => region],
  ['another score', (region) => ({ ...region, score: 0.123 })],
  ['flags', (region) => ({ ...region, readonly: true, hidden: true, locked: true, selected: true })],
  [
    'the size of the real image',
    (region) => ({ ...region, original_width: 1919, original_height: 1081, image_rotation: 0 }),
  ],
  ['no size of the image', ({ original_width, original_height, image_rotation, ...region }) => region],
  ['the length of the real recording', (region) => ({ ...region, original_length: 8.0123 })],
  ['the first item', (region) => ({ ...region, item_index: 0 })],
  ['origin', (region) => ({ ...region, origin: 'prediction-changed' })],
  ['no origin', ({ origin, ...region }) => region],
  ['no rotation of 0', without('rotation')],
  ['a closed outline', ofValue((value) => (value.points ? { ...value, closed: true } : value))],
  [
    'no text of a span',
    (region) => (hasPlace(region) && region.type !== 'textarea' ? without('text')(region) : region),
  ],
  ['no first channel', (region) => (region.value?.channel === 0 ? without('channel')(region) : region)],
  [
    'places in the document',
    (region) =>
      region.type?.startsWith('hypertext')
        ? ofValue((value) => ({ ...value, globalOffsets: { start: 3, end: 9 } }))(region)
        : region,
  ],
  [
    'places with a last digit more',
    (region) => (hasPlace(region) ? ofNumbers((number) => number * (1 + 1e-15))(region) : region),
  ],
  ['numbers through text', ofNumbers((number) => JSON.parse(JSON.stringify(number)))],
  [
    'offsets as text',
    (region) => (region.value?.labels && !region.value.channel ? ofNumbers(String)(region) : region),
  ],
  ['decomposed accents', ofValue((value) => JSON.parse(JSON.stringify(value).normalize('NFD')))],
]

/** The smallest edit of a value by its kind; null where the region has nothing of it. */
const EDITS: [string, (value: Value) => Value | null][] = [
  [
    'a label',
    (value) =>
      edit(
        value,
        (key) => key.endsWith('labels'),
        () => ['Another'],
      ),
  ],
  [
    'a choice',
    (value) =>
      edit(
        value,
        (key) => key === 'choices',
        () => ['Another'],
      ),
  ],
  [
    'a choice more',
    (value) =>
      edit(
        value,
        (key) => key === 'choices',
        (one) => [...(one as string[]), 'Another'],
      ),
  ],
  [
    'a letter',
    (value) =>
      edit(
        value,
        (key) => key === 'text' && !('labels' in value) && !('paragraphlabels' in value),
        (one) => [one].flat().map((entry) => `${entry}.`),
      ),
  ],
  [
    'a blank',
    (value) =>
      edit(
        value,
        (key) => key === 'text' && !('labels' in value) && !('paragraphlabels' in value),
        (one) => [one].flat().map((entry) => `${entry} `),
      ),
  ],
  [
    'a number',
    (value) =>
      edit(
        value,
        (key) => key === 'number' || key === 'rating',
        (one) => Number(one) + 0.5,
      ),
  ],
  [
    'a side',
    (value) =>
      edit(
        value,
        (key) => key === 'selected',
        (one) => (one === 'left' ? 'right' : 'left'),
      ),
  ],
  [
    'a place',
    (value) =>
      edit(
        value,
        (key) =>
          ['x', 'width', 'endOffset'].includes(key) || (key === 'end' && typeof value.end === 'number'),
        (one) => Number(one) + 1,
      ),
  ],
  [
    'an outline',
    (value) =>
      edit(
        value,
        (key) => key === 'points',
        (one) => (one as number[][]).map(([x, y], i) => (i ? [x, y] : [Number(x) + 1, y])),
      ),
  ],
  [
    'an order',
    (value) =>
      edit(
        value,
        (key) => key === 'ranker',
        (one) =>
          Object.fromEntries(
            Object.entries(one as object).map(([key, items]) => [key, [...items].reverse()]),
          ),
      ),
  ],
  [
    'a date',
    (value) =>
      edit(
        value,
        (key) => key === 'datetime',
        () => '1999-12-31',
      ),
  ],
]

function edit(
  value: Value,
  isMeant: (key: string) => boolean,
  change: (one: unknown) => unknown,
): Value | null {
  const keys = Object.keys(value).filter(isMeant)
  return keys.length === 0
    ? null
    : { ...value, ...Object.fromEntries(keys.map((key) => [key, change(value[key])])) }
}

const untouched = captures
  .filter(({ changed, prediction }) => !changed && prediction.length > 0)
  .map(({ name, label_config, prediction, annotation }) => {
    const names = controlNames(prediction as Region[])
    const controls = parseLabelingConfig(label_config).controls.filter((tag) => names.includes(tag.name))
    return {
      name,
      controls,
      prediction: prediction as Region[],
      annotation: annotation as unknown as Region[],
    }
  })

describe.each(untouched)('$name', ({ controls, prediction, annotation }) => {
  const changed = (after: Region[]) =>
    Object.values(compareResults(prediction, after, controls)).filter((outcome) => outcome.changed).length

  // Answers about a region go by its id.
  const isShared = new Set(annotation.map(({ id }) => id)).size < annotation.length
  it.each(VARIATIONS.filter(([says]) => !(isShared && says === 'no id')))('is unchanged by %s', (_, vary) => {
    expect(changed(annotation.map((region) => (region.type === 'relation' ? region : vary(region))))).toBe(0)
  })

  it('is changed by each smallest edit', () => {
    const missed = EDITS.filter(([, change]) => {
      const at = annotation.findIndex(({ value }) => value && change(value))
      const { value, ...rest } = annotation[at] ?? {}
      if (!value) return false
      return changed(annotation.with(at, { ...rest, value: change(value) as Value })) === 0
    })
    expect(missed.map(([says]) => says)).toEqual([])
    if (annotation.length > 0) expect(changed(annotation.slice(1))).toBeGreaterThan(0)
  })
})
