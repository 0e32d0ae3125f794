import { describe, expect, test } from 'vitest'
import { type MetricOf, measure, metricName, metricProblem } from '../../src/evaluations/metric.ts'
import type { Counts, Tallies } from '../../src/evaluations/tallies.ts'
import { binomialSequence } from '../../src/metrics/sequence.ts'

const counts = (count: number, changed: number, similarity: number): Counts => ({
  count,
  changed,
  amount: Math.round(similarity * count * 1e9),
})
const tallies: Tallies = {
  coverage: { tasks: 100, reviewed: 60, skipped: 0, not_comparable: 0 },
  total: counts(60, 15, 0.9),
  seed: counts(0, 0, 0),
  blind: { tasks: 0, compared: counts(0, 0, 0) },
  similarities: new Map(),
  controls: new Map([
    ['answer', counts(60, 12, 0.8)],
    ['topic', counts(60, 12, 0.8)],
    ['my/topic', counts(60, 12, 0.8)],
    ['a.change_rate', counts(10, 1, 1)],
  ]),
  modelVersions: new Map([
    ['v1', counts(40, 4, 0.95)],
    ['v2', counts(20, 11, 0.8)],
    ['', counts(5, 5, 0.1)],
  ]),
  reviewedStrata: new Map([
    ['2024-11-11', counts(30, 3, 0.99)],
    ['2024-11-12', counts(30, 12, 0.81)],
  ]),
  frequencies: new Map([
    [
      'topic',
      {
        labels: new Map([
          ['sports', { predicted: 40, corrected: 30, both: 24 }],
          ['Art/Music. etc', { predicted: 5, corrected: 8, both: 4 }],
          ['a.recall', { predicted: 2, corrected: 2, both: 2 }],
          [`${'x'.repeat(199)}…`, { predicted: 9, corrected: 9, both: 6 }],
          ['never predicted', { predicted: 0, corrected: 3, both: 0 }],
        ]),
        ...{ confusions: [], edits: [] },
      },
    ],
    [
      'my/topic',
      { labels: new Map([['b/c', { predicted: 3, corrected: 3, both: 1 }]]), confusions: [], edits: [] },
    ],
  ]),
  crossings: new Map([
    ['["model_version control v2","answer"]', counts(20, 9, 0.7)],
    ['["stratum control 2024-11-12","answer"]', counts(30, 3, 0.8)],
    ['["model_version label [\\"v2\\",\\"topic\\"]","Art/Music. etc"]', { count: 5, changed: 4, amount: 3 }],
  ]),
  annotators: new Map(),
  leadTimes: new Map(),
  strata: [
    { key: '2024-11-11', seen: 9_000, sampled: 50 },
    { key: '2024-11-12', seen: 1_000, sampled: 50 },
  ],
  planned: 100,
}

