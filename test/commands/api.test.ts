import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { connect } from '../../src/commands/api.ts'
import { cli, testIo } from './io.ts'
import { deadPort, type FakeService, fakeService, problem } from './service.ts'

let service: FakeService
beforeEach(async () => {
  service = await fakeService({ 'GET /evaluations/1/gate': [200, { verdict: 'pass', thresholds: [] }] })
})
afterEach(() => service.close())

describe('which service a command talks to', () => {
  it.each([
    ['HOST and PORT are unset', {}, {}, 'http://127.0.0.1:9090'],
    ['HOST is all IPv4 addresses', { HOST: '0.0.0.0', API_TOKENS: 't' }, {}, 'http://127.0.0.1:9090'],
    ['HOST is all IPv6 addresses', { HOST: '::', API_TOKENS: 't' }, {}, 'http://[::1]:9090'],
    ['HOST is an IPv6 address', { HOST: '::1', PORT: '81' }, {}, 'http://[::1]:81'],
    ['HOST is a name', { HOST: 'localhost', PORT: '81' }, {}, 'http://localhost:81'],
    [
      '--url is given',
      { PORT: '81' },
      { url: 'https://example.org/monitor/' },
      'https://example.org/monitor',
    ],
    [
      '--url and --token are given, so that no setting counts',
      { PORT: 'x' },
      { url: 'http://a', token: 't' },
      'http://a',
    ],
  ])('%s', (_case, env, given, url) => {
    expect(connect(given, testIo({ env })).url).toBe(url)
  })

  it.each([
    ['PORT=0 without --url', { PORT: '0' }, {}, /name the service by --url/],
    [
      '--url without a scheme',
      {},
      { url: 'localhost:9090' },
      /Expected a URL such as .* got "localhost:9090"/,
    ],
    ['an empty --url', {}, { url: '' }, /Expected a URL/],
  ])('%s is refused', (_case, env, given, message) => {
    expect(() => connect(given, testIo({ env }))).toThrow(message)
  })
})

describe('the token that is sent', () => {
  it.each([
    ['without API_TOKENS there is none', {}, '', undefined],
    ['the first of API_TOKENS that may write', { API_TOKENS: 'read:r1, write:w1, a1' }, '', 'Bearer w1'],
    ['a bare one may write', { API_TOKENS: 'read:r1, a1, write:w1' }, '', 'Bearer a1'],
    ['where none may write, the first', { API_TOKENS: 'read:r1,read:r2' }, '', 'Bearer r1'],
    ['--token before API_TOKENS', { API_TOKENS: 'a1' }, '--token mine', 'Bearer mine'],
  ])('%s', async (_case, env, options, header) => {
    expect((await cli(`gate 1 --url ${service.url} ${options}`, { env })).code).toBe(0)
    expect(service.received.map(({ headers }) => headers.authorization)).toEqual([header])
  })
})

describe('answers that are none of success', () => {
  it.each([
    [
      'problem details print title and detail, and each wrong field',
      [
        400,
        problem('invalid-request', 400, 'Two.', {
          errors: [
            { path: '/from', message: 'bad' },
            { path: '', message: 'worse' },
          ],
        }),
      ],
      'Title of invalid-request: Two.\n  /from: bad\n  worse\n',
    ],
    [
      'a wrong field that the detail tells is not told twice',
      [
        400,
        problem('invalid-request', 400, '/from is bad.', { errors: [{ path: '/from', message: 'is bad.' }] }),
      ],
      'Title of invalid-request: /from is bad.\n',
    ],
    [
      'a refused token says where to give one',
      [401, problem('unauthenticated', 401, 'Send an API token.')],
      'Title of unauthenticated: Send an API token.\nGive a token by --token, or by API_TOKENS in the environment.\n',
    ],
    [
      'a page of something else',
      [404, '<html>'],
      'What answers at URL (with status 404) is not this service: check --url.\n',
    ],
    [
      'a page with a status of success',
      [200, '<html>'],
      'What answers at URL (with status 200) is not this service: check --url.\n',
    ],
    [
      'JSON of something else',
      [502, { detail: 'x' }],
      'What answers at URL (with status 502) is not this service: check --url.\n',
    ],
  ] as const)('%s', async (_case, answer, stderr) => {
    service.answers['GET /evaluations/1/gate'] = [...answer]
    const outcome = await cli(`gate 1 --url ${service.url}`)
    expect(outcome).toEqual({ code: 2, stdout: '', stderr: stderr.replace('URL', service.url) })
  })

  it('a refused connection says how to start the service', async () => {
    const port = await deadPort()
    const { code, stderr } = await cli('gate 1', { env: { PORT: String(port) } })
    expect(code).toBe(2)
    expect(stderr).toContain(
      `No service answers at http://127.0.0.1:${port} (ECONNREFUSED): start it with "npm start"`,
    )
  })

  it('a process that is asked to end ends with 130 and no message', async () => {
    const outcome = await cli(`gate 1 --url ${service.url}`, { signal: AbortSignal.abort() })
    expect(outcome).toEqual({ code: 130, stdout: '', stderr: '' })
  })
})
