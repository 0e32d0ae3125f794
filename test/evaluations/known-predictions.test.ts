import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { knownPredictions, knownVersions } from '../../src/evaluations/known-predictions.ts'
import type { Region } from '../../src/labeling/types.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { answered, reviewedProject, textArea } from '../support/reviewed.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await testDatabase()
  await reviewedProject(db.database, {
    project: 1,
    tasks: [answered('old', 'first answer'), { ...answered('two', 'x'), version: 'v2' }],
  })
  await reviewedProject(db.database, {
    project: 2,
    tasks: [
      { ...answered('old', 'second answer'), version: 'v3' },
      { data: { b: 1, a: [{ d: 2, c: 3 }] }, prediction: textArea('nested') },
      { data: { question: 'none' }, prediction: [] },
      { ...answered('hidden', 'secret'), blind: true },
      { ...answered('twice', 'secret'), blind: true },
      answered('twice', 'the same'),
    ],
  })
})
afterAll(() => db?.drop())

const ask = (...tasks: unknown[]) => knownPredictions(db.database.kysely, tasks, null)
const nothing = { result: [] }

describe('the answer of the production model', () => {
  test('is found by the task’s data', async () => {
    expect(await ask({ data: { question: 'two' } })).toEqual([
      { result: textArea('x'), model_version: 'v2', score: 0.5 },
    ])
  })
  test('is found in whatever order the keys of the data come', async () => {
    expect(await ask({ data: { a: [{ c: 3, d: 2 }], b: 1 } })).toMatchObject([{ result: textArea('nested') }])
  })
  test('is that of the newest project', async () => {
    expect(await ask({ data: { question: 'old' } })).toMatchObject([
      { result: textArea('second answer'), model_version: 'v3' },
    ])
  })
  test('comes for each task in the order asked, also twice', async () => {
    const answers = await ask(
      { data: { question: 'two' } },
      {},
      { data: { question: 'old' } },
      { data: { question: 'two' } },
    )
    expect(answers.map(({ model_version }) => model_version)).toEqual(['v2', undefined, 'v3', 'v2'])
  })
  test.each<[sentence: string, task: unknown]>([
    ['other data', { data: { question: 'unheard of' } }],
    ['data with one key more', { data: { question: 'two', more: 1 } }],
    ['an answer without regions', { data: { question: 'none' } }],
    ['a blind task', { data: { question: 'hidden' } }],
    ['data that a blind task has, whichever task it is asked for', { data: { question: 'twice' } }],
    ['no data', {}],
    ['a task that is null', null],
    ['a task that is a text', 'two'],
    ['a data of NUL characters', { data: { question: '\0' } }],
  ])('is empty for %s', async (_sentence, task) => {
    expect(await ask(task)).toEqual([nothing])
  })
  test('is there again when the blind task is gone', async () => {
    const gone = (present: boolean) =>
      db.database.kysely.updateTable('tasks').set({ present }).where('blind', '=', true).execute()
    await gone(false)
    expect(await ask({ data: { question: 'twice' } })).toMatchObject([{ result: textArea('the same') }])
    await gone(true)
  })
  test('is nothing for no tasks', async () => {
    expect(await ask()).toEqual([])
  })

  test.each<[sentence: string, config: string, result: Region[]]>([
    [
      'has a control of its name',
      '<View><Text name="question" value="$q"/><TextArea name="answer" toName="question"/></View>',
      textArea('x'),
    ],
    [
      'has none of its name',
      '<View><Text name="question" value="$q"/><TextArea name="other" toName="question"/></View>',
      [],
    ],
    ['can not be read', 'no XML <', textArea('x')],
  ])('is shown in a project whose labeling config %s', async (_sentence, config, result) => {
    const [answer] = await knownPredictions(db.database.kysely, [{ data: { question: 'two' } }], config)
    expect(answer?.result).toEqual(result)
  })
})

test('the versions are those of all runs, each once, in order; records without one have none', async () => {
  const { kysely } = db.database
  expect(await knownVersions(kysely)).toEqual([])
  const id = randomUUID()
  await kysely
    .insertInto('runs')
    .values({
      ...{
        id,
        monitor: 'm',
        definition: '{}',
        status: 'ready',
        window_from: '2026-11-20',
        window_to: '2026-11-20',
      },
      ...{ total: 4, seed: 1, request_hash: '', progress: '{}' },
    })
    .execute()
  await kysely
    .insertInto('run_tasks')
    .values(
      ['v2', 'v10', null, 'v2'].map((model_version, position) => ({
        ...{ run_id: id, position, key: `${position}`, stratum: '', data: '{}', meta: '{}', result: '[]' },
        model_version,
      })),
    )
    .execute()
  expect(await knownVersions(kysely)).toEqual(['v10', 'v2'])
})
