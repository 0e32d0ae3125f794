import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { monitorInput } from '../support/monitors.ts'
import { type TestService, testService } from '../support/service.ts'

let it: TestService
beforeAll(async () => {
  it = await testService()
})
afterAll(() => it.stop())

async function nothingIsStored() {
  const { kysely } = it.database.database
  for (const table of ['monitors', 'runs', 'events', 'projects'] as const) {
    expect(await kysely.selectFrom(table).selectAll().execute(), table).toEqual([])
  }
}

interface Case {
  name: string
  path?: string
  body: unknown
  status: number
  problem: string
  says: RegExp
}

const s3 = (changes: object) =>
  monitorInput({ source: { type: 's3', bucket: 'b', key_pattern: '{MM}', ...changes } })

describe('a monitor that can not be', () => {
  test.each<Case>([
    {
      name: 'has an unknown field',
      body: monitorInput({ colour: 'red' }),
      status: 400,
      problem: 'invalid-request',
      says: /colour/,
    },
    {
      name: 'has a field of the wrong type',
      body: monitorInput({ sample: { total: 'many' } }),
      status: 400,
      problem: 'invalid-request',
      says: /\/sample\/total/,
    },
    {
      name: 'samples nothing (total 0)',
      body: monitorInput({ sample: { total: 0 } }),
      status: 400,
      problem: 'invalid-request',
      says: /\/sample\/total/,
    },
    {
      name: 'has no name',
      body: { ...monitorInput(), name: undefined },
      status: 400,
      problem: 'invalid-request',
      says: /name/,
    },
    {
      name: 'has a name with a slash',
      body: monitorInput({ name: 'a/b' }),
      status: 400,
      problem: 'invalid-request',
      says: /\/name/,
    },
    {
      name: 'has an unknown source',
      body: monitorInput({ source: { type: 'ftp' } }),
      status: 400,
      problem: 'invalid-request',
      says: /\/source/,
    },
    {
      name: 'has a source without bucket',
      body: s3({ bucket: undefined }),
      status: 400,
      problem: 'invalid-request',
      says: /bucket/,
    },
    {
      name: 'has a key pattern with an unknown placeholder',
      body: s3({ key_pattern: '{QQ}.txt' }),
      status: 422,
      problem: 'invalid-monitor',
      says: /QQ/,
    },
    {
      name: 'has no labeling at all',
      body: monitorInput({ labeling: {} }),
      status: 422,
      problem: 'invalid-monitor',
      says: /copy_from_project/,
    },
    {
      name: 'has a config that is no XML',
      body: monitorInput({ labeling: { config: 'just text' } }),
      status: 422,
      problem: 'invalid-monitor',
      says: /XML/i,
    },
    {
      name: 'has a config without control tag',
      body: monitorInput({ labeling: { config: '<View><Text name="t" value="$t"/></View>' } }),
      status: 422,
      problem: 'invalid-monitor',
      says: /control/,
    },
    {
      name: 'maps a control that the config lacks',
      body: monitorInput({ mapping: { prediction: { nonsense: 'answer' } } }),
      status: 422,
      problem: 'invalid-monitor',
      says: /nonsense/,
    },
    {
      name: 'has a threshold on an unknown metric',
      body: monitorInput({ thresholds: [{ metric: 'beauty', max: 1 }] }),
      status: 400,
      problem: 'invalid-request',
      says: /metric/,
    },
    {
      name: 'has a threshold without bound',
      body: monitorInput({ thresholds: [{ metric: 'change_rate' }] }),
      status: 422,
      problem: 'invalid-monitor',
      says: /max, min/,
    },
    {
      name: 'lives in an unknown time zone',
      body: monitorInput({ window: { timezone: 'Mars/Base' } }),
      status: 400,
      problem: 'invalid-request',
      says: /timezone/,
    },
    {
      name: 'mails to no address',
      body: monitorInput({ notify: { emails: ['nobody'] } }),
      status: 400,
      problem: 'invalid-request',
      says: /emails/,
    },
    {
      name: 'keeps a secret that was never stored',
      body: s3({ credentials: { access_key_id: '***', secret_access_key: '***' } }),
      status: 422,
      problem: 'invalid-monitor',
      says: /\*\*\*/,
    },
    { name: 'is a list', body: [], status: 400, problem: 'invalid-request', says: /object/ },
  ])('$name', async ({ body, status, problem, says }) => {
    const answer = await it
      .request()
      .post('/monitors')
      .send(body as object)
    expect(answer.status).toBe(status)
    expect(answer.type).toBe('application/problem+json')
    expect(answer.body.type).toBe(`urn:label-studio-monitor:problem:${problem}`)
    expect(JSON.stringify(answer.body)).toMatch(says)
    await nothingIsStored()
  })

  test('is no JSON', async () => {
    const answer = await it.request().post('/monitors').type('json').send('{"name":')
    expect(answer.status).toBe(400)
    expect(answer.body.type).toBe('urn:label-studio-monitor:problem:invalid-body')
    await nothingIsStored()
  })
})

