import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createSessionCookies } from '../../src/http/session-cookie.ts'
import { monitorInput } from '../support/monitors.ts'
import { type TestService, testService } from '../support/service.ts'

const TOKENS = { API_TOKENS: 'the-admin,read:the-reader,write:the-writer' }

let it: TestService
let host: string
beforeAll(async () => {
  it = await testService({ ...TOKENS, TRUST_PROXY: '127.0.0.1' })
  host = new URL(it.service.url).host
})
afterAll(() => it.stop())

const signIn = (token: string, headers: Record<string, string> = {}) =>
  it.request().post('/session').set(headers).send({ token })
const cookieOf = (answer: { headers: Record<string, unknown> }) =>
  String((answer.headers['set-cookie'] as string[] | undefined)?.[0])
const sessionOf = async (token: string) => cookieOf(await signIn(token)).split(';')[0] as string

describe('the session of a page', () => {
  test('is what a token is exchanged for, and does not hold it', async () => {
    const answer = await signIn('the-reader')
    expect(answer.status).toBe(200)
    expect(answer.body).toEqual({ role: 'read', expires_at: expect.stringMatching(/^\d{4}-.*Z$/) })
    expect(answer.headers['cache-control']).toBe('no-store')
    const cookie = cookieOf(answer)
    expect(cookie).toMatch(
      /^monitor_session=\d+\.[\w-]{43}; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Strict$/,
    )
    expect(Buffer.from(cookie.split(/[=.;]/)[2] as string, 'base64url').toString()).not.toContain('reader')
  })

  test.each([
    ['a proxy that speaks https', { 'X-Forwarded-Proto': 'https' }],
    ['a page that was loaded by https', { Origin: 'https://monitor.example.org' }],
  ])('stays with https behind %s', async (_case, headers) => {
    expect(cookieOf(await signIn('the-reader', headers))).toMatch(/; Secure/)
  })

  test.each([
    ['the-reader', 'read', 200, 403],
    ['the-writer', 'write', 200, 404],
    ['the-admin', 'admin', 200, 404],
  ])('of %s may %s', async (token, role, reading, changing) => {
    const session = await sessionOf(token)
    const asked = await it.request().get('/session').set('Cookie', session)
    expect(asked.body.role).toBe(role)
    const read = await it.request().get('/monitors').set('Cookie', `theme=dark; ${session}`)
    expect(read.status).toBe(reading)
    const change = it.request().post('/monitors/missing/preview').set('Cookie', session)
    expect((await change.set('Sec-Fetch-Site', 'same-origin')).status).toBe(changing)
  })

  test.each([
    ['a wrong token', 'wrong'],
    ['the webhook secret', 'hook-secret'],
  ])('is not made for %s', async (_case, token) => {
    const answer = await signIn(token)
    expect(answer.status).toBe(401)
    expect(answer.headers['set-cookie']).toBeUndefined()
  })

  test('ends by taking the cookie back', async () => {
    const answer = await it
      .request()
      .delete('/session')
      .set('Cookie', await sessionOf('the-reader'))
    expect(answer.status).toBe(204)
    expect(cookieOf(answer)).toMatch(/^monitor_session=; Path=\/; Expires=Thu, 01 Jan 1970/)
  })

  test.each([
    ['nothing', 'theme=dark'],
    ['an empty one', 'monitor_session='],
    ['a made-up one', `monitor_session=99999999999.${'A'.repeat(43)}`],
    ['one with a longer life', null],
  ])('is nobody’s with %s as cookie', async (_case, given) => {
    const session = given ?? (await sessionOf('the-admin')).replace(/=\d+/, '=99999999999')
    const asked = await it.request().get('/session').set('Cookie', session)
    expect(asked.body).toEqual({ role: null, expires_at: null })
    expect((await it.request().get('/monitors').set('Cookie', session)).status).toBe(401)
  })

  test.each([
    ['the service’s own page', () => ({ 'Sec-Fetch-Site': 'same-origin' }), 201],
    [
      'the service’s own page, in a browser that knows Origin only',
      () => ({ Origin: `http://${host}` }),
      201,
    ],
    ['a page of another site', () => ({ 'Sec-Fetch-Site': 'cross-site' }), 401],
    ['Label Studio’s page on the same host', () => ({ 'Sec-Fetch-Site': 'same-site' }), 401],
    ['another page, in a browser that knows Origin only', () => ({ Origin: 'http://127.0.0.1:1' }), 401],
    ['a page without an origin', () => ({ Origin: 'null' }), 401],
    ['nobody who says so', () => ({}), 401],
  ])('lets %s change something, or not', async (who, headers, status) => {
    const answer = await it
      .request()
      .post('/monitors')
      .set('Cookie', await sessionOf('the-writer'))
      .set(headers())
      .send(monitorInput({ name: `m-${who.replaceAll(/[^a-z]+/gi, '-')}` }))
    expect(answer.status).toBe(status)
  })

  test('is asked about with a wrong token', async () => {
    expect((await it.request().get('/session').set('Authorization', 'Bearer wrong')).status).toBe(401)
  })

  test('and its token are logged nowhere', async () => {
    const session = await sessionOf('the-reader')
    await it.request().get('/monitors').set('Cookie', session)
    await it.request().post('/session').type('json').send('{"token": "the-reader"')
    const all = it.logged.join('\n')
    for (const secret of ['the-reader', session.split('.')[1] as string]) expect(all).not.toContain(secret)
  })
})

