import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type AnnotationState,
  type ProjectFacts,
  type TaskFacts,
  type TaskOutcome,
  taskOutcome,
} from '../../src/evaluations/outcome.ts'
import type { Region } from '../../src/labeling/types.ts'
import {
  annotations,
  choice,
  controls,
  deleted,
  foreign,
  imported,
  model,
  no,
  other,
  project,
  skipped,
  text,
  yes,
} from './outcomes.ts'

describe('a task is', () => {
  test.each<[state: TaskOutcome['state'], sentence: string, task: TaskFacts, given: AnnotationState[]]>([
    ['unreviewed', 'without annotations', imported(), []],
    ['unreviewed', 'when all are deleted', imported(), annotations(deleted, { ...deleted, result: no })],
    ['skipped', 'when all are cancelled, though they carry results', imported(), annotations(skipped)],
    ['skipped', 'when those that are not cancelled are deleted', imported(), annotations(skipped, deleted)],
    ['compared', 'with one live annotation among cancelled ones', imported(), annotations(skipped, {})],
    ['compared', 'with an annotation that was submitted empty', imported(), annotations({ result: [] })],
    ['compared', 'with a prediction of no region, which the model meant', imported([]), annotations({})],
    ['not_comparable', 'when reviewed without a prediction', foreign(), annotations({})],
    ['skipped', 'when skipped without a prediction', foreign(), annotations(skipped)],
    ['compared', 'with any prediction of Label Studio', foreign({}), annotations({})],
  ])('%s %s', (state, _sentence, task, given) => {
    const outcome = taskOutcome(task, given, model)
    expect(outcome.state).toBe(state)
    expect(outcome.compared !== null).toBe(state === 'compared')
  })

  test('not_comparable while no prediction of the project fills any control', () => {
    expect(taskOutcome(foreign({ result: [] }), annotations({}), project()).state).toBe('not_comparable')
  })
})

describe('the prediction compared with is', () => {
  const v1 = { prediction_id: 1, model_version: 'v1', created_us: 10 }
  const newerV1 = { prediction_id: 2, model_version: 'v1', created_us: 20 }
  const v2 = { prediction_id: 3, model_version: 'v2', created_us: 30 }
  const v3 = { prediction_id: 4, model_version: 'v3', created_us: 30 }
  test.each<[sentence: string, task: TaskFacts, annotation: Partial<AnnotationState>, version: string]>([
    [
      'the one that the service imported',
      { ...foreign(v1, v2), imported: { result: yes, model_version: 'real' } },
      { parent_prediction: 1 },
      'real',
    ],
    ['the one that the service imported, without a version', imported(yes, null), {}, 'undefined'],
    [
      'the one that the annotation names, though another version is the project’s',
      foreign(v1, v2),
      { parent_prediction: 3 },
      'v2',
    ],
    [
      'the newest of the project’s version, when the annotation names none',
      foreign(v1, newerV1, v2),
      {},
      'v1',
    ],
    [
      'the newest of the project’s version, when the annotation names one of another task',
      foreign(v1, newerV1, v2),
      { parent_prediction: 99 },
      'v1',
    ],
    [
      'the newest, when none is of the project’s version',
      foreign({ ...v1, model_version: 'v0' }, v2),
      {},
      'v2',
    ],
    ['of two at the same moment the one with the higher id', foreign(v3, v2), {}, 'v3'],
  ])('%s', (_sentence, task, annotation, version) => {
    const { compared } = taskOutcome(task, annotations(annotation), model)
    expect(compared?.model_version).toBe(version)
  })

  test('the newest of several of the project’s version, not the first', () => {
    const task = foreign({ ...v1, result: no }, { ...newerV1, result: yes })
    expect(taskOutcome(task, annotations({}), model).compared).toMatchObject({
      changed: false,
      prediction: yes,
    })
  })
})

describe('a task is changed', () => {
  test.each<[is: 'changed' | 'unchanged', sentence: string, result: Region[], facts: ProjectFacts]>([
    ['unchanged', 'when all is as predicted', yes, model],
    ['changed', 'when one of its predicted controls is', no, model],
    ['changed', 'when another of its predicted controls is', other, model],
    ['changed', 'when a predicted control was emptied', [choice('A')], model],
    ['unchanged', 'when only a control differs that the model does not predict', other, project('answer')],
    ['unchanged', 'when a reviewer adds a comment', [...yes, text('hm', 'comment')], model],
    [
      'unchanged',
      'when origin says that something was touched',
      yes.map((region) => ({ ...region, origin: 'prediction-changed' })),
      model,
    ],
  ])('%s %s', (is, _sentence, result, facts) => {
    const { compared } = taskOutcome(imported(), annotations({ result }), facts)
    expect(compared?.changed).toBe(is === 'changed')
    expect(Object.keys(compared?.controls ?? {})).toEqual(facts.predicted.map(({ name }) => name))
  })
})