describe('a run that can not be', () => {
  beforeEach(async () => {
    await it.request().post('/monitors').send(monitorInput())
  })
  test.each<Case>([
    {
      name: 'names an unknown monitor',
      body: { monitor: 'nobody' },
      status: 404,
      problem: 'not-found',
      says: /nobody/,
    },
    {
      name: 'ends before it starts',
      body: { monitor: 'qa-model', from: '2024-11-12', to: '2024-11-11' },
      status: 422,
      problem: 'invalid-window',
      says: /ends/,
    },
    {
      name: 'starts on no date',
      body: { monitor: 'qa-model', from: '2024-02-30' },
      status: 400,
      problem: 'invalid-request',
      says: /\/from/,
    },
    {
      name: 'samples nothing (total 0)',
      body: { monitor: 'qa-model', total: 0 },
      status: 400,
      problem: 'invalid-request',
      says: /\/total/,
    },
    {
      name: 'has an unknown field',
      body: { monitor: 'qa-model', until: 'x' },
      status: 400,
      problem: 'invalid-request',
      says: /until/,
    },
    { name: 'names no monitor', body: {}, status: 400, problem: 'invalid-request', says: /monitor/ },
    {
      name: 'covers ten thousand days',
      body: { monitor: 'qa-model', from: '1990-01-01' },
      status: 422,
      problem: 'invalid-window',
      says: /longer/,
    },
  ])('$name', async ({ body, status, problem, says }) => {
    const answer = await it
      .request()
      .post('/runs')
      .send(body as object)
    expect(answer.status).toBe(status)
    expect(answer.body.type).toBe(`urn:label-studio-monitor:problem:${problem}`)
    expect(JSON.stringify(answer.body)).toMatch(says)
    expect((await it.request().get('/runs')).body.items).toEqual([])
  })
})

describe('an address that names nothing', () => {
  test.each([
    ['GET', '/nowhere', 404],
    ['GET', '/monitors/nobody', 404],
    ['DELETE', '/monitors/nobody', 404],
    ['GET', '/runs/00000000-0000-4000-8000-000000000000', 404],
    ['GET', '/runs/no-uuid', 404],
    ['POST', '/runs/00000000-0000-4000-8000-000000000000/cancel', 404],
    ['POST', '/runs/00000000-0000-4000-8000-000000000000/retry', 404],
    ['GET', '/evaluations/4711', 404],
    ['GET', '/evaluations/99999999999999999999', 404],
    ['GET', '/evaluations/%00', 404],
    ['GET', '/evaluations/%', 400],
    ['PUT', '/runs', 405],
    ['GET', '/monitors?limit=0', 400],
    ['GET', '/monitors?cursor=%00', 400],
    ['GET', '/runs?cursor=bm9wZQ', 400],
    ['GET', '/evaluations?cursor=WyJhIl0', 400],
    ['GET', '/monitors?colour=red', 400],
  ])('%s %s answers %i', async (method, path, status) => {
    const request = it.request()
    const answer = await {
      GET: () => request.get(path),
      POST: () => request.post(path),
      PUT: () => request.put(path),
      DELETE: () => request.delete(path),
    }[method as 'GET']()
    expect(answer.status).toBe(status)
    expect(answer.type).toBe('application/problem+json')
  })
})
