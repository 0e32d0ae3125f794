import type { RequestHandler } from 'express'
import request from 'supertest'
import { describe, expect, it } from 'vitest'
import { input, operationOf } from '../../src/contract/operation.ts'
import { appWith } from './app.ts'

const nothing: RequestHandler = (_request, response) => {
  response.status(204).end()
}
/** For requests that should not get through. */
const { app: silent } = appWith(nothing)
const type = (id: string) => `urn:label-studio-monitor:problem:${id}`

describe('the route of a request', () => {
  const { app } = appWith((_request, response) => {
    response.json({ items: [], next_cursor: null })
  })

  it.each([
    ['an unknown path is 404', 'get', '/nope', 404, 'not-found'],
    ['a path below a known one is 404', 'get', '/runs/1/2/3', 404, 'not-found'],
    ['another method is 405', 'delete', '/runs', 405, 'method-not-allowed'],
    ['a name of a call is no monitor', 'get', '/monitors/import', 405, 'method-not-allowed'],
    ['an id that is no number names no project', 'get', '/evaluations/abc', 404, 'not-found'],
    ['an id of 0 names no project', 'get', '/evaluations/0', 404, 'not-found'],
    [
      'an id beyond what numbers hold names no project',
      'get',
      '/evaluations/99999999999999999999',
      404,
      'not-found',
    ],
    ['an id that is no UUID names no run', 'get', '/runs/latest', 404, 'not-found'],
    ['a name with a NUL names no monitor', 'get', '/monitors/a%00b', 404, 'not-found'],
    ['a path that is no UTF-8 is 400', 'get', '/monitors/%ff', 400, 'invalid-request'],
  ] as const)('%s', async (_name, method, path, status, id) => {
    const response = await request(app)[method](path)
    expect(response.status).toBe(status)
    expect(response.headers['content-type']).toMatch(/^application\/problem\+json/)
    expect(response.body).toMatchObject({ type: type(id), status })
  })

  it('names the methods that a path takes', async () => {
    const response = await request(app).delete('/runs')
    expect(response.headers.allow?.split(', ').sort()).toEqual(['GET', 'HEAD', 'POST'])
  })

  it('takes HEAD where it takes GET', async () => {
    const response = await request(app).head('/runs')
    expect(response.status).toBe(200)
    expect(response.text).toBeFalsy()
    await request(app).head('/webhook').expect(405)
  })

  it('takes a slash at the end', async () => {
    await request(app).get('/runs/').expect(200)
  })

  it.each([
    [
      'the roles that a call asks for',
      'get',
      '/runs',
      { id: 'listRuns', route: '/runs', security: [{ apiToken: ['read'] }] },
    ],
    [
      'the roles that a change asks for, and the path without what stands in it',
      'post',
      '/runs/6d0d8a7c-4b7e-4c1e-8f0e-2a6d5c9b1e33/retry',
      { id: 'retryRun', route: '/runs/{run}/retry', security: [{ apiToken: ['write'] }] },
    ],
    [
      'that an open call asks for none',
      'get',
      '/health',
      { id: 'getHealth', route: '/health', security: [] },
    ],
  ] as const)('says before the body is read %s', async (_name, method, path, expected) => {
    let operation: unknown
    const { app: recording } = appWith((incoming, response) => {
      operation = operationOf(incoming)
      response.status(204).end()
    })
    await request(recording)[method](path)
    expect(operation).toEqual(expected)
  })
})

describe('the parameters of a request', () => {
  it('come as numbers and with their defaults', async () => {
    let seen: unknown
    const { app } = appWith((incoming, response) => {
      seen = input<'listEvaluationTasks'>(incoming)
      response.json({ items: [], next_cursor: null })
    })
    await request(app).get('/evaluations/12/tasks?changed=true').expect(200)
    expect(seen).toEqual({ path: { project: 12 }, query: { changed: true, limit: 50 }, body: undefined })
  })

  it.each([
    [
      'an unknown parameter',
      '/runs?state=ready',
      [{ path: 'query.state', message: 'is an unknown parameter' }],
    ],
    ['an empty one', '/runs?cursor=', [{ path: 'query.cursor', message: 'is empty' }]],
    [
      'a number that is too small',
      '/runs?limit=0',
      [{ path: 'query.limit', message: 'must be >= 1, not "0"' }],
    ],
    [
      'a number that is too large',
      '/runs?limit=1001',
      [{ path: 'query.limit', message: 'must be <= 1000, not "1001"' }],
    ],
    [
      'a text for a number',
      '/runs?limit=ten',
      [{ path: 'query.limit', message: 'must be an integer, not "ten"' }],
    ],
    [
      'one given twice',
      '/runs?limit=1&limit=2',
      [{ path: 'query.limit', message: 'must be an integer, not "1" and "2"' }],
    ],
    ['one in brackets', '/runs?limit[a]=1', [{ path: 'query.limit', message: 'must be an integer' }]],
  ])('are refused: %s', async (_name, path, errors) => {
    const response = await request(silent).get(path)
    expect(response.status).toBe(400)
    expect(response.body).toMatchObject({ type: type('invalid-request'), errors })
  })

  it('are all named when several are wrong', async () => {
    const response = await request(silent).get('/runs?limit=0&status=done')
    expect(response.body.errors.map(({ path }: { path: string }) => path).sort()).toEqual([
      'query.limit',
      'query.status',
    ])
  })

  it('may hold any character in a cursor', async () => {
    const { app } = appWith((incoming, response) => {
      response.json({ items: [], next_cursor: input<'listRuns'>(incoming).query.cursor })
    })
    const response = await request(app).get('/runs?cursor=a:b/c,d==')
    expect(response.body.next_cursor).toBe('a:b/c,d==')
  })

  it('are anything where Label Studio calls', async () => {
    const { app } = appWith((_request, response) => {
      response.status(202).json({ accepted: true })
    })
    await request(app).post('/webhook?token=a:b&organization=1').send({ action: 'NEW_ACTION' }).expect(202)
  })

  it('are refused in headers too', async () => {
    const response = await request(silent)
      .post('/runs')
      .set('Idempotency-Key', 'k'.repeat(256))
      .send({ monitor: 'qa' })
    expect(response.status).toBe(400)
    expect(response.body.errors).toEqual([
      { path: 'header.idempotency-key', message: 'must NOT have more than 255 characters' },
    ])
  })
})