describe('the cookie of a session', () => {
  const token = { hash: Buffer.from('hash of a token') }
  const other = { hash: Buffer.from('hash of another') }
  const cookies = createSessionCookies('key', () => 1_000_000)
  const { value, expiresAt } = cookies.issue(token.hash)
  const at = (now: number, key = 'key') => createSessionCookies(key, () => now)

  test.each([
    ['is found by its token among others', cookies, [other, token], token],
    ['is found by another process with the same key', at(1_000_000), [token], token],
    ['holds until its end', at(expiresAt.getTime() - 1), [token], token],
    ['holds no longer', at(expiresAt.getTime()), [token], null],
    ['ends with its token', cookies, [other], null],
    ['ends with the key', at(1_000_000, 'another'), [token], null],
  ])('%s', (_case, reader, tokens, found) => {
    expect(reader.find(value, tokens)?.token ?? null).toBe(found)
  })
})

describe('without tokens', () => {
  let open: TestService
  beforeAll(async () => {
    open = await testService({ PUBLIC_URL: 'http://monitor.example.org:9090' })
  })
  afterAll(() => open.stop())

  test('a page need not ask for one', async () => {
    expect((await open.request().get('/session')).body).toEqual({ role: 'admin', expires_at: null })
    const answer = await open.request().post('/session').send({ token: 'any' })
    expect(answer.body).toEqual({ role: 'admin', expires_at: null })
    expect(answer.headers['set-cookie']).toBeUndefined()
  })

  test.each([
    ['curl', {}, 422],
    ['the service’s own page', { 'Sec-Fetch-Site': 'same-origin' }, 422],
    ['a page of another site', { 'Sec-Fetch-Site': 'cross-site' }, 401],
    ['a page of Label Studio', { Origin: 'http://127.0.0.1:8080' }, 401],
    ['a page whose name leads here', { Host: 'attacker.example', 'Sec-Fetch-Site': 'same-origin' }, 401],
    [
      'a page whose name leads here and that says otherwise',
      { Host: 'attacker.example', 'X-Forwarded-Host': 'localhost', 'Sec-Fetch-Site': 'same-origin' },
      401,
    ],
  ])('%s is let in, or not', async (_who, headers, status) => {
    const answer = await open.request().post('/monitors/import').set(headers).type('text').send('[x]')
    expect(answer.status).toBe(status)
  })

  test.each([
    ['a link in Label Studio', { 'Sec-Fetch-Site': 'same-site' }, 200],
    ['somebody through a proxy', { 'X-Forwarded-For': '192.0.2.7' }, 401],
    ['somebody under PUBLIC_URL', { Host: 'monitor.example.org:9090' }, 401],
    ['localhost', { Host: 'localhost:9090' }, 200],
    ['[::1]', { Host: '[::1]:9090' }, 200],
    ['a name that leads here', { Host: 'attacker.example' }, 401],
  ])('%s can be followed to read, or not', async (_who, headers, status) => {
    expect((await open.request().get('/monitors').set(headers)).status).toBe(status)
  })
})
