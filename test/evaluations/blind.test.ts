import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { presentEvaluation } from '../../src/evaluations/evaluation.ts'
import { findProject, readContext } from '../../src/evaluations/read.ts'
import { newcombe } from '../../src/metrics/difference.ts'
import { present, seededRandom } from '../metrics/fixtures/statistics-cases.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { answered, type ReviewedTask, reviewedProject } from '../support/reviewed.ts'

const CHOICES = `<View><Text name="question" value="$question"/>
  <Choices name="topic" toName="question"><Choice value="right"/><Choice value="wrong"/></Choices></View>`
const MONITOR = { id: '6d0d8a7c-4b7e-4c1e-8f0e-2a6d5c9b1e33', name: 'qa' }

let db: TestDatabase
beforeAll(async () => {
  db = await testDatabase()
  await db.database.kysely
    .insertInto('monitors')
    .values({ id: MONITOR.id, name: MONITOR.name, definition: '{"thresholds": []}' })
    .execute()
})
afterAll(() => db?.drop())

type Evaluation = Awaited<ReturnType<typeof evaluate>>
const numbersOf = ({
  change_rate,
  similarity,
  similarity_sequence,
  controls,
  verdict,
  ...rest
}: Evaluation) => ({
  ...{ change_rate, similarity, similarity_sequence, controls, verdict },
  ...{ versions: rest.by_model_version, strata: rest.by_stratum, annotators: rest.by_annotator },
})

let last = 0
async function evaluate(tasks: ReviewedTask[], more: object = {}) {
  const project = ++last
  await reviewedProject(db.database, { project, tasks, ...more })
  const row = await findProject(db.database.kysely, project)
  return presentEvaluation(await readContext(db.database.kysely, present(row), () => 'http://ls.test'))
}

const choice = (value: string) => [
  { id: 'r', from_name: 'topic', to_name: 'question', type: 'choices', value: { choices: [value] } },
]

/** A model that is wrong in some of its answers, and a reviewer who lets some of these pass when they see them. */
function simulated(options: { tasks: number; wrong: number; accepts: number; blind: number; seed: number }) {
  const random = seededRandom(options.seed)
  return Array.from({ length: options.tasks }, (_, i): ReviewedTask => {
    const blind = i < options.tasks * options.blind
    const isWrong = random() < options.wrong
    const accepted = !blind && isWrong && random() < options.accepts
    return {
      data: { question: `Q${i}` },
      prediction: choice(isWrong ? 'wrong' : 'right'),
      annotations: [choice(accepted ? 'wrong' : 'right')],
      blind,
    }
  })
}

describe('a reviewer who lets three of ten wrong answers pass', () => {
  const options = { tasks: 3_000, wrong: 0.4, accepts: 0.3, blind: 0.5, seed: 11 }

  test('is found out by the blind tasks', async () => {
    const { blind, change_rate } = await evaluate(simulated(options), {
      labelConfig: CHOICES,
      controls: ['topic'],
    })
    const { shown, difference } = present(blind)
    expect(present(blind?.blind.value)).toBeCloseTo(0.4, 1)
    expect(present(shown.value)).toBeCloseTo(0.28, 1)
    const [lower, upper] = present(difference.change_rate.interval)
    // 0.4 × 0.3 more wrong answers are found where none is shown.
    expect(lower).toBeGreaterThan(0)
    expect(upper).toBeGreaterThan(0.12)
    expect(lower).toBeLessThan(0.12)
    expect(present(difference.similarity.value)).toBeCloseTo(-present(difference.change_rate.value), 5)
    // What decides is of the shown ones alone.
    expect(change_rate).toMatchObject({ changed: shown.changed, reviewed: 1_500 })
  })

  test('is found out in nearly all of 200 reviews, and one who looks well is suspected in few', () => {
    const found = (accepts: number) => {
      let times = 0
      for (let seed = 0; seed < 200; seed++) {
        const arms = { blind: { changed: 0, reviewed: 0 }, shown: { changed: 0, reviewed: 0 } }
        for (const { blind, prediction, annotations } of simulated({
          ...options,
          tasks: 1_000,
          accepts,
          seed,
        })) {
          const arm = arms[blind ? 'blind' : 'shown']
          arm.reviewed++
          if (JSON.stringify(annotations?.[0]) !== JSON.stringify(prediction)) arm.changed++
        }
        if (present(newcombe(arms.blind, arms.shown, 0.95)).interval[0] > 0) times++
      }
      return times / 200
    }
    expect(found(0.3)).toBeGreaterThan(0.95)
    // 2.5 of 100 by chance.
    expect(found(0)).toBeLessThan(0.06)
  })
})

describe('blind tasks', () => {
  const seen = [answered('a', 'x'), answered('b', 'x', 'y')].map((task) => ({ ...task, stratum: 'd' }))
  const unseen = [
    answered('c', 'kitten', 'sitting'),
    answered('d', 'z'),
    answered('e', 'z', null),
    { ...answered('f', 'z'), annotations: [{ result: [], was_cancelled: true }] },
  ].map((task) => ({ ...task, blind: true, stratum: 'd' }))
  const run = {
    monitor: MONITOR,
    from: '2024-11-11',
    to: '2024-11-12',
    strata: [{ key: 'd', seen: 60, sampled: 6, blind: 4 }],
  }

  test('are covered, and count in nothing but their own numbers', async () => {
    const all = await evaluate([...seen, ...unseen], { run })
    const alone = await evaluate(seen, { run: { ...run, strata: [{ key: 'd', seen: 60, sampled: 6 }] } })
    expect(numbersOf(all)).toEqual(numbersOf(alone))
    expect(alone.blind).toBeNull()
    expect(alone.coverage).toEqual({ tasks: 2, reviewed: 2, skipped: 0, not_comparable: 0 })
    expect(all.coverage).toEqual({ tasks: 6, reviewed: 4, skipped: 1, not_comparable: 0 })
    expect(all.blind).toMatchObject({
      shown: { changed: 1, reviewed: 2, value: 0.5 },
      blind: { changed: 1, reviewed: 2, value: 0.5 },
      difference: { change_rate: { value: 0, interval: [expect.any(Number), expect.any(Number)] } },
    })
    expect(all.blind?.blind.similarity).toBeCloseTo((1 + 4 / 7) / 2, 8)
    // The original script knows nothing of them.
    expect(all.seed_metric.total).toBe(5)
  })

  test('that nobody reviewed yet have no value, which is not 0', async () => {
    const { blind } = await evaluate([...seen, present(unseen[2])], { run })
    expect(blind).toEqual({
      shown: { changed: 1, reviewed: 2, value: 0.5, similarity: expect.any(Number) },
      blind: { changed: 0, reviewed: 0, value: null, similarity: null },
      difference: {
        change_rate: { value: null, interval: null },
        similarity: { value: null, interval: null },
      },
    })
  })

  test('are not waited for by the sequence of the weighted rate', async () => {
    const many = (count: number, more: object) =>
      Array.from({ length: count }, (_, i) => ({ ...answered(`Q${i}`, 'x'), ...more }))
    const strata = [
      { key: 'd', seen: 600, sampled: 20, blind: 0 },
      { key: 'e', seen: 100, sampled: 6, blind: 4 },
    ]
    const { change_rate } = await evaluate(
      [
        ...many(20, { stratum: 'd' }),
        ...many(2, { stratum: 'e' }),
        ...many(4, { stratum: 'e', blind: true }),
      ],
      { run: { ...run, strata } },
    )
    expect(present(change_rate.weighted.sequence)[1]).toBeLessThan(1)
  })
})
