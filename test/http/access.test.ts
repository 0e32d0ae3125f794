import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readContractDocument } from '../../src/contract/document.ts'
import { createCallLimits } from '../../src/http/call-limits.ts'
import { type TestService, testService } from '../support/service.ts'

const TOKENS = { nobody: null, read: 'the-reader', write: 'the-writer', admin: 'the-admin' }
const ROLES = ['nobody', 'read', 'write', 'admin'] as const

/** What each call asks for. A new one has to be written down here as well as in openapi.yaml. */
const NEEDED: Record<string, readonly string[]> = {
  nobody: [
    'getRoot getHealth getReadiness getContractYaml getContractJson getDocs',
    'getSession createSession deleteSession',
  ],
  read: [
    'listMonitors getMonitor getTrend samplePrediction listRuns getRun streamRun listEvaluations compareEvaluations',
    'getEvaluation listEvaluationTasks exportEvaluation getGate getMetrics',
  ],
  write: [
    'createMonitor importMonitor patchMonitor previewDraft previewMonitor createRun cancelRun retryRun reconcileEvaluation',
  ],
  admin: ['deleteMonitor'],
  'webhook secret': ['receiveWebhook'],
  'ML backend password': ['setUpModel predict listModelVersions'],
  'secret path': [
    'getRootBySecret getHealthBySecret setUpModelBySecret predictBySecret listModelVersionsBySecret',
    'receiveWebhookBySecret',
  ],
}

const operations = Object.entries(readContractDocument().json.paths).flatMap(([path, item]) =>
  Object.entries(item)
    .filter(([method]) => method !== 'parameters')
    .map(([method, operation]) => ({ id: (operation as { operationId: string }).operationId, method, path })),
)
const needing = (what: string) => {
  const ids = (NEEDED[what] ?? []).flatMap((line) => line.split(' '))
  return operations.filter(({ id }) => ids.includes(id))
}

let it: TestService
beforeAll(async () => {
  it = await testService({
    API_TOKENS: 'the-admin,read:the-reader,write:the-writer',
    BASIC_AUTH_USER: 'label-studio',
    BASIC_AUTH_PASS: 'ml-password',
  })
})
afterAll(() => it.stop())

/** Each refused call comes from another address, so that none counts as guessing. */
let calls = 0

/** The status of a call whose path names nothing and whose body is missing: 401 and 403 come before all that. */
async function statusOf(
  { method, path }: { method: string; path: string },
  headers: Record<string, string> = {},
  secret = 'guess',
): Promise<number> {
  const named = path
    .replace('{secret}', secret)
    .replace('{run}', '00000000-0000-4000-8000-000000000000')
    .replace('{project}', '999')
    .replace('{monitor}', 'missing')
  const address = `192.0.2.${++calls % 256}`
  const answer = await it
    .request()
    [method as 'get'](named)
    .set({ ...headers, 'X-Forwarded-For': address })
  return answer.status
}

const bearer = (token: string | null): Record<string, string> =>
  token === null ? {} : { Authorization: `Bearer ${token}` }
const basic = (user: string, password: string) => ({ Authorization: `Basic ${btoa(`${user}:${password}`)}` })

