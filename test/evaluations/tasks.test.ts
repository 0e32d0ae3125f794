import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ComparedTask, listComparedTasks, presentTask } from '../../src/evaluations/tasks.ts'
import type { Region } from '../../src/labeling/types.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { answered, reviewedProject, textArea } from '../support/reviewed.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await testDatabase()
})
afterAll(() => db?.drop())

const all = { after: null, limit: 100, changed: null, blind: null }

describe('the compared tasks of a project', () => {
  const list = (project: number, options: Partial<Parameters<typeof listComparedTasks>[2]> = {}) =>
    listComparedTasks(db.database.kysely, project, { ...all, ...options })

  beforeAll(async () => {
    await reviewedProject(db.database, {
      project: 1,
      tasks: [
        answered('a', 'same'),
        answered('b', 'old', 'new'),
        answered('c', 'nobody looked', null),
        answered('d', 'same'),
        { ...answered('e', 'x'), annotations: [{ result: textArea('y'), was_cancelled: true }] },
        {
          ...answered('f', 'truth'),
          annotations: [textArea('lie'), { result: textArea('truth'), ground_truth: true }],
        },
      ],
    })
    await reviewedProject(db.database, { project: 2, tasks: [answered('z', 'other', 'project')] })
  })

  test('are those with a live annotation and a prediction, in the order of their ids', async () => {
    expect((await list(1)).map(({ data }) => data.question)).toEqual(['a', 'b', 'd', 'f'])
  })
  test('can be only the changed ones, or only the others', async () => {
    expect((await list(1, { changed: true })).map(({ data }) => data.question)).toEqual(['b'])
    expect((await list(1, { changed: false })).map(({ data }) => data.question)).toEqual(['a', 'd', 'f'])
  })
  test('come page by page', async () => {
    const [first, second] = await list(1, { limit: 2 })
    expect([first, second].map((task) => task?.data.question)).toEqual(['a', 'b'])
    const next = await list(1, { limit: 2, after: second?.task_id as number })
    expect(next.map(({ data }) => data.question)).toEqual(['d', 'f'])
  })
  test('come with the annotation that decides', async () => {
    expect((await list(1)).at(-1)?.annotation).toEqual(textArea('truth'))
  })
})

describe('a task is shown', () => {
  const region = (from_name: string, type: string, value: Record<string, unknown>): Region => ({
    ...{ id: from_name, from_name, to_name: 'q', type, value },
  })
  /** With one changed control. */
  const show = (name: string, prediction: Region[], annotation: Region[] | null) => {
    const row: ComparedTask = {
      ...{ task_id: 5, data: { q: 'x' }, result: prediction, model_version: 'v1', score: 0.5, stratum: 'd' },
      ...{ annotation, completed_by: 4, blind: false },
      outcome: {
        ...{ state: 'compared', stratum: 'd', seed: 'unchanged' },
        compared: {
          ...{
            changed: true,
            similarity: 0.5,
            model_version: 'v1',
            annotation_id: 1,
            prediction,
            replacements: {},
            annotators: [],
          },
          controls: {
            [name]: { changed: true, similarity: 0.5, metric: 'levenshtein' },
            same: { changed: false, similarity: 1, metric: 'exact' },
          },
        },
      },
    }
    return presentTask(row, 'http://label-studio.test/task')
  }

  test('with prediction, annotation, and whose it is', () => {
    const [prediction, annotation] = [textArea('a'), textArea('b')]
    expect(show('answer', prediction, annotation)).toMatchObject({
      ...{ task: 5, url: 'http://label-studio.test/task', changed: true, similarity: 0.5, annotator: 4 },
      ...{ prediction, annotation, data: { q: 'x' }, stratum: 'd', model_version: 'v1' },
    })
  })

  test.each<[sentence: string, name: string, before: Region[], after: Region[] | null, diff: unknown]>([
    ['a text', 'answer', textArea('a'), textArea('b'), { predicted: 'a', corrected: 'b' }],
    [
      'a text of several entries',
      'answer',
      textArea('a', 'b'),
      textArea('b'),
      { predicted: ['a', 'b'], corrected: 'b' },
    ],
    [
      'choices',
      'topic',
      [region('topic', 'choices', { choices: ['A'] })],
      [region('topic', 'choices', { choices: ['A', 'B'] })],
      { predicted: ['A'], corrected: ['A', 'B'] },
    ],
    [
      'a number',
      'n',
      [region('n', 'number', { number: 1 })],
      [region('n', 'number', { number: 2 })],
      { predicted: 1, corrected: 2 },
    ],
    ['what was taken away', 'answer', textArea('a'), [], { predicted: 'a', corrected: null }],
    ['what was added', 'answer', [], textArea('b'), { predicted: null, corrected: 'b' }],
    ['an annotation without a result', 'answer', textArea('a'), null, { predicted: 'a', corrected: null }],
    [
      'a span with its place',
      'label',
      [region('label', 'labels', { start: 0, end: 2, labels: ['PER'] })],
      [],
      { predicted: { start: 0, end: 2, labels: ['PER'] }, corrected: null },
    ],
    [
      'several regions as a list',
      'label',
      [],
      [region('label', 'labels', { start: 0 }), region('label', 'labels', { start: 5, end: 6 })],
      { predicted: null, corrected: [0, { start: 5, end: 6 }] },
    ],
    [
      'relations by what they join',
      'relations',
      [{ type: 'relation', from_id: 'a', to_id: 'b', direction: 'right', labels: ['x'] }],
      [],
      { predicted: { from_id: 'a', to_id: 'b', direction: 'right', labels: ['x'] }, corrected: null },
    ],
  ])('with the difference of %s', (_sentence, name, before, after, diff) => {
    expect(show(name, before, after).diff).toEqual({ [name]: diff })
  })

  test('but not without a comparison', () => {
    const outcome = { state: 'skipped', stratum: null, seed: null, compared: null } as const
    expect(() => presentTask({ task_id: 5, outcome } as unknown as ComparedTask, '')).toThrow('task 5')
  })
})
