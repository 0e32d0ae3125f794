import { describe, expect, test } from 'vitest'
import { type AnnotationState, type TaskOutcome, taskOutcome } from '../../src/evaluations/outcome.ts'
import { annotations, choice, deleted, foreign, imported, model, no, skipped, text } from './outcomes.ts'

describe('each annotator', () => {
  const given = annotations(
    { completed_by: 4, result: no, lead_time_ms: 1000 },
    { completed_by: 5, lead_time_ms: 2000 },
    { completed_by: 4, lead_time_ms: 500 },
    { completed_by: 6, ...skipped, lead_time_ms: 9000 },
    { completed_by: null },
  )
  test('has reviewed the task once, changed if at least half of his own annotations are', () => {
    const { compared } = taskOutcome(imported(), given, model)
    expect(compared?.annotators).toEqual([
      { key: '4', changed: true, lead_times_ms: [1000, 500] },
      { key: '5', changed: false, lead_times_ms: [2000] },
      { key: 'unknown', changed: false, lead_times_ms: [] },
    ])
  })
  test('counts also where the ground truth of another decides', () => {
    const { compared } = taskOutcome(
      imported(),
      annotations({ completed_by: 4, result: no }, { completed_by: 5, ground_truth: true }),
      model,
    )
    expect(compared?.changed).toBe(false)
    expect(compared?.annotators.map(({ key, changed }) => [key, changed])).toEqual([
      ['4', true],
      ['5', false],
    ])
  })
})

describe('the original script counts', () => {
  const touched = [{ ...text('yes'), origin: 'prediction-changed' }, choice('A')]
  const untouched = [text('yes'), { ...choice('B'), origin: 'prediction-changed' }]
  test.each<[seed: TaskOutcome['seed'], sentence: string, given: AnnotationState[]]>([
    [null, 'no task without annotations', []],
    [null, 'no task whose annotations are deleted', annotations({ ...deleted, result: touched })],
    ['changed', 'the first region of the first annotation', annotations({ result: touched }, {})],
    ['unchanged', 'no region but the first', annotations({ result: untouched })],
    ['unchanged', 'no annotation but the first', annotations({}, { result: touched })],
    ['changed', 'a cancelled one too', annotations({ ...skipped, result: touched })],
    ['changed', 'the first that is not deleted', annotations({ ...deleted }, { result: touched })],
    ['unchanged', 'an annotation without a region as not changed', annotations({ result: [] })],
    ['unchanged', 'a region without an origin as not changed', annotations({})],
  ])('%s: %s', (seed, _sentence, given) => {
    expect(taskOutcome(imported(), given, model).seed).toBe(seed)
    expect(taskOutcome(foreign(), given, model).seed).toBe(seed)
  })
})
