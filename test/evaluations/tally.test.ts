import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { TaskOutcome } from '../../src/evaluations/outcome.ts'
import {
  type Addend,
  contribution,
  difference,
  fromBillionths,
  toBillionths,
} from '../../src/evaluations/tally.ts'

const compared: NonNullable<TaskOutcome['compared']> = {
  changed: true,
  similarity: 0.75,
  model_version: 'v1',
  controls: {
    answer: { changed: true, similarity: 0.5, metric: 'levenshtein' },
    topic: { changed: false, similarity: 1, metric: 'jaccard' },
  },
  replacements: {
    answer: { labels: [], edits: [['Sydney', 'Canberra', 2]] },
    topic: {
      labels: [
        ['A', 'A', 3],
        ['A', 'B', 2],
        ['B', null, 1],
        [null, 'B', 1],
      ],
      edits: [],
    },
  },
  annotation_id: 1,
  prediction: [],
  annotators: [
    { key: '4', changed: true, lead_times_ms: [8400, 12_345] },
    { key: '5', changed: false, lead_times_ms: [] },
  ],
}

const isCrossing = (dimension: string) => /^(model_version|stratum) /.test(dimension)

describe('a task that is', () => {
  test.each<[sentence: string, outcome: TaskOutcome, adds: Addend[]]>([
    [
      'unreviewed adds itself',
      { state: 'unreviewed', stratum: 'd', seed: null, compared: null },
      [['coverage', 'tasks', 1, 0, 0]],
    ],
    [
      'skipped adds to what was skipped, and to what the original script counts',
      { state: 'skipped', stratum: 'd', seed: 'changed', compared: null },
      [
        ['coverage', 'tasks', 1, 0, 0],
        ['seed', '', 1, 1, 0],
        ['coverage', 'skipped', 1, 0, 0],
      ],
    ],
    [
      'not comparable is reviewed all the same',
      { state: 'not_comparable', stratum: null, seed: 'unchanged', compared: null },
      [
        ['coverage', 'tasks', 1, 0, 0],
        ['seed', '', 1, 0, 0],
        ['coverage', 'reviewed', 1, 0, 0],
        ['coverage', 'not_comparable', 1, 0, 0],
      ],
    ],
    [
      'compared adds to every dimension',
      { state: 'compared', stratum: 'd', seed: 'unchanged', compared },
      [
        ['coverage', 'tasks', 1, 0, 0],
        ['seed', '', 1, 0, 0],
        ['coverage', 'reviewed', 1, 0, 0],
        ['total', '', 1, 1, 750_000_000],
        ['model_version', 'v1', 1, 1, 750_000_000],
        ['stratum', 'd', 1, 1, 750_000_000],
        ['control', 'answer', 1, 1, 500_000_000],
        ['similarity', 'answer 5', 1, 0, 0],
        ['edit answer', '["Sydney","Canberra"]', 2, 0, 0],
        ['control', 'topic', 1, 0, 1_000_000_000],
        ['similarity', 'topic 10', 1, 0, 0],
        ['confusion topic', '["A","A"]', 3, 0, 0],
        ['label topic', 'A', 3, 3, 3],
        ['confusion topic', '["A","B"]', 2, 0, 0],
        ['label topic', 'A', 2, 2, 0],
        ['label topic', 'B', 2, 0, 2],
        ['confusion topic', '["B",null]', 1, 0, 0],
        ['label topic', 'B', 1, 1, 0],
        ['confusion topic', '[null,"B"]', 1, 0, 0],
        ['label topic', 'B', 1, 0, 1],
        ['annotator', '4', 1, 1, 0],
        ['lead_time', '4 8.40e+3', 1, 0, 8400],
        ['lead_time', '4 1.23e+4', 1, 0, 12_345],
        ['annotator', '5', 1, 0, 0],
      ],
    ],
  ])('%s', (_sentence, outcome, adds) => {
    expect(contribution(outcome).filter(([dimension]) => !isCrossing(dimension))).toEqual(adds)
  })

  test('compared adds its controls and labels to those of its version and its stratum', () => {
    const outcome: TaskOutcome = { state: 'compared', stratum: 'd', seed: 'unchanged', compared }
    const sums = difference([], contribution(outcome))
    for (const [group, of] of [
      ['model_version', 'v1'],
      ['stratum', 'd'],
    ]) {
      expect(sums.filter(([dimension]) => dimension.startsWith(`${group} `))).toEqual([
        [`${group} control ${of}`, 'answer', 1, 1, 500_000_000],
        [`${group} control ${of}`, 'topic', 1, 0, 1_000_000_000],
        [`${group} label ["${of}","topic"]`, 'A', 5, 5, 3],
        [`${group} label ["${of}","topic"]`, 'B', 4, 1, 3],
      ])
    }
  })

  test('blind is covered, and adds to nothing but the blind ones and what the original script counts', () => {
    const outcome: TaskOutcome = { state: 'compared', stratum: 'd', seed: 'unchanged', compared }
    expect(contribution(outcome, true)).toEqual([
      ['coverage', 'tasks', 1, 0, 0],
      ['coverage', 'blind', 1, 0, 0],
      ['seed', '', 1, 0, 0],
      ['coverage', 'reviewed', 1, 0, 0],
      ['blind', '', 1, 1, 750_000_000],
    ])
  })

  test('compared in a project without strata adds to none', () => {
    const adds = contribution({ state: 'compared', stratum: null, seed: 'unchanged', compared })
    expect(adds.filter(([dimension]) => dimension.startsWith('stratum'))).toEqual([])
  })
})

