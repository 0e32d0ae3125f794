import { describe, expect, it } from 'vitest'
import type { Region } from '../../src/labeling/types.ts'
import { compareResults } from '../../src/metrics/compare.ts'
import { textEdits } from '../../src/metrics/edits.ts'
import { control, region } from './fixtures/regions.ts'

/** Numbers that look random, the same in every run. */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}

function many(count: number, type: string, seed: number, make: (random: () => number) => object): Region[] {
  const random = numbers(seed)
  return Array.from({ length: count }, (_, index) => region(type, make(random), { id: `r${index}` }))
}

const letters = (count: number, seed: number) => {
  const random = numbers(seed)
  return Array.from({ length: count }, () => String.fromCharCode(97 + random() * 26)).join('')
}
const star = (corners: number, random: () => number, around = 50) =>
  Array.from({ length: corners }, (_, index) => {
    const [angle, radius] = [(index / corners) * 2 * Math.PI, 10 + 5 * random()]
    return [around + radius * Math.cos(angle), 50 + radius * Math.sin(angle)]
  })
const nested = (depth: number) => JSON.parse(`${'['.repeat(depth)}1${']'.repeat(depth)}`)
const box = (random: () => number) => ({ x: 90 * random(), y: 90 * random(), width: 9, height: 9 })
/** A mask that claims to be of 2^32 − 1 values, all painted, in records of 2^16. */
const claimed = (records: number) => {
  const record = `1111${'1'.repeat(15)}00000001`
  const bits = `${'1'.repeat(32)}00111${'1'.repeat(16)}${record.repeat(records)}`
  return (bits.match(/.{1,8}/g) ?? []).map((byte) => Number.parseInt(byte.padEnd(8, '0'), 2))
}

/** Milliseconds; on two free cores none takes 2,000. */
const LIMIT = 10_000