describe('a metric', () => {
  test.each<[string, MetricOf, sum: number, reviewed: number]>([
    ['change_rate is the share of changed tasks', { metric: 'change_rate' }, 15, 60],
    ['similarity is their mean', { metric: 'similarity' }, 54, 60],
    ['control:NAME.change_rate is that of one control', { metric: 'control:answer.change_rate' }, 12, 60],
    ['control:NAME.similarity too', { metric: 'control:answer.similarity' }, 48, 60],
    ['a control may be named like a metric', { metric: 'control:a.change_rate.change_rate' }, 1, 10],
    ['change_rate of one model version', { metric: 'change_rate', model_version: 'v2' }, 11, 20],
    ['change_rate of no model version', { metric: 'change_rate', model_version: '' }, 5, 5],
    ['similarity of one model version', { metric: 'similarity', model_version: 'v1' }, 38, 40],
    ['change_rate of one stratum', { metric: 'change_rate', stratum: '2024-11-12' }, 12, 30],
    ['similarity of one stratum', { metric: 'similarity', stratum: '2024-11-11' }, 29.7, 30],
    [
      'control:NAME.change_rate of one model version',
      { metric: 'control:answer.change_rate', model_version: 'v2' },
      9,
      20,
    ],
    [
      'control:NAME.similarity of one stratum',
      { metric: 'control:answer.similarity', stratum: '2024-11-12' },
      24,
      30,
    ],
    [
      'recall of a label of one model version',
      { metric: 'label:topic/Art/Music. etc.recall', model_version: 'v2' },
      2,
      3,
    ],
    ['recall of a label is of the answers corrected to it', { metric: 'label:topic/sports.recall' }, 24, 30],
    [
      'precision of a label is of the answers predicted so',
      { metric: 'label:topic/sports.precision' },
      24,
      40,
    ],
    ['a label may hold slashes, dots and spaces', { metric: 'label:topic/Art/Music. etc.recall' }, 4, 8],
    ['a label may be named like a metric', { metric: 'label:topic/a.recall.precision' }, 2, 2],
    ['a control may hold a slash', { metric: 'label:my/topic/b/c.recall' }, 1, 3],
    ['a long label counts by its beginning', { metric: `label:topic/${'x'.repeat(220)}.recall` }, 6, 9],
    [
      'a label that was never predicted has a recall of 0',
      { metric: 'label:topic/never predicted.recall' },
      0,
      3,
    ],
  ])('%s, and decides by the sequence of those tasks', (_, of, sum, reviewed) => {
    const measured = measure(of, tallies, 0.95)
    const sequence = binomialSequence({ sum, reviewed }, 0.95)
    expect(measured?.value).toBeCloseTo(sum / reviewed, 9)
    expect(measured?.reviewed).toBe(reviewed)
    expect(measured?.sequence?.[0]).toBeCloseTo(sequence?.[0] as number, 6)
    expect(measured?.sequence?.[1]).toBeCloseTo(sequence?.[1] as number, 6)
  })

  test('f1 of a label is the harmonic mean of precision and recall, and lies inside its sequence', () => {
    const measured = measure({ metric: 'label:topic/sports.f1' }, tallies, 0.95)
    const [precision, recall] = [24 / 40, 24 / 30]
    expect(measured?.value).toBeCloseTo((2 * precision * recall) / (precision + recall), 12)
    const [lower, upper] = measured?.sequence ?? [1, 0]
    expect(lower).toBeLessThan(measured?.value as number)
    expect(upper).toBeGreaterThan(measured?.value as number)
    // Of 46 answers with the label on any side, 24 have it on both.
    const share = binomialSequence({ sum: 24, reviewed: 46 }, 0.95)?.[0] as number
    expect(lower).toBeCloseTo((2 * share) / (1 + share), 12)
    expect(measured?.reviewed).toBe(46)
  })

  test('weighted_change_rate weighs the strata by the records seen', () => {
    expect(measure({ metric: 'weighted_change_rate' }, tallies, 0.95)?.value).toBeCloseTo(
      0.9 * 0.1 + 0.1 * 0.4,
      9,
    )
  })

  test.each<[string, MetricOf]>([
    ['a control', { metric: 'control:other.change_rate' }],
    ['a label', { metric: 'label:topic/other.recall' }],
    ['a label of no control', { metric: 'label:other/sports.f1' }],
    ['a label that was never predicted the precision', { metric: 'label:topic/never predicted.precision' }],
    ['a model version', { metric: 'change_rate', model_version: 'v3' }],
    ['a stratum', { metric: 'similarity', stratum: '2024-11-13' }],
  ])('of %s that has no reviews has no value', (_, of) => {
    expect(measure(of, tallies, 0.95)).toMatchObject({ value: null, reviewed: 0 })
  })
})

describe('a metric that can not be had', () => {
  test.each<[string, MetricOf, field: string, says: RegExp]>([
    ['has an unknown name', { metric: 'accuracy' }, 'metric', /no metric accuracy; expected change_rate/],
    ['names no control', { metric: 'control:.similarity' }, 'metric', /no metric/],
    [
      'is of a version and a stratum at once',
      { metric: 'change_rate', model_version: 'v1', stratum: 'a' },
      'stratum',
      /not both/,
    ],
    [
      'is weighted, and of one version',
      { metric: 'weighted_change_rate', model_version: 'v1' },
      'model_version',
      /can't be had by model_version/,
    ],
    [
      'is weighted, and of one stratum',
      { metric: 'weighted_change_rate', stratum: 'a' },
      'stratum',
      /weighted_change_rate is of all records.*take change_rate/,
    ],
    ['names a label of no control', { metric: 'label:sports.recall' }, 'metric', /no metric/],
    [
      'is no figure of a label',
      { metric: 'label:topic/sports.accuracy' },
      'metric',
      /label:NAME\/LABEL.recall/,
    ],
  ])('%s', (_, of, field, says) => {
    const problem = metricProblem(of)
    expect(problem?.field).toBe(field)
    expect(problem?.message).toMatch(says)
    expect(measure(of, tallies, 0.95)).toBeNull()
  })
})

test.each<[MetricOf, string]>([
  [{ metric: 'change_rate' }, 'change_rate'],
  [{ metric: 'change_rate', model_version: 'v2' }, 'change_rate of model version v2'],
  [{ metric: 'similarity', stratum: '2024-11-11' }, 'similarity of stratum 2024-11-11'],
])('the name of %o is %s', (of, name) => {
  expect(metricName(of)).toBe(name)
})
