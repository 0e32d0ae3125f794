import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { monitorInput } from '../support/monitors.ts'
import { type TestService, testService } from '../support/service.ts'

let it: TestService
beforeAll(async () => {
  it = await testService({
    API_TOKENS: 'the-admin,read:the-reader,write:the-writer',
    BASIC_AUTH_USER: 'label-studio',
    BASIC_AUTH_PASS: 'ml-password',
  })
})
afterAll(() => it.stop())

describe('with API tokens set', () => {
  test.each([
    ['nobody', null, 'GET', '/monitors', 401],
    ['a wrong token', 'wrong', 'GET', '/monitors', 401],
    ['the reader', 'the-reader', 'GET', '/monitors', 200],
    ['the reader', 'the-reader', 'POST', '/monitors', 403],
    ['the writer', 'the-writer', 'GET', '/monitors', 200],
    ['the writer', 'the-writer', 'POST', '/monitors', 201],
    ['the admin', 'the-admin', 'DELETE', '/monitors/qa-model', 204],
    ['the webhook secret', 'hook-secret', 'GET', '/monitors', 401],
    ['nobody', null, 'GET', '/health', 200],
    ['nobody', null, 'GET', '/ready', 503],
    ['nobody', null, 'GET', '/openapi.yaml', 200],
    ['nobody', null, 'GET', '/openapi.json', 200],
    ['nobody', null, 'GET', '/docs', 200],
    ['nobody', null, 'GET', '/evaluations/1', 401],
  ])('%s (%s) doing %s %s is answered %i', async (_who, token, method, path, status) => {
    const call = it.request()[method.toLowerCase() as 'get'](path)
    if (token) call.set('Authorization', `Bearer ${token}`)
    const answer = method === 'POST' ? await call.send(monitorInput()) : await call
    expect(answer.status).toBe(status)
    if (status === 401) expect(answer.headers['www-authenticate']).toMatch(/Bearer/)
  })

  test.each([
    ['nobody', {}, '/setup', 401],
    ['a wrong password', { Authorization: `Basic ${btoa('label-studio:wrong')}` }, '/setup', 401],
    ['Label Studio', { Authorization: `Basic ${btoa('label-studio:ml-password')}` }, '/setup', 200],
    ['whoever knows the secret path', {}, '/ml/hook-secret/setup', 200],
    ['whoever guesses the secret path', {}, '/ml/guess/setup', 401],
  ])('%s setting up the ML backend is answered as it should', async (_who, headers, path, status) => {
    const body = {
      project: '1.1',
      schema: '<View/>',
      hostname: 'http://ls',
      access_token: 'a-credential-of-ls',
    }
    expect((await it.request().post(path).set(headers).send(body)).status).toBe(status)
  })

  test('no secret is ever logged', () => {
    const all = it.logged.join('\n')
    for (const secret of [
      'the-admin',
      'the-reader',
      'the-writer',
      'hook-secret',
      'ml-password',
      'a-credential-of-ls',
    ]) {
      expect(all).not.toContain(secret)
    }
  })
})