/** What this thread worked, in ms: on a busy machine it waits too. */
function processorTime(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

describe('a result of any size is compared in seconds:', () => {
  it.each<[string, string, Region[], Region[]]>([
    [
      'two texts of a million letters',
      'textarea',
      [region('textarea', { text: letters(1e6, 1) })],
      [region('textarea', { text: letters(1e6, 2) })],
    ],
    [
      'two texts of 300,000 emoji',
      'textarea',
      [region('textarea', { text: '👩‍🚀🇩🇪'.repeat(150_000) })],
      [region('textarea', { text: '🇩🇪👍🏽'.repeat(150_000) })],
    ],
    [
      '1,000 texts of 2,000 letters',
      'textarea',
      many(1000, 'textarea', 1, (random) => ({ text: letters(2000, 1e6 * random() + 1) })),
      many(1000, 'textarea', 2, (random) => ({ text: letters(2000, 1e6 * random() + 1) })),
    ],
    [
      '100,000 entries',
      'textarea',
      [region('textarea', { text: Array(1e5).fill('ab') })],
      [region('textarea', { text: Array(1e5).fill('abc') })],
    ],
    [
      '1,000 boxes, all moved',
      'rectanglelabels',
      many(1000, 'rectanglelabels', 1, box),
      many(1000, 'rectanglelabels', 2, box),
    ],
    [
      '10,000 boxes, all moved',
      'rectanglelabels',
      many(10_000, 'rectanglelabels', 1, box),
      many(10_000, 'rectanglelabels', 2, box),
    ],
    [
      '500 turned boxes',
      'rectangle',
      many(500, 'rectangle', 1, (random) => ({ ...box(random), rotation: 360 * random() })),
      many(500, 'rectangle', 2, (random) => ({ ...box(random), rotation: 360 * random() })),
    ],
    [
      '100 ellipses on each other',
      'ellipse',
      many(100, 'ellipse', 1, (random) => ({ x: 50, y: 50, radiusX: 20 * random(), radiusY: 20 })),
      many(100, 'ellipse', 2, (random) => ({ x: 50, y: 50, radiusX: 20 * random(), radiusY: 20 })),
    ],
    [
      '100 polygons of 100 corners on each other',
      'polygon',
      many(100, 'polygon', 1, (random) => ({ points: star(100, random) })),
      many(100, 'polygon', 2, (random) => ({ points: star(100, random) })),
    ],
    [
      'a polygon of 100,000 corners',
      'polygon',
      many(1, 'polygon', 1, (random) => ({ points: star(1e5, random) })),
      many(1, 'polygon', 2, (random) => ({ points: star(1e5, random, 55) })),
    ],
    [
      'a polygon of 3,000 corners anywhere',
      'polygon',
      many(1, 'polygon', 1, (random) => ({
        points: Array.from({ length: 3000 }, () => [random(), random()]),
      })),
      many(1, 'polygon', 2, (random) => ({
        points: Array.from({ length: 3000 }, () => [random(), random()]),
      })),
    ],
    [
      '1,000 key points within 1 %',
      'keypoint',
      many(1000, 'keypoint', 1, (random) => ({ x: random() / 2, y: random() / 2, width: 1 })),
      many(1000, 'keypoint', 2, (random) => ({ x: random() / 2, y: random() / 2, width: 1 })),
    ],
    [
      '10,000 spans',
      'labels',
      many(10_000, 'labels', 1, (random) => ({ start: 1e6 * random(), end: 1e6, labels: ['A'] })),
      many(10_000, 'labels', 2, (random) => ({ start: 1e6 * random(), end: 1e6, labels: ['A'] })),
    ],
    [
      'masks that claim four billion pixels',
      'brushlabels',
      [region('brushlabels', { rle: claimed(70_000) })],
      [region('brushlabels', { rle: [...claimed(70_000), 0] })],
    ],
    [
      'a video of 10^15 frames',
      'videorectangle',
      [region('videorectangle', { framesCount: 1e15, sequence: [{ frame: 1, ...box(() => 0) }] })],
      [region('videorectangle', { framesCount: 1e15, sequence: [{ frame: 1, ...box(() => 0.01) }] })],
    ],
    [
      'frames where numbers have gaps',
      'videorectangle',
      [
        region('videorectangle', {
          sequence: [
            { frame: 1e16, ...box(() => 0) },
            { frame: 1e16 + 10, ...box(() => 0) },
          ],
        }),
      ],
      [region('videorectangle', { sequence: [{ frame: 1e16, ...box(() => 0.01) }] })],
    ],
    [
      '60 turning tracks of 10,000 frames',
      'videorectangle',
      ...([1, 2].map((seed) =>
        many(60, 'videorectangle', seed, (random) => ({
          framesCount: 10_000,
          sequence: [
            { frame: 1, ...box(random), rotation: 360 * random() },
            { frame: 9000, ...box(random), rotation: 5 },
          ],
        })),
      ) as [Region[], Region[]]),
    ],
    [
      'a ranking of 100,000',
      'ranker',
      [region('ranker', { ranker: Array.from({ length: 1e5 }, (_, index) => `d${index}`) })],
      [region('ranker', { ranker: Array.from({ length: 1e5 }, (_, index) => `d${(index * 7919) % 1e5}`) })],
    ],
    [
      'a path of 100,000 steps',
      'taxonomy',
      [region('taxonomy', { taxonomy: [Array(1e5).fill('a')] })],
      [region('taxonomy', { taxonomy: [Array(1e5).fill('b')] })],
    ],
    [
      'values nested 100,000 deep',
      'hologram',
      [region('hologram', { a: nested(1e5) })],
      [region('hologram', { b: nested(1e5) })],
    ],
    [
      'texts nested 100,000 deep',
      'textarea',
      [region('textarea', { text: nested(1e5) })],
      [region('textarea', { text: [nested(1e5)] })],
    ],
  ])('%s', (_, type, before, after) => {
    const start = processorTime()
    const { tag } = compareResults(before, after, [control('tag', type)])
    expect(processorTime() - start).toBeLessThan(LIMIT)
    expect(tag?.similarity).toBeGreaterThanOrEqual(0)
    expect(tag?.similarity).toBeLessThanOrEqual(1)
  })

  it('10,000 relations', () => {
    const relations = (seed: number) => {
      const random = numbers(seed)
      return Array.from({ length: 10_000 }, () => ({
        type: 'relation',
        from_id: `r${Math.floor(99 * random())}`,
        to_id: `r${Math.floor(99 * random())}`,
      }))
    }
    const regions = many(5000, 'labels', 1, (random) => ({ start: random(), end: 9, labels: ['A'] }))
    const start = processorTime()
    const outcome = compareResults(
      [...regions, ...relations(1)],
      [...regions, ...relations(2)],
      [control('relations', 'relations')],
    )
    expect(processorTime() - start).toBeLessThan(LIMIT)
    expect(outcome.relations?.changed).toBe(true)
  })

  it('a text of many words, for its edits', () => {
    const text = (seed: number) => [region('textarea', { text: letters(1e6, seed).replaceAll('e', ' ') })]
    const start = processorTime()
    const edits = textEdits(control('tag', 'textarea'), text(1), text(2))
    expect(processorTime() - start).toBeLessThan(LIMIT)
    expect(edits.length).toBeGreaterThan(0)
  })
})
