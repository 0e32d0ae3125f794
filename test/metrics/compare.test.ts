import { describe, expect, it } from 'vitest'
import type { Region } from '../../src/labeling/types.ts'
import { compareResults, controlNames } from '../../src/metrics/compare.ts'
import { compare, control, key, region, regions, span } from './fixtures/regions.ts'

describe('similarity', () => {
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
