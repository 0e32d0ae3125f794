import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { monitorInput } from '../support/monitors.ts'
import { answered, reviewedProject } from '../support/reviewed.ts'
import { type TestService, testService } from '../support/service.ts'

const TOPICS = ['billing', 'delivery']
const line = (i: number) =>
  JSON.stringify({ question: `Q${i}`, answer: `A${i}`, topic: TOPICS[i % 2], model_version: 'v1' })

let it: TestService
beforeAll(async () => {
  it = await testService()
  await mkdir(it.logs, { recursive: true })
  await writeFile(
    join(it.logs, '2024-11-11.jsonl'),
    Array.from({ length: 200 }, (_, i) => line(i)).join('\n'),
  )
})
afterAll(() => it.stop())

async function monitor(name: string, sample: object, more: object = {}) {
  const source = { type: 'file', path: '.', key_pattern: '{YYYY}-{MM}-{DD}.jsonl' }
  const input = monitorInput({
    name,
    source,
    format: { type: 'jsonl' },
    sample: { total: 50, seed: 7, ...sample },
    ...more,
  })
  const { status, body } = await it.request().post('/monitors').send(input)
  expect(status).toBe(201)
  return { id: body.id as string, name }
}

/** A run up to where Label Studio, which is not there, would be called: its plan is made. */
async function planned(name: string, more: object = {}) {
  const window = { from: '2024-11-11', to: '2024-11-11' }
  const { body } = await it
    .request()
    .post('/runs')
    .set('Prefer', 'wait=20')
    .send({ monitor: name, ...window, ...more })
  const tasks = await it.database.database.kysely
    .selectFrom('run_tasks')
    .selectAll()
    .where('run_id', '=', body.id)
    .orderBy('position')
    .execute()
  return { run: body, tasks }
}

describe('a run with blind tasks', () => {
  test('says how many there are, in all and by stratum', async () => {
    await monitor('blind', { by: 'topic', blind_fraction: 0.3 })
    const { run, tasks } = await planned('blind')
    const blind = tasks.filter((task) => task.blind)
    expect(run).toMatchObject({ progress: { tasks_total: 50 }, tasks_blind: 15 })
    expect(run.strata).toEqual(
      TOPICS.map((key) => ({
        ...{ key, seen: 100, sampled: 25 },
        blind: blind.filter(({ stratum }) => stratum === key).length,
      })),
    )
    expect(blind).toHaveLength(15)
  })

  test('keeps their predictions, and tells Label Studio nothing that tells them from the others', async () => {
    await monitor('kept', { blind_fraction: 0.5 })
    const { tasks } = await planned('kept')
    for (const { data, meta, result } of tasks) {
      expect(result).toHaveLength(1)
      expect(Object.keys(data)).toEqual(['question'])
      expect(Object.keys(meta).sort()).toEqual([
        ...['date', 'key', 'model_version', 'monitor', 'run', 'source', 'stratum'],
      ])
      expect(meta.model_version).toBe('v1')
    }
  })

  test('draws the same records as without, and the same blind ones again', async () => {
    await monitor('without', {})
    await monitor('with', { blind_fraction: 0.2 })
    const sources = (tasks: { meta: Record<string, unknown> }[]) => tasks.map(({ meta }) => meta.source)
    const [without, first, second] = [
      (await planned('without')).tasks,
      (await planned('with')).tasks,
      (await planned('with', { force: true })).tasks,
    ]
    expect(sources(first)).toEqual(sources(without))
    expect(without.some(({ blind }) => blind)).toBe(false)
    expect(sources(first.filter(({ blind }) => blind))).toEqual(sources(second.filter(({ blind }) => blind)))
    expect(first.filter(({ blind }) => blind)).toHaveLength(10)
  })

  test('is warned where the labeling config shows what is predicted', async () => {
    const config = '<View><Text name="q" value="$answer"/><TextArea name="answer" toName="q"/></View>'
    await monitor('shown', { blind_fraction: 0.2 }, { labeling: { config } })
    expect((await planned('shown')).run.warnings).toEqual([
      expect.stringMatching(/Blind tasks are not blind.*answer/),
    ])
  })

  test.each([-0.1, 1.1, '0.3', null])('is refused a fraction of %j', async (blind_fraction) => {
    const { status, body } = await it
      .request()
      .post('/monitors')
      .send(monitorInput({ name: 'refused', sample: { blind_fraction } }))
    expect([status, body.errors?.[0]?.path]).toEqual([400, '/sample/blind_fraction'])
  })
})

describe('a run with the allocation neyman', () => {
  const sampled = ({ run }: { run: { strata: { key: string; sampled: number }[] } }) =>
    run.strata.map(({ sampled }) => sampled)

  test('is proportional, and says so, before there is a review', async () => {
    await monitor('young', { by: 'topic', allocation: 'neyman' })
    const result = await planned('young')
    expect(sampled(result)).toEqual([25, 25])
    expect(result.run.warnings).toEqual([expect.stringMatching(/proportional.*sample.by topic.*neyman/)])
  })

  test('samples more where the newest reviewed run was less certain', async () => {
    const own = await monitor('old', { by: 'topic', allocation: 'neyman' })
    const tasks = (topic: string, changed: number) =>
      Array.from({ length: 60 }, (_, i) => ({
        ...answered(`${topic} ${i}`, 'a', i < changed ? 'b' : 'a'),
        stratum: topic,
      }))
    const run = (from: string, by = 'topic') => ({ monitor: own, from, to: from, by })
    const make = (project: number, from: string, billing: number, delivery: number, by?: string) =>
      reviewedProject(it.database.database, {
        project,
        tasks: [...tasks('billing', billing), ...tasks('delivery', delivery)],
        run: run(from, by),
      })
    await make(1, '2024-11-01', 0, 30)
    await make(2, '2024-11-05', 30, 1)
    // Newer, but by something else, and not reviewed.
    await make(3, '2024-11-07', 0, 30, 'date')
    await reviewedProject(it.database.database, {
      ...{ project: 4, tasks: [answered('x', 'a', null)], run: run('2024-11-08') },
    })
    const result = await planned('old')
    const [billing, delivery] = sampled(result) as [number, number]
    expect(billing).toBeGreaterThan(33)
    expect(delivery).toBeGreaterThan(5)
    expect(billing + delivery).toBe(50)
    expect(result.run.warnings).toEqual([])
  })

  test('takes the spread of a date from its day of the week', async () => {
    const own = await monitor('weekly', { allocation: 'neyman', total: 40 })
    const week = ['2024-11-04', '2024-11-05'] // the Monday and the Tuesday before
    await writeFile(
      join(it.logs, '2024-11-12.jsonl'),
      Array.from({ length: 200 }, (_, i) => line(i)).join('\n'),
    )
    await reviewedProject(it.database.database, {
      project: 5,
      tasks: Array.from({ length: 80 }, (_, i) => ({
        ...answered(`Q${i}`, 'a', i % 4 === 0 ? 'b' : 'a'),
        stratum: week[i % 2] as string,
      })),
      run: { monitor: own, from: '2024-11-04', to: '2024-11-05', by: 'date' },
    })
    const { run } = await planned('weekly', { from: '2024-11-11', to: '2024-11-12' })
    const [monday, tuesday] = sampled({ run }) as [number, number]
    expect(monday).toBeGreaterThan(tuesday)
    expect(run.strata.map(({ key }: { key: string }) => key)).toEqual(['2024-11-11', '2024-11-12'])
  })
})
