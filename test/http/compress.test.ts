import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { monitorInput } from '../support/monitors.ts'
import { answered, reviewedProject } from '../support/reviewed.ts'
import { type TestService, testService } from '../support/service.ts'

let it: TestService
beforeAll(async () => {
  it = await testService()
  const tasks = Array.from({ length: 1_000 }, (_, index) =>
    answered(`Question ${index}?`, 'A wrong answer.', 'A right answer.'),
  )
  await reviewedProject(it.database.database, { project: 12, tasks })
  await it.request().post('/monitors').send(monitorInput()).expect(201)
})
afterAll(() => it.stop())

/** The answer as it goes over the wire. */
async function ask(path: string, headers: Record<string, string>, method = 'GET') {
  const request = get(new URL(path, it.service.url), { headers, method })
  const [answer] = (await once(request, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = await answer.toArray()
  return { status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks) }
}

const TASKS = '/evaluations/12/tasks?limit=100'

describe('a large answer', () => {
  test.each([
    ['brotli', 'gzip, deflate, br', 'br', brotliDecompressSync],
    ['gzip', 'gzip', 'gzip', gunzipSync],
  ])(
    'comes in %s to who takes it, a tenth as large, and is the same',
    async (_case, taken, given, unpack) => {
      const plain = await ask(TASKS, {})
      expect([plain.headers['content-encoding'], plain.headers.vary]).toEqual([undefined, 'Accept-Encoding'])
      const packed = await ask(TASKS, { 'Accept-Encoding': taken })
      expect(packed.headers['content-encoding']).toBe(given)
      expect(packed.body.length * 10).toBeLessThan(plain.body.length)
      expect(unpack(packed.body).equals(plain.body)).toBe(true)
    },
  )

  test('is known by the same ETag in each form, and not sent again', async () => {
    const { headers } = await ask(TASKS, {})
    const etag = String(headers.etag)
    const again = await ask(TASKS, { 'Accept-Encoding': 'gzip', 'If-None-Match': etag })
    expect([again.status, again.body.length]).toEqual([304, 0])
  })

  test('has no body for HEAD', async () => {
    const { status, body } = await ask(TASKS, { 'Accept-Encoding': 'gzip' }, 'HEAD')
    expect([status, body.length]).toEqual([200, 0])
  })
})

test.each([
  ['a small one', '/health'],
  ['an export', '/evaluations/12/export?format=jsonl'],
])('%s comes as it is', async (_case, path) => {
  const { status, headers } = await ask(path, { 'Accept-Encoding': 'gzip, br' })
  expect([status, headers['content-encoding']]).toEqual([200, undefined])
})

test('the events of a run come as they are, one by one', async () => {
  const run = await it.request().post('/runs').send({ monitor: 'qa-model' }).expect(202)
  const request = get(new URL(`/runs/${run.body.id}/events`, it.service.url), {
    headers: { 'Accept-Encoding': 'gzip, br' },
  })
  const [answer] = (await once(request, 'response')) as [IncomingMessage]
  const [first] = await once(answer, 'data')
  expect(answer.headers['content-encoding']).toBeUndefined()
  expect(String(first)).toContain('event: run\n')
  request.destroy()
})
