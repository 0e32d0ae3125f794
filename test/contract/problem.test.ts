import express from 'express'
import request from 'supertest'
import { describe, expect, it } from 'vitest'
import { PROBLEMS, Problem, type ProblemId, problemHandler, toProblem } from '../../src/contract/problem.ts'
import { appWith } from './app.ts'

function failing(error: unknown) {
  return appWith(() => {
    throw error
  })
}

const withCode = (message: string, fields: object) => Object.assign(new Error(message), fields)

describe('a problem', () => {
  it('answers what RFC 9457 asks for, and its own members', async () => {
    const { app } = failing(
      new Problem('gate-failed', 'change_rate is 0.4.', {
        errors: [{ path: '/a', message: 'is required' }],
        extra: { verdict: 'fail', thresholds: [], project: 12 },
      }),
    )
    const response = await request(app).get('/evaluations/12/gate')
    expect(response.status).toBe(409)
    expect(response.headers['content-type']).toMatch(/^application\/problem\+json/)
    expect(response.body).toEqual({
      type: 'urn:label-studio-monitor:problem:gate-failed',
      title: 'A threshold is crossed',
      status: 409,
      detail: 'change_rate is 0.4.',
      instance: expect.stringMatching(/^urn:label-studio-monitor:request:[0-9a-f-]{36}$/),
      errors: [{ path: '/a', message: 'is required' }],
      verdict: 'fail',
      thresholds: [],
      project: 12,
    })
  })

  it('can not have its own members overridden', async () => {
    const { app } = failing(new Problem('run-state', 'It is ready.', { extra: { status: 200, type: 'x' } }))
    const response = await request(app).post('/runs/6d0d8a7c-4b7e-4c1e-8f0e-2a6d5c9b1e33/cancel')
    expect(response.body).toMatchObject({ status: 409, type: 'urn:label-studio-monitor:problem:run-state' })
  })

  it('has the id of the request where there is one', async () => {
    const app = express()
    app.use((incoming, _response, next) => {
      Object.assign(incoming, { id: 'r-17' })
      next(new Problem('forbidden', 'No.'))
    })
    app.use(problemHandler({ logger: { error() {}, warn() {} } }))
    const response = await request(app).get('/')
    expect(response.body.instance).toBe('urn:label-studio-monitor:request:r-17')
  })

  it.each([
    ['unauthenticated', 'www-authenticate', 'Bearer'],
    ['database-unavailable', 'retry-after', '5'],
    ['label-studio-unavailable', 'retry-after', '10'],
  ] as const)('%s says how to go on in %s', async (id, header, value) => {
    const response = await request(failing(new Problem(id, 'x')).app).get('/runs')
    expect(response.status).toBe(PROBLEMS[id].status)
    expect(response.headers[header]).toBe(value)
  })

  it('takes headers of its own over the usual ones', async () => {
    const problem = new Problem('not-ready', 'x', { headers: { 'Retry-After': '60' } })
    const response = await request(failing(problem).app).get('/ready')
    expect(response.headers['retry-after']).toBe('60')
  })

  it('is of a status that its answer has', () => {
    for (const id of Object.keys(PROBLEMS) as ProblemId[]) {
      expect(new Problem(id, 'x').status).toBe(PROBLEMS[id].status)
    }
  })
})

