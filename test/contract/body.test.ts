import type { RequestHandler } from 'express'
import request from 'supertest'
import { describe, expect, it } from 'vitest'
import { input } from '../../src/contract/operation.ts'
import { appWith, example } from './app.ts'

const nothing: RequestHandler = (_request, response) => {
  response.status(204).end()
}
/** For requests that should not get through. */
const { app: silent } = appWith(nothing)
const type = (id: string) => `urn:label-studio-monitor:problem:${id}`

describe('the body of a request', () => {
  const echo: RequestHandler = (incoming, response) => {
    response.status(500).json(incoming.body ?? null)
  }
  const { app: echoing } = appWith(echo)

  it('gets its defaults, also below a choice of types', async () => {
    const response = await request(echoing).post('/monitors').send(example('MonitorInputShortest'))
    expect(response.body).toEqual({
      name: 'qa-model',
      source: {
        type: 's3',
        bucket: 'logs',
        prefix: '',
        key_pattern: 'qalogs_{MM}:{DD}:{YY}.txt',
        endpoint: null,
        region: null,
        credentials: null,
        requester_pays: false,
      },
      sample: { total: 200, by: 'date', allocation: 'even', where: null, seed: null, blind_fraction: 0 },
      labeling: { config: null, copy_from_project: 3 },
      mapping: null,
      window: { days: 7, timezone: 'UTC' },
      confidence: 0.95,
      thresholds: [
        {
          metric: 'change_rate',
          max: 0.75,
          min: null,
          warn: null,
          min_reviewed: 30,
          model_version: null,
          stratum: null,
          renotify_hours: null,
        },
      ],
      notify: { emails: [], webhooks: [] },
    })
  })

  it('gets no defaults in a patch, which would undo what was set before', async () => {
    for (const contentType of ['application/merge-patch+json', 'application/json']) {
      const response = await request(echoing)
        .patch('/monitors/qa')
        .set('Content-Type', contentType)
        .send(JSON.stringify({ sample: { total: 5 }, mapping: null }))
      expect(response.body).toEqual({ sample: { total: 5 }, mapping: null })
    }
  })

  it('shares no defaults between requests', async () => {
    const { app } = appWith((incoming, response) => {
      input<'createMonitor'>(incoming).body.notify.emails.push('x@example.org')
      response.status(500).json(incoming.body)
    })
    await request(app).post('/monitors').send(example('MonitorInputShortest'))
    const second = await request(app).post('/monitors').send(example('MonitorInputShortest'))
    expect(second.body.notify.emails).toEqual(['x@example.org'])
  })

  const s3 = { type: 's3', bucket: 'logs', key_pattern: '*' }
  it.each([
    ['a field that is missing', { source: undefined }, '/source', 'is required'],
    ['an unknown field', { sampel: {} }, '/sampel', /^is an unknown field; known are name, title, source/],
    ['an unknown field further down', { sample: { size: 3 } }, '/sample/size', /known are total, by/],
    ['a name with a slash', { name: 'a/b' }, '/name', /^Letters, digits/],
    ['a name that is a call', { name: 'import' }, '/name', /not `import`/],
    ['a name like an id', { name: '0b6cf0a2-3e2f-4b3a-9a56-1f9a54f6f0d1' }, '/name', /not like an id/],
    ['a total of 0', { sample: { total: 0 } }, '/sample/total', 'must be >= 1, is 0'],
    [
      'a total above the most',
      { sample: { total: 100001 } },
      '/sample/total',
      'must be <= 100000, is 100001',
    ],
    ['half a record', { sample: { total: 1.5 } }, '/sample/total', 'must be integer, is number'],
    ['a number as text', { sample: { total: '5' } }, '/sample/total', 'must be integer, is string'],
    [
      'an allocation that there is not',
      { sample: { allocation: 'odd' } },
      '/sample/allocation',
      /"even", "proportional", "neyman", is "odd"/,
    ],
    [
      'an unknown type of source',
      { source: { ...s3, type: 's4' } },
      '/source/type',
      'must be one of "s3", "file", "http", "sql", "module", is "s4"',
    ],
    [
      'no type of source',
      { source: { path: 'x' } },
      '/source/type',
      'must be one of "s3", "file", "http", "sql", "module", is missing',
    ],
    [
      'a field of another source',
      { source: { type: 'file', path: 'x', key_pattern: '*', bucket: 'b' } },
      '/source/bucket',
      /unknown/,
    ],
    [
      'an endpoint without a host',
      { source: { ...s3, endpoint: 'http://' } },
      '/source/endpoint',
      /with http or https/,
    ],
    [
      'an endpoint that is no URL',
      { source: { ...s3, endpoint: 'http://[' } },
      '/source/endpoint',
      /^must be a URL/,
    ],
    [
      'an endpoint of another protocol',
      { source: { ...s3, endpoint: 'ftp://a.org' } },
      '/source/endpoint',
      /with http or https/,
    ],
    [
      'half a key pair',
      { source: { ...s3, credentials: { access_key_id: 'a' } } },
      '/source/credentials/secret_access_key',
      'is required',
    ],
    [
      'an e-mail address without a host',
      { notify: { emails: ['me'] } },
      '/notify/emails/0',
      /^must be an e-mail address/,
    ],
    ['an unknown metric', { thresholds: [{ metric: 'accuracy' }] }, '/thresholds/0/metric', /change_rate/],
    [
      'a time zone that there is not',
      { window: { timezone: 'Mars/Olympus' } },
      '/window/timezone',
      /^must be an IANA time zone/,
    ],
    ['a confidence of 1', { confidence: 1 }, '/confidence', 'must be <= 0.9999, is 1'],
    ['a list for an object', { labeling: [] }, '/labeling', 'must be object, is array'],
    ['a field name with a slash', { 'a/b~c': 1 }, '/a~1b~0c', /unknown/],
  ])('is refused with %s', async (_name, change, path, message) => {
    const body = { ...example('MonitorInputShortest'), ...change }
    const response = await request(silent).post('/monitors').send(body)
    expect(response.status).toBe(400)
    expect(response.body.type).toBe(type('invalid-request'))
    expect(response.body.errors.map((error: { path: string }) => error.path)).toContain(path)
    const found = response.body.errors.find((error: { path: string }) => error.path === path)
    expect(found.message).toMatch(message)
  })

  it.each([
    ['a day that the calendar lacks', '2024-02-30'],
    ['a month that it lacks', '2024-13-01'],
    ['a time', '2024-02-01T00:00:00Z'],
    ['American order', '02/01/2024'],
  ])('has dates that are dates: %s is refused', async (_name, from) => {
    const response = await request(silent).post('/runs').send({ monitor: 'qa', from })
    expect(response.status).toBe(400)
    expect(response.body.errors).toEqual([
      { path: '/from', message: 'must be a calendar date such as 2024-11-12' },
    ])
  })

  it('never shows a value back that may be a secret', async () => {
    const credentials = { access_key_id: 7, secret_access_key: { nested: 'hush-hush' }, token: 'hush-hush' }
    const response = await request(silent)
      .post('/monitors')
      .send({ ...example('MonitorInputShortest'), source: { ...s3, credentials } })
    expect(response.status).toBe(400)
    expect(response.text).not.toContain('hush-hush')
  })

  it('is refused with at most fifty errors', async () => {
    const thresholds = Array.from({ length: 90 }, () => ({ metric: 'x', max: 2 }))
    const response = await request(silent)
      .post('/monitors')
      .send({ ...example('MonitorInputShortest'), thresholds })
    expect(response.body.errors).toHaveLength(50)
  })

  it.each([
    ['broken JSON', 'application/json', '{"secret": hush', 400, 'invalid-body'],
    ['no body at all', 'application/json', undefined, 400, 'invalid-body'],
    ['an empty body', 'application/json', '', 400, 'invalid-body'],
    ['a JSON list', 'application/json', '[]', 400, 'invalid-request'],
    ['a JSON text', 'application/json', '"text"', 400, 'invalid-request'],
    ['JSON null', 'application/json', 'null', 400, 'invalid-request'],
    ['XML', 'application/xml', '<a/>', 415, 'unsupported-media-type'],
    ['a form', 'application/x-www-form-urlencoded', 'action=x', 415, 'unsupported-media-type'],
    ['an unknown charset', 'application/json; charset=klingon', '{}', 415, 'unsupported-media-type'],
    ['too much', 'application/json', JSON.stringify({ a: 'x'.repeat(2_000_000) }), 413, 'body-too-large'],
  ])('is refused: %s', async (_name, contentType, body, status, id) => {
    const response = await request(silent).post('/webhook').set('Content-Type', contentType).send(body)
    expect(response.status).toBe(status)
    expect(response.body).toMatchObject({ type: type(id), status })
    expect(response.text).not.toContain('hush')
  })

  it('is refused when its compression is unknown or broken', async () => {
    for (const [encoding, status] of [
      ['pack200', 415],
      ['gzip', 400],
    ] as const) {
      const response = await request(silent)
        .post('/webhook')
        .set({ 'Content-Type': 'application/json', 'Content-Encoding': encoding })
        .send('{"a":1}')
      expect(response.status).toBe(status)
    }
  })

  it('may be left out where the contract says so', async () => {
    const { app } = appWith((incoming, response) => {
      response.status(500).json({ body: incoming.body ?? 'none' })
    })
    expect((await request(app).post('/monitors/qa/preview')).body).toEqual({ body: 'none' })
    expect(
      (await request(app).post('/monitors/qa/preview').set('Content-Type', 'application/json').send('')).body,
    ).toEqual({
      body: 'none',
    })
    await request(app).post('/monitors/qa/preview').send({ days: 3 }).expect(400)
  })

  it('is any text of any type where a config.ini is imported', async () => {
    const { app } = appWith((incoming, response) => {
      response.status(500).json({ text: incoming.body, ...input<'importMonitor'>(incoming).query })
    })
    for (const contentType of [
      'text/plain',
      'text/x-ini; charset=utf-8',
      'application/octet-stream',
      'application/x-www-form-urlencoded',
    ]) {
      const response = await request(app)
        .post('/monitors/import')
        .set('Content-Type', contentType)
        .send('[logs]')
      expect(response.body).toEqual({ text: '[logs]', name: 'model' })
    }
    await request(app).post('/monitors/import').set('Content-Type', 'text/plain').send('').expect(400)
    await request(app).post('/monitors/import').send({ logs: {} }).expect(400)
  })

  it('is any object where Label Studio calls', async () => {
    const { app } = appWith((_request, response) => {
      response.json({ results: [] })
    })
    for (const body of [{}, { tasks: 'x' }, { tasks: [{ id: null }], more: [[[]]] }]) {
      await request(app).post('/predict').send(body).expect(200)
    }
  })
})