describe('the roles of calls', () => {
  test('are written down for each call of the contract, once', () => {
    const written = Object.values(NEEDED).flatMap((lines) => lines.flatMap((line) => line.split(' ')))
    expect(written.toSorted()).toEqual(operations.map(({ id }) => id).toSorted())
  })

  describe.each(ROLES.map((role, rank) => ({ role, rank })))('for calls of $role', ({ role, rank }) => {
    test.each(needing(role))('$method $path', async (operation) => {
      const answers: Record<string, string> = {}
      const expected: Record<string, string> = {}
      for (const [index, who] of ROLES.entries()) {
        const status = await statusOf(operation, bearer(TOKENS[who]))
        answers[who] = status === 401 ? 'refused' : status === 403 ? 'too small' : 'let in'
        expected[who] = index >= rank ? 'let in' : who === 'nobody' ? 'refused' : 'too small'
      }
      expect(answers).toEqual(expected)
      if (role === 'nobody') return
      for (const token of ['hook-secret', 'ml-password', 'the-reader,the-writer']) {
        expect(await statusOf(operation, bearer(token))).toBe(401)
      }
      expect(await statusOf(operation, basic('label-studio', 'the-admin'))).toBe(401)
    })
  })

  test.each(needing('webhook secret'))('$method $path takes the webhook secret alone', async (operation) => {
    expect(await statusOf(operation, { 'X-Webhook-Secret': 'hook-secret' })).toBe(400)
    for (const headers of [{}, bearer('the-admin'), basic('label-studio', 'ml-password')]) {
      expect(await statusOf(operation, headers)).toBe(401)
    }
  })

  test.each(needing('ML backend password'))(
    '$method $path takes the ML backend’s password alone',
    async (operation) => {
      expect([200, 400]).toContain(await statusOf(operation, basic('label-studio', 'ml-password')))
      for (const headers of [
        {},
        bearer('the-admin'),
        basic('label-studio', 'wrong'),
        basic('ml', 'ml-password'),
      ]) {
        expect(await statusOf(operation, headers)).toBe(401)
      }
    },
  )

  test.each(needing('secret path'))('$method $path takes the secret in its path alone', async (operation) => {
    expect([200, 400]).toContain(await statusOf(operation, {}, 'hook-secret'))
    for (const headers of [{}, bearer('the-admin'), bearer('hook-secret')]) {
      expect(await statusOf(operation, headers)).toBe(401)
    }
  })
})

describe('a token that comes near', () => {
  test.each([
    ['is shorter', 'the-admi'],
    ['is longer', 'the-admin-'],
    ['is in other letters', 'THE-ADMIN'],
    ['has its scope before it', 'read:the-reader'],
    ['is very long', 'x'.repeat(10_000)],
    ['is no ASCII', 'thé-admin'],
  ])('and %s is no token', async (_how, token) => {
    const encoded = Buffer.from(token, 'utf8').toString('latin1')
    expect(await statusOf({ method: 'get', path: '/monitors' }, { Authorization: `Bearer ${encoded}` })).toBe(
      401,
    )
    const answer = await it.request().post('/session').set('X-Forwarded-For', '198.51.100.9').send({ token })
    expect(answer.status).toBe(token.length > 1_000 ? 400 : 401)
  })
})

describe('whoever is refused', () => {
  test('is told how to authenticate', async () => {
    const answer = await it.request().get('/monitors')
    expect(answer.headers['www-authenticate']).toBe('Bearer')
    expect(answer.body.type).toBe('urn:label-studio-monitor:problem:unauthenticated')
  })

  test('is told which role is missing', async () => {
    const answer = await it.request().delete('/monitors/missing').set(bearer('the-writer'))
    expect(answer.body.detail).toBe('This call needs the role admin; this token has write.')
  })
})

test('no secret is ever logged', async () => {
  await it
    .request()
    .post('/ml/hook-secret/setup')
    .send({ project: '1.1', schema: '<View/>', hostname: 'http://ls', access_token: 'a-credential-of-ls' })
  const all = it.logged.join('\n')
  for (const secret of [...Object.values(TOKENS), 'hook-secret', 'ml-password', 'a-credential-of-ls']) {
    if (secret !== null) expect(all).not.toContain(secret)
  }
})

