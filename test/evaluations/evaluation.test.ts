import { describe, expect, test } from 'vitest'
import type { ProjectRow } from '../../src/annotations/store.ts'
import {
  type EvaluationContext,
  type MonitorThreshold,
  presentEvaluation,
} from '../../src/evaluations/evaluation.ts'
import type { Counts, Tallies } from '../../src/evaluations/tallies.ts'
import { wilson } from '../../src/metrics/interval.ts'
import { binomialSequence } from '../../src/metrics/sequence.ts'

const config = `<View><Text name="q" value="$q"/><TextArea name="answer" toName="q"/>
  <Choices name="topic" toName="q"><Choice value="A"/></Choices><TextArea name="comment" toName="q"/></View>`

const project: ProjectRow = {
  ...{ project_id: 12, run_id: 'a-run', monitor: 'qa-model', title: 'QA', label_config: config },
  ...{ model_version: 'v1', mapped_controls: ['answer', 'topic'], predicted_controls: [], revision: 1 },
  ...{
    adopted: true,
    polled: false,
    gone: false,
    webhook_id: 1,
    webhook_active: true,
    webhook_problem: null,
  },
  ...{ read_us: 1, read_through_us: 1, last_event_at: new Date('2026-11-23T10:00:00.123Z') },
  ...{ last_reconciled_at: null, created_at: new Date(0), updated_at: new Date('2026-11-23T10:00:01Z') },
}

const counts = (count: number, changed: number, similarity = 0): Counts => ({
  ...{ count, changed },
  amount: Math.round(similarity * count * 1e9),
})
const nothing: Tallies = {
  coverage: { tasks: 0, reviewed: 0, skipped: 0, not_comparable: 0 },
  ...{ total: counts(0, 0), seed: counts(0, 0), controls: new Map(), modelVersions: new Map() },
  similarities: new Map(),
  ...{ reviewedStrata: new Map(), annotators: new Map(), leadTimes: new Map(), strata: [], planned: 0 },
  blind: { tasks: 0, compared: counts(0, 0) },
  frequencies: new Map(),
  crossings: new Map(),
}
const reviewed: Tallies = {
  coverage: { tasks: 200, reviewed: 60, skipped: 2, not_comparable: 3 },
  total: counts(57, 9, 0.94),
  seed: counts(62, 10),
  similarities: new Map(),
  blind: { tasks: 0, compared: counts(0, 0) },
  controls: new Map([['answer', counts(57, 9, 0.9)]]),
  frequencies: new Map(),
  crossings: new Map(),
  modelVersions: new Map([
    ['v1', counts(50, 4, 0.97)],
    ['v2', counts(7, 5, 0.7)],
  ]),
  reviewedStrata: new Map([['2026-11-20', counts(57, 9, 0.94)]]),
  annotators: new Map([['4', counts(57, 9)]]),
  leadTimes: new Map([['4', 8.4]]),
  strata: [
    { key: '2026-11-20', seen: 1200, sampled: 100 },
    { key: '2026-11-21', seen: 800, sampled: 100 },
  ],
  planned: 200,
}

const evaluate = (tallies: Tallies, thresholds: MonitorThreshold[] = [], row: Partial<ProjectRow> = {}) => {
  const alerts: EvaluationContext['alerts'] = thresholds.map(() => null)
  const labelStudioUrl = 'http://label-studio.test/projects/12/data'
  const context = { tallies, thresholds, alerts, confidence: 0.95, labelStudioUrl }
  return presentEvaluation({ ...context, project: { ...project, ...row } })
}

describe('without any review', () => {
  const evaluation = evaluate({ ...nothing, coverage: { ...nothing.coverage, tasks: 200 } })
  test('there are counts', () => {
    expect(evaluation.coverage.tasks).toBe(200)
    expect(evaluation.change_rate).toMatchObject({ changed: 0, reviewed: 0 })
  })
  test('no share, interval or sequence is a number', () => {
    expect(evaluation.change_rate).toMatchObject({ value: null, interval: null, sequence: null })
    expect(evaluation.change_rate.weighted).toMatchObject({ value: null, interval: null, sequence: null })
    expect(evaluation).toMatchObject({ similarity: null, similarity_sequence: null })
    expect(evaluation.seed_metric).toEqual({ changed: 0, total: 0, percent: null })
    expect(evaluation.controls[0]).toMatchObject({ value: null, similarity: null, reviewed: 0 })
    expect(evaluation).toMatchObject({ by_model_version: [], by_annotator: [], by_stratum: [] })
  })
  test('nothing is decided', () => {
    expect(evaluation.verdict).toBe('inconclusive')
  })
})