describe('of several annotations', () => {
  const truth = { ground_truth: true }
  test.each<[sentence: string, given: AnnotationState[], changed: boolean, by: number]>([
    ['the only one decides', annotations({ result: no }), true, 1],
    [
      'the ground truth decides against the majority',
      annotations({ result: no }, { result: no }, truth),
      false,
      3,
    ],
    [
      'a ground truth that changed something decides too',
      annotations({}, {}, { ...truth, result: no }),
      true,
      3,
    ],
    [
      'a deleted ground truth does not decide',
      annotations({ result: no }, { ...truth, ...deleted }),
      true,
      1,
    ],
    [
      'a cancelled ground truth does not decide',
      annotations({ result: no }, { ...truth, ...skipped }),
      true,
      1,
    ],
    [
      'of several ground truths, which only an import brings, the majority decides',
      annotations({ result: no }, truth, truth, { result: no }),
      false,
      2,
    ],
    ['the majority that changed nothing decides', annotations({ result: no }, {}, {}), false, 2],
    [
      'the majority that changed something decides',
      annotations({}, { result: no }, { result: other }),
      true,
      2,
    ],
    ['a tie counts as changed', annotations({}, { result: no }), true, 2],
    ['a tie of four counts as changed', annotations({}, { result: no }, {}, { result: no }), true, 2],
    ['cancelled ones have no vote', annotations({}, { ...skipped, result: no }), false, 1],
    ['deleted ones have no vote', annotations({ ...deleted, result: no }, {}), false, 2],
  ])('%s', (_sentence, given, changed, by) => {
    const { compared } = taskOutcome(imported(), given, model)
    expect(compared).toMatchObject({ changed, annotation_id: by })
  })

  test('the task and each control are voted on separately', () => {
    const given = annotations({ result: no }, { result: other }, {})
    expect(taskOutcome(imported(), given, model).compared).toMatchObject({
      changed: true,
      controls: { answer: { changed: false, similarity: 1 }, topic: { changed: false, similarity: 1 } },
    })
  })

  test('the similarity of a control is the mean over those that decided it, so that unchanged is 1', () => {
    const near = [text('yes!'), choice('A')] // 1 of 4 characters differs
    const far = [text('####'), choice('A')]
    const similarity = (...results: Region[][]) =>
      taskOutcome(imported(), annotations(...results.map((result) => ({ result }))), model).compared?.controls
        .answer?.similarity
    expect(similarity(near, far, yes)).toBeCloseTo((0.75 + 0) / 2)
    expect(similarity(near, yes, yes)).toBe(1)
    expect(similarity(near, yes)).toBeCloseTo(0.75)
  })

  test('the similarity of the task is the mean over its predicted controls', () => {
    const { compared } = taskOutcome(imported(), annotations({ result: [text('yes!'), choice('B')] }), model)
    expect(compared?.similarity).toBeCloseTo((0.75 + 0) / 2)
  })

  test('version and prediction are those of the deciding one with the lowest id', () => {
    const task = foreign({ model_version: 'v1' }, { model_version: 'v2', result: no })
    const given = annotations({}, { result: other, parent_prediction: 2 }, { result: other })
    expect(taskOutcome(task, given, model).compared).toMatchObject({
      model_version: 'v2',
      annotation_id: 2,
      prediction: no,
    })
  })
})

test('the order in which annotations and predictions are stored changes nothing', () => {
  const annotation = fc.record({
    result: fc.constantFrom(yes, no, other, []),
    was_cancelled: fc.boolean(),
    deleted: fc.boolean(),
    ground_truth: fc.boolean(),
    completed_by: fc.constantFrom(1, 2),
    parent_prediction: fc.constantFrom(null, 1, 2),
  })
  const prediction = fc.record({
    result: fc.constantFrom(yes, no),
    model_version: fc.constantFrom('v1', 'v2'),
    created_us: fc.nat(2),
  })
  const facts = fc.tuple(fc.array(annotation, { maxLength: 5 }), fc.array(prediction, { maxLength: 3 }))
  fc.assert(
    fc.property(facts, ([given, predictions]) => {
      const [task, all] = [foreign(...predictions), annotations(...given)]
      const turned = { ...task, predictions: task.predictions.toReversed() }
      const outcome = taskOutcome(task, all, model)
      expect(taskOutcome(turned, all.toReversed(), model)).toEqual(outcome)
      const similarity = outcome.compared?.similarity ?? 1
      expect(similarity).toBeGreaterThanOrEqual(0)
      expect(similarity).toBeLessThanOrEqual(1)
    }),
  )
})

test('a control may have any name', () => {
  const named = (name: string): ProjectFacts => ({
    ...model,
    predicted: [{ ...(controls[0] as (typeof controls)[0]), name }],
  })
  for (const name of ['__proto__', 'constructor', 'toString']) {
    const { compared } = taskOutcome(imported([text('a', name)]), annotations({ result: [] }), named(name))
    expect(Object.entries(compared?.controls ?? {})).toMatchObject([[name, { changed: true }]])
  }
})
