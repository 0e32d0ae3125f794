import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ControlTag, Region } from '../../src/labeling/types.ts'
import { compareResults, controlNames } from '../../src/metrics/compare.ts'
import { labelPairs } from '../../src/metrics/confusion.ts'
import { textEdits } from '../../src/metrics/edits.ts'
import { control } from './fixtures/regions.ts'

const TYPES = [
  ...[
    'choices',
    'taxonomy',
    'textarea',
    'number',
    'rating',
    'datetime',
    'pairwise',
    'ranker',
    'chat',
    'labels',
  ],
  ...[
    'hypertextlabels',
    'timelinelabels',
    'rectanglelabels',
    'ellipse',
    'polygon',
    'keypoint',
    'brushlabels',
  ],
  ...['bitmasklabels', 'videorectangle', 'relations', 'hologram', ''],
]
const FIELDS = [
  ...[
    'choices',
    'taxonomy',
    'text',
    'number',
    'rating',
    'datetime',
    'selected',
    'ranker',
    'chatmessage',
    'labels',
  ],
  ...[
    'start',
    'end',
    'startOffset',
    'endOffset',
    'globalOffsets',
    'ranges',
    'channel',
    'x',
    'y',
    'width',
    'height',
  ],
  ...[
    'rotation',
    'radiusX',
    'radiusY',
    'points',
    'closed',
    'rle',
    'imageDataURL',
    'sequence',
    'framesCount',
    '__proto__',
  ],
]

const odd = fc.oneof(
  fc.anything({ maxDepth: 3, withNullPrototype: true }),
  fc.constantFrom(
    1e308,
    -1e308,
    5e-324,
    1e16,
    2 ** 53,
    '1e999',
    '',
    ' ',
    '__proto__',
    [],
    {},
    [[]],
    [null],
    [{}],
  ),
  fc.array(fc.array(fc.double(), { maxLength: 3 }), { maxLength: 4 }),
)
const value = fc.oneof(odd, fc.dictionary(fc.constantFrom(...FIELDS), odd, { maxKeys: 8 }))
const entry = fc.oneof(
  odd,
  fc.record(
    {
      id: fc.oneof(fc.constantFrom('a', 'b'), odd),
      from_name: fc.constantFrom('tag', 'relations'),
      type: fc.oneof(fc.constantFrom('relation', ...TYPES), odd),
      from_id: odd,
      to_id: odd,
      direction: odd,
      labels: odd,
      original_width: odd,
      original_height: odd,
      item_index: odd,
      value,
    },
    { requiredKeys: [] },
  ),
)
const result = fc.oneof(
  { arbitrary: fc.array(entry, { maxLength: 5 }), weight: 9 },
  { arbitrary: odd, weight: 1 },
)

describe('a result of any shape', () => {
  const tags = TYPES.map((type) => control(type === 'relations' ? 'relations' : 'tag', type))
  const both = tags.flatMap((tag) => [tag, { ...tag, perRegion: true }])
  const bare = { name: 'relations' } as ControlTag

  test.each([...both, bare])(
    'is compared by a tag of type "$type" (per region: $perRegion) without an error',
    (tag) => {
      fc.assert(
        fc.property(result, result, (one, other) => {
          const [a, b] = [one, other] as Region[][] as [Region[], Region[]]
          const outcome = Object.values(compareResults(a, b, [tag]))[0]
          expect(outcome?.similarity).toBeGreaterThanOrEqual(0)
          expect(outcome?.similarity === 1).toBe(outcome?.changed === false)
          expect(Object.values(compareResults(b, a, [tag]))[0]).toEqual(outcome)
          expect(Object.values(compareResults(a, a, [tag]))[0]).toMatchObject({
            changed: false,
            similarity: 1,
          })
          labelPairs(tag, a, b)
          textEdits(tag, a, b)
          controlNames(a)
        }),
        { numRuns: 60 },
      )
    },
  )

  test('has the same difference in both directions where ids repeat', () => {
    const bare = { id: 'b', from_name: 'tag' }
    const a = [
      bare,
      { ...bare, value: { taxonomy: [[]] } },
      { ...bare, value: { choices: 1e308 } },
    ] as unknown as Region[]
    const b = [bare] as Region[]
    const tags = [control('tag', 'timelinelabels')]
    expect(compareResults(a, b, tags)).toEqual(compareResults(b, a, tags))
    expect(compareResults(a, b, tags).tag).toMatchObject({ changed: true, similarity: 0.75 })
  })
})
