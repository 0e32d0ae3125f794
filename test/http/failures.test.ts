import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Run } from '../../src/contract/types.ts'
import { monitorInput } from '../support/monitors.ts'
import { answered, type ReviewedTask, reviewedProject } from '../support/reviewed.ts'
import { type TestService, testService } from '../support/service.ts'

const FILE = '2024-11-11.jsonl'
const TOPICS = ['billing', 'delivery', 'returns']
const lines = Array.from({ length: 30 }, (_, i) =>
  JSON.stringify({ question: `Q${i}`, answer: `A${i}`, topic: TOPICS[i % 3], sure: i / 30 }),
)
const offsetOf = (i: number) => lines.slice(0, i).reduce((sum, line) => sum + line.length + 1, 0)

let it: TestService
const ids = new Map<string, string>()
beforeAll(async () => {
  it = await testService()
  await mkdir(it.logs, { recursive: true })
  await writeFile(join(it.logs, FILE), lines.join('\n'))
  for (const name of ['qa', 'fine', 'new']) {
    const input = monitorInput({
      name,
      source: { type: 'file', path: '.', key_pattern: '{YYYY}-{MM}-{DD}.jsonl' },
      format: { type: 'jsonl' },
      sample: { total: 30, by: 'topic' },
    })
    ids.set(name, (await it.request().post('/monitors').send(input)).body.id)
  }
  const make = (name: string, project: number, from: string, tasks: ReviewedTask[]) =>
    reviewedProject(it.database.database, {
      project,
      tasks,
      run: { monitor: { id: ids.get(name) as string, name }, from, to: '2024-11-12' },
    })
  /** The first records of the log, reviewed but for the last, those of the given topics changed. */
  const reviewedLog = (count: number, changed: (i: number) => boolean) =>
    Array.from({ length: count }, (_, i) => ({
      ...answered(`Q${i}`, `A${i}`, i === count - 1 ? null : changed(i) ? 'other' : `A${i}`),
      stratum: TOPICS[i % 3] as string,
      source: `${FILE}@${offsetOf(i)}`,
    }))
  // billing 4 of 4, delivery 1 of 4, returns 0 of 3: in all 5 of 11.
  await make(
    'qa',
    1,
    '2024-11-11',
    reviewedLog(12, (i) => i % 3 === 0 || i === 1),
  )
  // Newer, but nobody has looked at it yet.
  await make(
    'qa',
    2,
    '2024-11-12',
    reviewedLog(1, () => false),
  )
  await make(
    'fine',
    3,
    '2024-11-11',
    reviewedLog(12, () => false),
  )
})
afterAll(() => it.stop())

const start = (body: object) =>
  it
    .request()
    .post('/runs')
    .set('Prefer', 'wait=20')
    .send({ monitor: 'qa', ...body })

describe('a run that asks for more like the failures', () => {
  test('samples the strata that failed, without what was reviewed, from the logs where they did', async () => {
    const { body } = await start({ like_failures: true })
    expect(body).toMatchObject({
      window: { from: '2024-11-11', to: '2024-11-12' },
      focus: { where: null, strata: ['billing'] },
      strata: [{ key: 'billing', seen: 6, sampled: 6 }],
    })
    const rows = await it.database.database.kysely
      .selectFrom('run_tasks')
      .select('data')
      .where('run_id', '=', body.id)
      .execute()
    expect(rows.map(({ data }) => data.question).sort()).toEqual(['Q12', 'Q15', 'Q18', 'Q21', 'Q24', 'Q27'])
  })

  test('looks in another window where it is told to', async () => {
    const { body } = await start({ like_failures: true, from: '2024-11-13', to: '2024-11-13' })
    expect(body).toMatchObject({ window: { from: '2024-11-13' }, strata: [], project: null, status: 'ready' })
  })

  test('with where samples what fits in any stratum, without what was reviewed', async () => {
    const { body } = await start({ where: 'sure < 0.5', from: '2024-11-11', to: '2024-11-11' })
    expect(body.focus).toEqual({ where: 'sure < 0.5', strata: null })
    // Of Q0 to Q14, all but Q11 to Q14 are reviewed.
    expect(body.strata).toMatchObject([
      { key: 'billing', seen: 1 },
      { key: 'delivery', seen: 1 },
      { key: 'returns', seen: 2 },
    ])
  })

  test('with both samples what fits in the strata that failed', async () => {
    const { body } = await start({ where: 'sure < 0.5', like_failures: true })
    expect(body.strata).toMatchObject([{ key: 'billing', seen: 1 }])
  })

  test('is not the run over everything in that window, nor one with another focus', async () => {
    const window = { from: '2024-11-11', to: '2024-11-11' }
    const all = await it
      .request()
      .post('/runs')
      .send({ monitor: 'new', ...window })
    const some = await it
      .request()
      .post('/runs')
      .send({ monitor: 'new', ...window, where: 'sure < 0.5' })
    const same = await it
      .request()
      .post('/runs')
      .send({ monitor: 'new', ...window, where: 'sure < 0.5' })
    const other = await it
      .request()
      .post('/runs')
      .send({ monitor: 'new', ...window, where: 'sure > 0.5' })
    expect(new Set([all, some, other].map(({ body }) => body.id)).size).toBe(3)
    expect(same.body.id).toBe(some.body.id)
    expect(all.body.focus).toBeNull()
  })

  test('keeps its focus when it is tried again', async () => {
    const { body } = await start({ where: 'sure > 0.9', from: '2024-11-11', to: '2024-11-11' })
    const { body: again } = await it.request().post(`/runs/${body.id}/retry`)
    expect((again as Run).focus).toEqual({ where: 'sure > 0.9', strata: null })
  })

  test.each([
    [
      'where nothing was changed',
      { monitor: 'fine', like_failures: true },
      'nothing-failed',
      /no task was changed/,
    ],
    ['where nothing was reviewed', { monitor: 'new', like_failures: true }, 'nothing-failed', /no such run/],
    ['with an expression that is none', { where: 'sure <' }, 'invalid-where', /JSONata/],
  ])('is refused %s', async (_case, body, problem, says) => {
    const answer = await start(body)
    expect([answer.status, answer.body.type]).toEqual([422, `urn:label-studio-monitor:problem:${problem}`])
    expect(answer.body.detail).toMatch(says)
  })

  test('stands in no trend, and its project has no thresholds', async () => {
    const { kysely } = it.database.database
    const { body: before } = await it.request().get('/monitors/fine/trend')
    const monitor = { id: ids.get('fine') as string, name: 'fine' }
    const tasks = Array.from({ length: 40 }, (_, i) => answered(`Q${i}`, 'a', 'b'))
    const run = await reviewedProject(it.database.database, {
      project: 9,
      tasks,
      run: { monitor, from: '2024-11-20', to: '2024-11-20' },
    })
    const verdict = async () => (await it.request().get('/evaluations/9')).body.verdict
    expect(await verdict()).toBe('fail')
    await kysely
      .updateTable('runs')
      .set({ definition: JSON.stringify({ focus: { where: 'sure < 0.5', strata: null } }) })
      .where('id', '=', run as string)
      .execute()
    expect(await verdict()).toBe('inconclusive')
    expect((await it.request().get('/monitors/fine/trend')).body).toEqual(before)
    expect((await it.request().get('/evaluations/compare?monitor=fine')).body.sides).toHaveLength(1)
    expect((await start({ monitor: 'fine', like_failures: true })).status).toBe(422)
  })
})
