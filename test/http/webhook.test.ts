import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestService, testService } from '../support/service.ts'

let it: TestService
beforeAll(async () => {
  it = await testService()
})
afterAll(() => it.stop())

const event = { action: 'ANNOTATION_CREATED', project: { id: 1 } }
const stored = () => it.database.database.kysely.selectFrom('events').selectAll().execute()

describe('the door for Label Studio', () => {
  test.each([
    ['without a secret', {}, ''],
    ['with a wrong header', { 'X-Webhook-Secret': 'wrong' }, ''],
    ['with a wrong bearer token', { Authorization: 'Bearer wrong' }, ''],
    ['with a wrong password', { Authorization: `Basic ${btoa('user:wrong')}` }, ''],
    ['with a wrong token in the query', {}, '?token=wrong'],
    ['with the secret of another place, doubled', {}, '?token=hook-secret&token=hook-secret'],
  ])('stays shut %s', async (_case, headers, query) => {
    const before = (await stored()).length
    const answer = await it.request().post(`/webhook${query}`).set(headers).send(event)
    expect(answer.status).toBe(401)
    expect(JSON.stringify(answer.body)).not.toContain('hook-secret')
    expect(await stored()).toHaveLength(before)
  })

  test('stays shut below a wrong path', async () => {
    expect((await it.request().post('/ml/wrong/webhook').send(event)).status).toBe(401)
  })

  test.each([
    ['the header', { 'X-Webhook-Secret': 'hook-secret' }, '/webhook'],
    ['a bearer token', { Authorization: 'Bearer hook-secret' }, '/webhook'],
    ['a basic password', { Authorization: `Basic ${btoa('anybody:hook-secret')}` }, '/webhook'],
    ['a token in the query', {}, '/webhook?token=hook-secret'],
    ['the path of the model', {}, '/ml/hook-secret/webhook'],
  ])('opens with the secret in %s', async (_case, headers, path) => {
    const before = (await stored()).length
    const answer = await it.request().post(path).set(headers).send(event)
    expect(answer.status).toBe(202)
    expect(await stored()).toHaveLength(before + 1)
  })

  test.each([
    ['an unknown action', '{"action":"SOMETHING_NEW","project":{"id":7}}'],
    ['no action at all', '{}'],
    [
      'NUL characters',
      '{"action":"ANNOTATION_CREATED","project":{"id":1},"annotation":{"result":["\\u0000"]}}',
    ],
    ['a half of a surrogate pair', '{"action":"\\ud800"}'],
    [
      'numbers out of range',
      '{"action":"ANNOTATION_CREATED","project":{"id":1e400},"annotation":{"id":1e308}}',
    ],
    [
      'ids that are no integers',
      '{"action":"ANNOTATION_CREATED","project":{"id":1},"annotation":{"id":1.5,"task":"x"}}',
    ],
    ['no payload', '{"action":"ANNOTATION_UPDATED"}'],
  ])('takes %s', async (_case, body) => {
    const answer = await it
      .request()
      .post('/webhook')
      .set('X-Webhook-Secret', 'hook-secret')
      .type('json')
      .send(body)
    expect(answer.status).toBe(202)
  })

  test.each([
    ['a list', '[]', 400],
    ['a text', '"text"', 400],
    ['null', 'null', 400],
    ['half an object', '{"action":', 400],
    ['nothing', '', 400],
    ['a hundred thousand levels of nesting', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`, 400],
  ])('refuses %s', async (_case, body, status) => {
    const answer = await it
      .request()
      .post('/webhook')
      .set('X-Webhook-Secret', 'hook-secret')
      .type('json')
      .send(body)
    expect(answer.status).toBe(status)
    expect(answer.type).toBe('application/problem+json')
  })

  test('takes 5,000 tasks in one body', async () => {
    const task = { data: { question: 'q'.repeat(300) }, meta: {}, predictions: [], annotations: [] }
    const tasks = Array.from({ length: 5_000 }, (_, index) => ({ id: index + 1, ...task }))
    const body = { action: 'TASKS_CREATED', project: { id: 1 }, tasks }
    const answer = await it.request().post('/webhook').set('X-Webhook-Secret', 'hook-secret').send(body)
    expect(answer.status).toBe(202)
  })

  test('refuses a body of 60 MB, and says how much it takes', async () => {
    const body = `{"action":"${'x'.repeat(60_000_000)}"}`
    const answer = await it
      .request()
      .post('/webhook')
      .set('X-Webhook-Secret', 'hook-secret')
      .type('json')
      .send(body)
    expect(answer.status).toBe(413)
    expect(answer.body.detail).toContain('52428800')
  })
})