describe('any other error', () => {
  it.each([
    ['an error', new Error('select * from secrets')],
    ['an error that is thrown as text', 'select * from secrets'],
    ['null', null],
    ['an error with a status of its own', withCode('select * from secrets', { status: 404 })],
    [
      'a broken rule of the database',
      withCode('select * from secrets', { code: '23505', severity: 'ERROR' }),
    ],
    ['a missing file', withCode('select * from secrets', { code: 'ENOENT', syscall: 'open' })],
  ])('is a 500 that says nothing of the cause: %s', async (_name, error) => {
    const { app, logs } = failing(error)
    const response = await request(app).get('/runs')
    // Express takes a thrown null for no error and finds no other handler.
    if (error === null) return expect(response.status).toBe(404)
    expect(response.status).toBe(500)
    expect(response.body.type).toBe('urn:label-studio-monitor:problem:internal')
    expect(response.text).not.toContain('secrets')
    expect(logs).toMatchObject([
      { level: 'error', fields: { method: 'GET', operation: 'listRuns', instance: response.body.instance } },
    ])
    expect(JSON.stringify(logs)).toContain('select * from secrets')
  })

  it('is logged without what hangs on it: requests, headers, bodies, rows', async () => {
    const cause = withCode('refused', {
      config: { headers: { Authorization: 'Token hush' } },
      response: { data: 'hush' },
    })
    const error = Object.assign(new Error('failed', { cause }), {
      detail: 'Key (secret)=(hush)',
      body: '{"hush":1}',
    })
    const { app, logs } = failing(error)
    await request(app)
      .post('/webhook?token=hush')
      .set('Authorization', 'Bearer hush')
      .send({ access_token: 'hush' })
      .expect(500)
    expect(JSON.stringify(logs)).toContain('refused')
    expect(JSON.stringify(logs)).not.toContain('hush')
  })

  it('is logged by its operation, not its path, which may hold a secret', async () => {
    const { app, logs } = failing(new Error('x'))
    await request(app).get('/ml/hush/health').expect(500)
    expect(logs[0]?.fields.operation).toBe('getHealthBySecret')
    expect(JSON.stringify(logs)).not.toContain('hush')
  })

  it('means what the app says it means', async () => {
    class Unreachable extends Error {}
    const { app, logs } = appWith(
      () => {
        throw new Unreachable('x')
      },
      {
        translate: (error) =>
          error instanceof Unreachable
            ? new Problem('label-studio-unavailable', 'Label Studio is away.')
            : undefined,
      },
    )
    await request(app).get('/runs').expect(503)
    expect(logs).toMatchObject([{ level: 'warn' }])
  })

  it('cuts off an answer that has begun, so that it is not taken for complete', async () => {
    const { app, logs } = appWith(async (_request, response) => {
      response.status(200).type('text/event-stream').write('event: run\n')
      throw new Error('x')
    })
    await expect(request(app).get('/runs/6d0d8a7c-4b7e-4c1e-8f0e-2a6d5c9b1e33/events')).rejects.toThrow(
      /aborted|hang up/,
    )
    expect(logs).toHaveLength(1)
  })
})

describe('the database', () => {
  it.each([
    ['refusing connections', { code: 'ECONNREFUSED', syscall: 'connect' }],
    ['at a host that is away', { code: 'EHOSTUNREACH' }],
    ['at a name that is unknown', { code: 'ENOTFOUND' }],
    ['whose socket is gone', { code: 'ENOENT', syscall: 'connect' }],
    ['being shut down by the administrator', { code: '57P01' }],
    ['after a crash', { code: '57P02' }],
    ['starting up', { code: '57P03' }],
    ['with too many connections', { code: '53300' }],
    ['on a full disk', { code: '53100' }],
    ['with an I/O error', { code: '58030' }],
    ['on a read-only server', { code: '25006' }],
    ['on a read-only file system', { code: '42501' }],
    ['losing the connection', { code: '08006' }],
  ])('%s is away, and it is worth trying again', (_name, fields) => {
    const problem = toProblem(withCode('x', fields))
    expect(problem).toMatchObject({
      id: 'database-unavailable',
      status: 503,
      headers: { 'Retry-After': '5' },
    })
  })

  it.each([
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'timeout exceeded when trying to connect',
    'Client has encountered a connection error and is not queryable',
  ])('is away when its driver says: %s', (message) => {
    expect(toProblem(new Error(message)).id).toBe('database-unavailable')
  })

  it('is away when each of its addresses refuses', () => {
    const refused = withCode('x', { code: 'ECONNREFUSED' })
    expect(toProblem(Object.assign(new AggregateError([refused]), { code: 'ECONNREFUSED' })).id).toBe(
      'database-unavailable',
    )
  })

  it.each([
    ['an HTTP call that was refused', { code: 'ECONNREFUSED', isAxiosError: true }],
    ['a call to S3 that was refused', { code: 'ECONNREFUSED', $metadata: {} }],
    ['a query that is wrong', { code: '42601' }],
    ['a statement that was cancelled', { code: '57014' }],
  ])('is not taken for away by %s', (_name, fields) => {
    expect(toProblem(withCode('x', fields)).id).toBe('internal')
  })
})
