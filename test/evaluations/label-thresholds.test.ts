import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type MonitorThreshold, presentEvaluation } from '../../src/evaluations/evaluation.ts'
import { findProject, readContext } from '../../src/evaluations/read.ts'
import { present } from '../metrics/fixtures/statistics-cases.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { type ReviewedTask, reviewedProject } from '../support/reviewed.ts'

const LABELS = ['a/b c.d', 'other']
const CONFIG = `<View><Text name="question" value="$question"/><Choices name="my topic" toName="question">
  ${LABELS.map((label) => `<Choice value="${label}"/>`).join('')}</Choices></View>`

let db: TestDatabase
beforeAll(async () => {
  db = await testDatabase()
  const choice = (value: string) => [
    { id: 'r', from_name: 'my topic', to_name: 'question', type: 'choices', value: { choices: [value] } },
  ]
  /** So many answers with what was predicted, and what it should have been. */
  const answers = (count: number, [predicted, right]: [number, number], more: Partial<ReviewedTask>) =>
    Array.from(
      { length: count },
      (): ReviewedTask => ({
        data: { question: 'x' },
        prediction: choice(LABELS[predicted] as string),
        annotations: [choice(LABELS[right] as string)],
        stratum: 'd',
        ...more,
      }),
    )
  const monitor = { id: randomUUID(), name: 'qa' }
  const thresholds: Partial<MonitorThreshold>[] = [
    { metric: 'label:my topic/a/b c.d.recall', min: 0.5 },
    { metric: 'label:my topic/a/b c.d.recall', min: 0.5, model_version: 'v2' },
    { metric: 'label:my topic/a/b c.d.precision', min: 0.5 },
    { metric: 'label:my topic/other.f1', min: 0.5, stratum: 'e' },
    { metric: 'label:my topic/not yet.recall', min: 0.5 },
    { metric: 'control:my topic.change_rate', max: 0.5, model_version: 'v2' },
  ]
  const definition = { thresholds: thresholds.map((each) => ({ min_reviewed: 30, ...each })) }
  await db.database.kysely
    .insertInto('monitors')
    .values({ ...monitor, definition: JSON.stringify(definition) })
    .execute()
  await reviewedProject(db.database, {
    project: 1,
    labelConfig: CONFIG,
    controls: ['my topic'],
    run: { monitor, from: '2024-11-11', to: '2024-11-12' },
    tasks: [
      ...answers(90, [0, 0], { version: 'v1' }),
      ...answers(10, [1, 0], { version: 'v1' }),
      ...answers(5, [0, 0], { version: 'v2' }),
      ...answers(45, [1, 0], { version: 'v2' }),
      ...answers(40, [1, 1], { version: 'v2', stratum: 'e' }),
      // Nobody saw these predictions, and they would turn every number.
      ...answers(300, [1, 0], { version: 'v2', blind: true }),
    ],
  })
})
afterAll(() => db?.drop())

async function evaluate() {
  const row = present(await findProject(db.database.kysely, 1))
  return presentEvaluation(await readContext(db.database.kysely, row, () => 'http://ls.test'))
}

describe('a threshold on a label', () => {
  test('is decided by the answers that reviewers gave it to, of all, or of one version or stratum', async () => {
    const { thresholds, verdict } = await evaluate()
    expect(thresholds.map(({ value, reviewed, state }) => [value, reviewed, state])).toEqual([
      [95 / 150, 150, 'pass'],
      [5 / 50, 50, 'fail'],
      [1, 95, 'pass'],
      [1, 40, 'pass'],
      [null, 0, 'inconclusive'],
      [45 / 90, 90, 'inconclusive'],
    ])
    expect(verdict).toBe('fail')
  })
})
