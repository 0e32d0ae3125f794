import { mkdir } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { monitorInput } from '../support/monitors.ts'
import { type TestService, testService } from '../support/service.ts'

let it: TestService
beforeAll(async () => {
  it = await testService()
  await mkdir(it.logs, { recursive: true })
  await it.request().post('/monitors').send(monitorInput())
})
afterAll(() => it.stop())

const start = (body: object, headers: Record<string, string> = {}) =>
  it
    .request()
    .post('/runs')
    .set(headers)
    .send({ monitor: 'qa-model', ...body })

describe('a run over logs that hold nothing', () => {
  test('ends ready, without a project, and says so', async () => {
    const { status, body, headers } = await start(
      { from: '2024-01-01', to: '2024-01-02' },
      { Prefer: 'wait=20' },
    )
    expect(status).toBe(200)
    expect(headers.location).toBe(`/runs/${body.id}`)
    expect(body).toMatchObject({ status: 'ready', project: null, error: null })
    expect(body.message).toMatch(/no record/)
  })

  test('draws a seed once and keeps it', async () => {
    const { body } = await start({ from: '2024-01-03', to: '2024-01-03' }, { Prefer: 'wait=20' })
    expect(Number.isSafeInteger(body.seed)).toBe(true)
    expect((await it.request().get(`/runs/${body.id}`)).body.seed).toBe(body.seed)
  })

  test('tells how it goes as server-sent events, and ends the stream with the run', async () => {
    const { body } = await start({ from: '2024-01-04', to: '2024-01-04' })
    const stream = await it.request().get(`/runs/${body.id}/events`).buffer(true)
    expect(stream.type).toBe('text/event-stream')
    const last = stream.text.trim().split('\n\n').at(-1) as string
    expect(last).toMatch(/^event: run\ndata: /)
    expect(JSON.parse(last.slice(last.indexOf('{')))).toMatchObject({ id: body.id, status: 'ready' })
  })
})

describe('the same call twice', () => {
  test('for the same monitor and window gives the run that exists', async () => {
    const first = await start({ from: '2024-02-01', to: '2024-02-07' })
    const second = await start({ from: '2024-02-01', to: '2024-02-07' })
    expect([first.status, second.status]).toEqual([202, 200])
    expect(second.body.id).toBe(first.body.id)
  })

  test('with force starts another run', async () => {
    const first = await start({ from: '2024-02-08', to: '2024-02-09' })
    const second = await start({ from: '2024-02-08', to: '2024-02-09', force: true })
    expect(second.status).toBe(202)
    expect(second.body.id).not.toBe(first.body.id)
  })

  test('at the same moment makes one run', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => start({ from: '2024-03-01', to: '2024-03-01' })),
    )
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1)
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(1)
  })

  test('with one Idempotency-Key makes one run, even with force', async () => {
    const key = { 'Idempotency-Key': 'monday' }
    const first = await start({ from: '2024-04-01', to: '2024-04-01', force: true }, key)
    const second = await start({ from: '2024-04-01', to: '2024-04-01', force: true }, key)
    expect([first.status, second.status]).toEqual([202, 200])
    expect(second.body.id).toBe(first.body.id)
  })

  test('with one Idempotency-Key and another body is refused', async () => {
    const key = { 'Idempotency-Key': 'tuesday' }
    await start({ from: '2024-04-02', to: '2024-04-02' }, key)
    const other = await start({ from: '2024-04-03', to: '2024-04-03' }, key)
    expect(other.status).toBe(422)
    expect(other.body.type).toBe('urn:label-studio-monitor:problem:idempotency-key-reused')
  })
})

describe('a run that is over', () => {
  test('is not cancelled', async () => {
    const { body } = await start({ from: '2024-05-01', to: '2024-05-01' }, { Prefer: 'wait=20' })
    const answer = await it.request().post(`/runs/${body.id}/cancel`)
    expect(answer.status).toBe(409)
    expect(answer.body.type).toBe('urn:label-studio-monitor:problem:run-state')
    expect((await it.request().post(`/runs/${body.id}/retry`)).status).toBe(409)
  })

  test('for want of its directory has failed, says what to mend, and goes on once that is mended', async () => {
    await it
      .request()
      .post('/monitors')
      .send(
        monitorInput({ name: 'lost', source: { type: 'file', path: 'nowhere', key_pattern: '{YYYY}.txt' } }),
      )
    const failed = await start(
      { monitor: 'lost', from: '2024-05-02', to: '2024-05-02' },
      { Prefer: 'wait=20' },
    )
    expect(failed.body).toMatchObject({ status: 'failed', project: null })
    expect(failed.body.error).toMatch(/nowhere/)
    await it
      .request()
      .patch('/monitors/lost')
      .send({ source: { path: '.' } })
    expect((await it.request().post(`/runs/${failed.body.id}/retry`)).status).toBe(202)
    const stream = await it.request().get(`/runs/${failed.body.id}/events`).buffer(true)
    expect(stream.text).toContain('"status":"ready"')
  })
})

test('runs are listed, the newest first, by monitor and by status, page by page', async () => {
  const all: string[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const { body } = await it.request().get(`/runs?limit=3${cursor && `&cursor=${cursor}`}`)
    all.push(...body.items.map((run: { created_at: string }) => run.created_at))
    cursor = body.next_cursor
  }
  expect(all).toEqual([...all].sort().reverse())
  expect(all.length).toBeGreaterThan(8)
  expect((await it.request().get('/runs?monitor=lost')).body.items).toHaveLength(1)
  expect((await it.request().get('/runs?status=failed')).body.items).toEqual([])
})