describe('guessing', () => {
  let guessed: TestService
  beforeAll(async () => {
    guessed = await testService({ API_TOKENS: 'the-admin', RATE_LIMIT: '0' })
    for (let guess = 0; guess < 100; guess++) {
      const answer = await guessed
        .request()
        .get('/monitors')
        .set(bearer(`guess-${guess}`))
      expect(answer.status).toBe(401)
    }
  })
  afterAll(() => guessed.stop())

  test.each([
    ['a wrong token', 'get', '/monitors', bearer('wrong')],
    ['even the right token', 'get', '/monitors', bearer('the-admin')],
    ['a wrong webhook secret', 'post', '/webhook', { 'X-Webhook-Secret': 'wrong' }],
    ['a wrong path', 'get', '/ml/wrong/health', {}],
  ])('is stopped for a while: %s is answered 429', async (_what, method, path, headers) => {
    const answer = await guessed.request()[method as 'get'](path).set(headers)
    expect(answer.status).toBe(429)
    expect(answer.type).toBe('application/problem+json')
    expect(answer.body.type).toBe('urn:label-studio-monitor:problem:too-many-requests')
    const seconds = Number(answer.headers['retry-after'])
    expect(seconds).toBeGreaterThanOrEqual(1)
    expect(seconds).toBeLessThanOrEqual(60)
  })

  test('a session can’t be had either', async () => {
    expect((await guessed.request().post('/session').send({ token: 'the-admin' })).status).toBe(429)
  })

  test.each([
    ['the header', '/webhook', { 'X-Webhook-Secret': 'hook-secret' }],
    ['the path', '/ml/hook-secret/webhook', {}],
  ])('no event is lost by it: the right secret in %s is let in', async (_where, path, headers) => {
    const event = { action: 'ANNOTATION_CREATED', project: { id: 1 } }
    const answer = await guessed
      .request()
      .post(path)
      .set(headers as Record<string, string>)
      .send(event)
    expect(answer.status).toBe(202)
  })

  test.each([
    ['who brings nothing is asked for a token', '/monitors', 401],
    ['what is open stays open', '/health', 200],
  ])('%s', async (_case, path, status) => {
    expect((await guessed.request().get(path)).status).toBe(status)
  })

  test('from another address goes on', async () => {
    const answer = await guessed
      .request()
      .get('/monitors')
      .set({ ...bearer('the-admin'), 'X-Forwarded-For': '192.0.2.7' })
    expect(answer.status).toBe(200)
  })
})

describe('the networks that guesses are counted for', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1', true],
    ['192.0.2.1', '192.0.2.2', false],
    ['192.0.2.1', '::ffff:192.0.2.1', true],
    ['2001:db8:1:2::1', '2001:db8:1:2:ffff:ffff:ffff:ffff', true],
    ['2001:db8:1:2::1', '2001:0DB8:0001:0002:0:0:0:9', true],
    ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
    ['fe80::1%eth0', 'fe80::2', true],
    ['::1', '1::', false],
  ])('%s and %s: the same is %s', async (one, other, isSame) => {
    const limits = createCallLimits(0)
    for (let guess = 0; guess < 100; guess++) await limits.countFailure(one)
    const blocked = await limits.refuseGuessing(other).then(
      () => false,
      () => true,
    )
    expect(blocked).toBe(isSame)
  })
})

describe('calls of one token', () => {
  let limited: TestService
  beforeAll(async () => {
    limited = await testService({ API_TOKENS: 'the-admin,read:the-reader', RATE_LIMIT: '3' })
  })
  afterAll(() => limited.stop())

  test('are limited to RATE_LIMIT a minute, those of another are not, and webhooks never', async () => {
    const statuses = []
    for (let call = 0; call < 5; call++) {
      statuses.push((await limited.request().get('/monitors').set(bearer('the-reader'))).status)
    }
    expect(statuses).toEqual([200, 200, 200, 429, 429])
    expect((await limited.request().get('/monitors').set(bearer('the-admin'))).status).toBe(200)
    for (let call = 0; call < 9; call++) {
      const event = limited.request().post('/webhook').set('X-Webhook-Secret', 'hook-secret')
      expect((await event.send({ action: 'X' })).status).toBe(202)
    }
  })
})