describe('an evaluation', () => {
  const evaluation = evaluate(reviewed)

  test('names project, monitor and run, and where they are in Label Studio', () => {
    expect(evaluation).toMatchObject({ project: 12, title: 'QA', monitor: 'qa-model', run: 'a-run' })
    expect(evaluation.label_studio_url).toBe('http://label-studio.test/projects/12/data')
    expect(evaluation.freshness).toEqual({
      last_event_at: '2026-11-23T10:00:00.123Z',
      last_reconciled_at: null,
      webhook_active: true,
    })
  })

  test('pools the change rate with a Wilson interval and a sequence', () => {
    expect(evaluation.change_rate).toMatchObject({
      ...{ changed: 9, reviewed: 57, value: 9 / 57, confidence: 0.95 },
      interval: wilson({ changed: 9, reviewed: 57 }, 0.95),
      sequence: binomialSequence({ sum: 9, reviewed: 57 }, 0.95),
    })
  })

  test('weighs strata by the records seen, and says how much of them nobody reviewed', () => {
    expect(evaluation.change_rate.weighted).toMatchObject({ value: 9 / 57, missing_share: 0.4 })
  })

  test('has a mean similarity, with a sequence', () => {
    expect(evaluation.similarity).toBeCloseTo(0.94)
    const [low, high] = evaluation.similarity_sequence as [number, number]
    expect(low).toBeLessThan(0.94)
    expect(high).toBeGreaterThan(0.94)
  })

  test('lists every predicted control, reviewed or not, and no other', () => {
    expect(evaluation.controls).toMatchObject([
      { name: 'answer', type: 'textarea', changed: 9, reviewed: 57, similarity_metric: 'levenshtein' },
      { name: 'topic', type: 'choices', changed: 0, reviewed: 0, value: null, similarity_metric: 'jaccard' },
    ])
  })

  test('of a project that the service did not make lists the controls of the config that any prediction fills', () => {
    const { controls } = evaluate(reviewed, [], {
      mapped_controls: null,
      predicted_controls: ['topic', 'nope'],
    })
    expect(controls.map(({ name, type }) => [name, type])).toEqual([['topic', 'choices']])
  })

  test.each([
    [
      'that lost a mapped control compares the others',
      config.replace('name="topic"', 'name="other"'),
      ['answer'],
    ],
    ['that can not be read compares all that is mapped', 'no XML <', ['answer', 'topic']],
  ])('of a labeling config %s', (_, label_config, names) => {
    expect(evaluate(reviewed, [], { label_config }).controls.map(({ name }) => name)).toEqual(names)
  })

  test('splits by model version, by stratum also where nobody reviewed, and by annotator', () => {
    expect(evaluation.by_model_version).toMatchObject([
      {
        key: 'v1',
        changed: 4,
        reviewed: 50,
        value: 0.08,
        interval: wilson({ changed: 4, reviewed: 50 }, 0.95),
      },
      { key: 'v2', changed: 5, reviewed: 7 },
    ])
    expect(evaluation.by_stratum).toMatchObject([
      { key: '2026-11-20', seen: 1200, sampled: 100, reviewed: 57, changed: 9, value: 9 / 57 },
      { key: '2026-11-21', seen: 800, sampled: 100, reviewed: 0, changed: 0, value: null, interval: null },
    ])
    expect(evaluation.by_annotator).toEqual([
      { key: '4', changed: 9, reviewed: 57, value: 9 / 57, lead_time_median_s: 8.4 },
    ])
  })

  test('shows what the original script would say', () => {
    expect(evaluation.seed_metric).toEqual({ changed: 10, total: 62, percent: (100 * 10) / 62 })
  })
})

describe('a threshold', () => {
  const high = { ...reviewed, total: counts(57, 50, 0.2) }
  const low = { ...reviewed, total: counts(57, 1, 0.99) }
  const at = (min_reviewed: number): MonitorThreshold => ({
    metric: 'change_rate',
    max: 0.5,
    warn: null,
    min_reviewed,
  })
  test.each<[sentence: string, tallies: Tallies, thresholds: MonitorThreshold[], verdict: string]>([
    ['whose whole sequence is below passes', low, [at(30)], 'pass'],
    ['whose whole sequence is above fails', high, [at(30)], 'fail'],
    [
      'that lies in the sequence decides nothing',
      { ...reviewed, total: counts(57, 28) },
      [at(30)],
      'inconclusive',
    ],
    ['decides nothing before there are enough reviews', high, [at(58)], 'inconclusive'],
    ['decides nothing without data', nothing, [at(0)], 'inconclusive'],
    [
      'that fails fails all',
      high,
      [{ ...at(30), metric: 'similarity', max: null, min: 0.1 }, at(30)],
      'fail',
    ],
    [
      'on a control that nobody knows decides nothing',
      low,
      [at(30), { ...at(0), metric: 'control:x.change_rate' }],
      'inconclusive',
    ],
    ['that is none decides nothing', low, [], 'inconclusive'],
  ])('%s', (_sentence, tallies, thresholds, verdict) => {
    const evaluation = evaluate(tallies, thresholds)
    expect(evaluation.verdict).toBe(verdict)
    expect(evaluation.thresholds.map(({ metric }) => metric)).toEqual(thresholds.map(({ metric }) => metric))
  })
})