describe('the difference', () => {
  const a: Addend = ['control', 'answer', 1, 1, 500]
  const b: Addend = ['control', 'topic', 1, 0, 1000]
  test.each<[sentence: string, before: Addend[], now: Addend[], moves: Addend[]]>([
    ['of the same is nothing', [a, b], [b, a], []],
    ['to nothing takes all away', [a], [], [['control', 'answer', -1, -1, -500]]],
    ['from nothing adds all', [], [b], [b]],
    [
      'of a changed count leaves out what does not move',
      [a, b],
      [['control', 'answer', 1, 0, 1000], b],
      [['control', 'answer', 0, -1, 500]],
    ],
    ['adds up what stands under one key', [], [a, a], [['control', 'answer', 2, 2, 1000]]],
    [
      'keeps dimensions apart that have a key in common',
      [['total', '', 1, 0, 0]],
      [['seed', '', 1, 0, 0]],
      [
        ['total', '', -1, 0, 0],
        ['seed', '', 1, 0, 0],
      ],
    ],
    [
      'keeps apart dimensions that end in a name with spaces',
      [['edit a', 'b c', 1, 0, 0]],
      [['edit a b', 'c', 1, 0, 0]],
      [
        ['edit a', 'b c', -1, 0, 0],
        ['edit a b', 'c', 1, 0, 0],
      ],
    ],
    [
      'keeps keys apart that hold spaces',
      [['stratum', 'a b', 1, 0, 0]],
      [['stratum', 'a', 1, 0, 0]],
      [
        ['stratum', 'a b', -1, 0, 0],
        ['stratum', 'a', 1, 0, 0],
      ],
    ],
  ])('%s', (_sentence, before, now, moves) => {
    expect(difference(before, now)).toEqual(moves)
  })

  test('added to what was before gives what is now', () => {
    const number = fc.nat(9)
    const addend = fc.tuple(
      fc.constantFrom('total' as const, 'control' as const, 'stratum' as const),
      fc.constantFrom('', 'a', 'b'),
      number,
      number,
      number,
    )
    fc.assert(
      fc.property(fc.array(addend), fc.array(addend), (before, now) => {
        expect(difference(now, [...before, ...difference(before, now)])).toEqual([])
      }),
    )
  })
})

describe('similarities', () => {
  test('are summed as integers, so that taking one away leaves what was there before', () => {
    const sum = [0.1, 0.2, 0.7].map(toBillionths).reduce((total, each) => total + each, 0)
    expect(sum - toBillionths(0.2) - toBillionths(0.1)).toBe(toBillionths(0.7))
  })
  test('have a mean, but none of nothing', () => {
    expect(fromBillionths(1_500_000_000, 2)).toBe(0.75)
    expect(fromBillionths(0, 0)).toBe(null)
  })
  test('that are changed stay apart from 1', () => {
    expect(fromBillionths(toBillionths(1 - 1e-6), 1)).toBeLessThan(1)
  })
})
