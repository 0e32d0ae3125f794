import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { monitorInput } from '../support/monitors.ts'
import { type TestService, testService } from '../support/service.ts'

let it: TestService
beforeAll(async () => {
  it = await testService()
  await mkdir(it.logs, { recursive: true })
  const line = (i: number) =>
    JSON.stringify({
      question: `q${i}`,
      answer: `a${i}`,
      model_version: i % 3 ? 'v2' : 'v1',
      confidence: i / 10,
    })
  for (const day of ['11', '12']) {
    const lines = Array.from({ length: 10 }, (_, i) => line(i))
    await writeFile(join(it.logs, `2024-11-${day}.jsonl`), [...lines, '{"question": 1,}'].join('\n'))
  }
})
afterAll(() => it.stop())

const window = { from: '2024-11-11', to: '2024-11-12' }
const monitor = (name: string, where: string | null) =>
  it
    .request()
    .post('/monitors')
    .send(
      monitorInput({
        name,
        source: { type: 'file', path: '.', key_pattern: '{YYYY}-{MM}-{DD}.jsonl' },
        format: { type: 'jsonl' },
        sample: { total: 4, where },
      }),
    )

describe('a monitor with sample.where', () => {
  test('is saved and read with it', async () => {
    const { status, body } = await monitor('unsure', 'model_version = "v2" and confidence < 0.6')
    expect([status, body.sample.where]).toEqual([201, 'model_version = "v2" and confidence < 0.6'])
  })

  test.each([
    ['is no expression', 'confidence <', /JSONata/],
    ['could run for ever', '($f := function(){ $f() }; $f())', /character/],
  ])('is refused where it %s', async (_case, where, says) => {
    const { status, body } = await monitor('refused', where)
    expect(status).toBe(422)
    expect(body.errors).toEqual([{ path: '/sample/where', message: expect.stringMatching(says) }])
  })

  test('is refused when a patch breaks it', async () => {
    const patch = it
      .request()
      .patch('/monitors/unsure')
      .send({ sample: { where: '$eval(answer)' } })
    expect((await patch).status).toBe(422)
  })

  test('shows in a preview what counts', async () => {
    const { body } = await it.request().post('/monitors/unsure/preview').send(window)
    expect(body.records.map(({ confidence }: { confidence: number }) => confidence)).toEqual([
      0.1, 0.2, 0.4, 0.5, 0.1, 0.2, 0.4, 0.5,
    ])
  })

  test('says in a preview when nothing counts', async () => {
    await monitor('typo', 'model_versoin = "v2"')
    const { body } = await it.request().post('/monitors/typo/preview').send(window)
    expect(JSON.stringify(body.problems)).toMatch(/Of the first \d+ records none counts by sample.where/)
  })

  test('runs over what counts, by stratum', async () => {
    const run = await it
      .request()
      .post('/runs')
      .set('Prefer', 'wait=20')
      .send({ monitor: 'unsure', ...window })
    expect(run.body.strata).toEqual([
      { key: '2024-11-11', seen: 4, sampled: 2 },
      { key: '2024-11-12', seen: 4, sampled: 2 },
    ])
    expect(run.body.progress).toMatchObject({ records_seen: 8, records_malformed: 2, tasks_total: 4 })
  })

  test('warns of a run in which nothing counts', async () => {
    const run = await it
      .request()
      .post('/runs')
      .set('Prefer', 'wait=20')
      .send({ monitor: 'typo', ...window })
    expect(run.body).toMatchObject({ status: 'ready', project: null })
    expect(run.body.warnings[0]).toContain('model_versoin')
  })
})
