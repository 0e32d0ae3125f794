import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestService, testService } from '../support/service.ts'

let it: TestService
beforeAll(async () => {
  it = await testService()
})
afterAll(() => it.stop())

const EVENT = '{"action":"ANNOTATION_CREATED","project":{"id":1}}'
const RIGHT = { 'X-Webhook-Secret': 'hook-secret', 'X-Request-Id': 'the-same' }
/** A query that says nothing is enough to go the long way. */
const WAYS = { short: '/webhook', long: '/webhook?any=1' }

async function post(path: string, body: string, headers: Record<string, string> = {}) {
  const sent = await fetch(`${it.service.url}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...RIGHT, ...headers },
    body,
  })
  // only what the app answers may be compressed
  const { date: _, vary: __, ...answered } = Object.fromEntries(sent.headers)
  return { status: sent.status, headers: answered, body: await sent.json() }
}

const events = async () => {
  const { rows } = await it.database.database.pool.query('select body from events order by id')
  return rows.map(({ body }) => String(body))
}

const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`

describe('both ways of an event', () => {
  test.each([
    ['an event', EVENT, 202],
    ['an event behind a byte order mark', `\ufeff${EVENT}`, 202],
    ['characters of several bytes', '{"action":"Ünïcode 🦜"}', 202],
    ['200 levels', nested(200), 202],
    ['201 levels', nested(201), 400],
    ['a list', '[]', 400],
    ['null', 'null', 400],
    ['half an object', '{"action":', 400],
  ])('answer %s alike', async (_case, body, status) => {
    const before = await events()
    const short = await post(WAYS.short, body)
    const long = await post(WAYS.long, body)
    expect(short.status).toBe(status)
    expect(short.body).toEqual(long.body)
    expect(short.headers).toEqual(long.headers)
    expect((await events()).slice(before.length)).toEqual(status === 202 ? [body, body] : [])
  })

  test('keep out alike whoever has no secret', async () => {
    const wrong = { 'X-Webhook-Secret': 'wrong' }
    const [short, long] = [await post(WAYS.short, EVENT, wrong), await post(WAYS.long, EVENT, wrong)]
    expect(short.status).toBe(401)
    expect(short.body).toEqual(long.body)
  })

  test.each([
    ['text', { 'Content-Type': 'text/plain' }, 415],
    ['another charset', { 'Content-Type': 'application/json; charset=utf-16' }, 400],
    ['a compression that it is not', { 'Content-Encoding': 'gzip' }, 400],
  ])('do not take %s', async (_case, headers, status) => {
    expect((await post(WAYS.short, EVENT, headers)).status).toBe(status)
  })

  test('tell alike that an event could not be stored', async () => {
    const { pool } = it.database.database
    await pool.query('alter table events rename to events_elsewhere')
    const [short, long] = [await post(WAYS.short, EVENT), await post(WAYS.long, EVENT)]
    await pool.query('alter table events_elsewhere rename to events')
    expect(short.status).toBe(500)
    expect(short).toEqual(long)
    expect((await post(WAYS.short, EVENT)).status).toBe(202)
  })

  test('count one that breaks off as gone', async () => {
    const { hostname, port } = new URL(it.service.url)
    const socket = connect(Number(port), hostname)
    const head = [
      'POST /webhook HTTP/1.1',
      'Host: any',
      'Content-Type: application/json',
      'Content-Length: 100',
    ]
    socket.write([...head, 'X-Webhook-Secret: hook-secret', '', '{"action":'].join('\r\n'))
    setTimeout(() => socket.destroy(), 50)
    await expect
      .poll(async () => (await it.request().get('/metrics')).text)
      .toContain('method="POST",route="/webhook",status="499"')
  })

  test('are counted alike', async () => {
    await post(WAYS.short, EVENT)
    const { text } = await it.request().get('/metrics')
    expect(text).toContain('method="POST",route="/webhook",status="202"')
  })
})
