import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { lockProject } from '../../src/annotations/store.ts'
import { readFrequencies } from '../../src/evaluations/frequencies.ts'
import { type Addend, moveTallies } from '../../src/evaluations/tally.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await testDatabase()
})
afterAll(() => db?.drop())

const move = (project: number, addends: Addend[]) =>
  db.database.kysely.transaction().execute(async (tx) => {
    await lockProject(tx, project)
    await moveTallies(tx, project, addends)
  })
const edit = (index: number, count: number): Addend => [
  'edit answer',
  JSON.stringify(['', `word ${index}`]),
  count,
  0,
  0,
]
const rows = async (project: number) =>
  db.database.kysely.selectFrom('tallies').select('key').where('project_id', '=', project).execute()

describe('frequencies', () => {
  test('are read by control, each apart from the others and from other projects', async () => {
    await move(1, [
      ['label topic', 'A', 5, 4, 3],
      ['label topic', 'B', 2, 0, 2],
      ['label top', 'A', 1, 1, 1],
      ['confusion topic', '["A","B"]', 2, 0, 0],
      ['confusion topic', '["A",null]', 7, 0, 0],
      ['edit answer', '["","not"]', 1, 0, 0],
    ])
    await move(2, [['label topic', 'C', 9, 9, 9]])
    const read = await readFrequencies(db.database.kysely, 1, ['topic', 'answer', 'never'])
    expect(read.get('topic')).toEqual({
      labels: new Map([
        ['A', { predicted: 4, corrected: 3, both: 2 }],
        ['B', { predicted: 0, corrected: 2, both: 0 }],
      ]),
      confusions: [
        ['A', null, 7],
        ['A', 'B', 2],
      ],
      edits: [],
    })
    expect(read.get('answer')?.edits).toEqual([['', 'not', 1]])
    expect(read.get('never')).toEqual({ labels: new Map(), confusions: [], edits: [] })
  })

  test('of ten thousand different edits are the twenty most frequent, in order', async () => {
    await move(
      3,
      Array.from({ length: 10_000 }, (_, index) => edit(index, (index * 7919) % 10_000)),
    )
    const edits = (await readFrequencies(db.database.kysely, 3, ['answer'])).get('answer')?.edits
    expect(edits?.map(([, , count]) => count)).toEqual(Array.from({ length: 20 }, (_, index) => 9999 - index))
  })

  test('that went back to nothing leave nothing behind', async () => {
    await move(4, [edit(1, 2), edit(2, 1)])
    await move(4, [edit(1, -2), edit(2, 3)])
    expect(await rows(4)).toEqual([{ key: '["","word 2"]' }])
  })
})
