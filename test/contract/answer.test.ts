import request from 'supertest'
import { describe, expect, it } from 'vitest'
import { Problem } from '../../src/contract/problem.ts'
import { createContract } from '../../src/contract/validator.ts'
import { appWith, example, openapi } from './app.ts'

describe('the answer', () => {
  const answering = (status: number, body: unknown) =>
    appWith((_request, response) => {
      response.status(status).set({ ETag: '"1"', Location: '/runs/1' }).json(body)
    })

  it.each([
    ['a field that is missing', { ...example('Run'), seed: undefined }],
    ['a status that there is not', { ...example('Run'), status: 'done' }],
    ['a time that is none', { ...example('Run'), created_at: 'yesterday' }],
    ['a time that is none, where null is one', { ...example('Run'), started_at: '2024-11-18' }],
    ['a number as text', { ...example('Run'), total: '200' }],
    ['nothing', null],
  ])('is held back with %s: the caller gets a bare 500, the log what is wrong', async (_name, body) => {
    const { app, logs } = answering(200, body)
    const response = await request(app).get('/runs/6d0d8a7c-4b7e-4c1e-8f0e-2a6d5c9b1e33')
    expect(response.status).toBe(500)
    expect(response.headers.location).toBeUndefined()
    expect(response.headers.etag).not.toBe('"1"')
    expect(Object.keys(response.body).sort()).toEqual(['detail', 'instance', 'status', 'title', 'type'])
    expect(JSON.stringify(response.body)).not.toMatch(/seed|done|yesterday/)
    expect(logs).toMatchObject([
      { level: 'error', fields: { operation: 'getRun', instance: response.body.instance } },
    ])
    expect(JSON.stringify(logs)).toContain('does not fit the contract')
  })

  it('is held back with a secret in it', async () => {
    const monitor = example('Monitor')
    const leaking = {
      ...monitor,
      source: {
        ...(monitor.source as object),
        credentials: { access_key_id: 'AKIA', secret_access_key: 'hush' },
      },
    }
    const { app, logs } = answering(200, leaking)
    const response = await request(app).get('/monitors/qa')
    expect(response.status).toBe(500)
    expect(response.text + JSON.stringify(logs)).not.toMatch(/AKIA|hush/)
  })

  it('is held back with a status that the contract does not have', async () => {
    await request(answering(203, example('Run')).app)
      .get('/runs/6d0d8a7c-4b7e-4c1e-8f0e-2a6d5c9b1e33')
      .expect(500)
  })

  it('goes out when it fits, with its headers', async () => {
    const response = await request(answering(200, example('Run')).app).get(
      '/runs/6d0d8a7c-4b7e-4c1e-8f0e-2a6d5c9b1e33',
    )
    expect(response.status).toBe(200)
    expect(response.headers.etag).toBe('"1"')
    expect(response.body).toEqual(example('Run'))
  })

  it('may have more fields than the contract', async () => {
    await request(answering(200, { ...example('Health'), more: 1 }).app)
      .get('/health')
      .expect(200)
  })

  it('that is a problem goes out even if the contract does not list its status, and is logged', async () => {
    const { app, logs } = appWith(() => {
      throw new Problem('run-state', 'It is ready.')
    })
    const response = await request(app).get('/health')
    expect(response.status).toBe(409)
    expect(logs).toMatchObject([{ level: 'error', fields: { operation: 'getHealth' } }])
  })

  it('that is a problem of the contract is not logged', async () => {
    const { app, logs } = appWith(() => {
      throw new Problem('run-state', 'It is ready.')
    })
    await request(app).post('/runs/6d0d8a7c-4b7e-4c1e-8f0e-2a6d5c9b1e33/cancel').expect(409)
    expect(logs).toEqual([])
  })
})

describe('edges of the validator library', () => {
  it('it looks only at what goes out by `json`, not at text and streams', async () => {
    const { app } = appWith((_request, response) => {
      response.type('application/json').send('{"status":"DOWN"}')
    })
    await request(app).get('/health').expect(200)
  })

  it('it does not look at answers from 500 on', async () => {
    const { app } = appWith((_request, response) => {
      response.status(503).json({ anything: true })
    })
    await request(app).get('/health').expect(503, { anything: true })
  })

  it('it holds JSON of an unlisted type to the first listed one', async () => {
    const { app } = appWith((_request, response) => {
      response.type('text/html').json({ status: 'DOWN' })
    })
    await request(app).get('/').expect(500)
  })

  it('it passes an answer of a listed type that it can not read', async () => {
    const { app } = appWith((_request, response) => {
      response.type('text/html').send('<p>')
    })
    await request(app).get('/').expect(200)
  })

  it('it fills `query`, which Express 5 makes anew at each look, for good', async () => {
    const { app } = appWith((incoming, response) => {
      const before = incoming.query
      response.status(500).json([incoming.query, incoming.query === before])
    })
    const response = await request(app).get('/runs?limit=7')
    expect(response.body).toEqual([{ limit: 7 }, true])
  })

  it('it does not change the document that is served', async () => {
    const before = JSON.stringify(openapi)
    await request(
      appWith((_request, response) => {
        response.json({ items: [], next_cursor: null })
      }).app,
    ).get('/runs')
    expect(JSON.stringify(openapi)).toBe(before)
  })
})

describe('a value held to a schema of the contract', () => {
  const contract = createContract({ document: openapi, logger: { error() {}, warn() {} } })

  it('comes back with its defaults, and is left as it was', () => {
    const value = example('MonitorInputShortest')
    const monitor = contract.check('MonitorInput', value)
    expect(monitor.sample.total).toBe(200)
    expect(value).toEqual(example('MonitorInputShortest'))
  })

  it('is refused as a body is', () => {
    const wrong = () =>
      contract.check('MonitorInput', { ...example('MonitorInputShortest'), sample: { total: 0 } })
    expect(wrong).toThrow(Problem)
    expect(wrong).toThrow('/sample/total must be >= 1, is 0.')
  })

  it.each(['MonitorInput', 'Monitor', 'Evaluation', 'Run'])(
    "takes the contract's own example of %s",
    (name) => {
      expect(() => contract.check(name as 'Run', example(name))).not.toThrow()
    },
  )
})
