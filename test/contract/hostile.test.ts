import fc from 'fast-check'
import request from 'supertest'
import { describe, expect, it } from 'vitest'
import { appWith } from './app.ts'

const { app: silent } = appWith((_request, response) => {
  response.status(204).end()
})

describe('the contract', () => {
  it.each([
    ['lists', '['.repeat(300_000) + ']'.repeat(300_000)],
    ['objects', `${'{"a":'.repeat(150_000)}1${'}'.repeat(150_000)}`],
  ])('refuses a body that is nested deeper than anything reads: %s', async (_name, nested) => {
    for (const path of ['/webhook', '/monitors']) {
      const response = await request(silent)
        .post(path)
        .set('Content-Type', 'application/json')
        .send(`{"sample":${nested}}`)
      expect(response.status).toBe(400)
      expect(response.body.errors).toEqual([{ path: '', message: 'is nested more than 200 levels deep' }])
    }
  })

  it('takes a body of two hundred levels', async () => {
    const nested = `${'['.repeat(199)}1${']'.repeat(199)}`
    await request(silent)
      .post('/webhook')
      .set('Content-Type', 'application/json')
      .send(`{"a":${nested}}`)
      .expect(204)
    await request(silent)
      .post('/webhook')
      .set('Content-Type', 'application/json')
      .send(`{"a":[${nested}]}`)
      .expect(400)
  })

  it('does not fail, whatever JSON the body is', async () => {
    const paths = [
      '/monitors',
      '/runs',
      '/webhook',
      '/predict',
      '/labeling-config/sample-prediction',
      '/monitors/qa/preview',
    ]
    const field = fc.constantFrom(
      'name',
      'source',
      'type',
      'sample',
      'total',
      'monitor',
      'from',
      '__proto__',
      'thresholds',
      'a/b',
    )
    const json = fc.letrec((tie) => ({
      value: fc.oneof(
        fc.jsonValue({ maxDepth: 1 }),
        fc.constantFrom('s3', 'file', 1e308),
        tie('object'),
        fc.array(tie('value'), { maxLength: 3 }),
      ),
      object: fc.dictionary(field, tie('value'), { maxKeys: 6 }),
    })).object
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), json, async (path, body) => {
        const response = await request(silent)
          .post(path)
          .set('Content-Type', 'application/json')
          .send(JSON.stringify(body))
        expect([204, 400]).toContain(response.status)
      }),
      { numRuns: 200 },
    )
  })

  it('does not fail, whatever the query is', async () => {
    const part = fc.oneof(
      fc.constantFrom('limit', 'cursor', 'monitor', 'status', 'a[b]', '__proto__', '1', 'ready', ''),
      fc.webFragments(),
    )
    const query = fc.array(
      fc.tuple(part, fc.constantFrom('=', '', '&'), part).map((each) => each.join('')),
      { maxLength: 4 },
    )
    await fc.assert(
      fc.asyncProperty(query, async (parts) => {
        const response = await request(silent).get(`/runs?${parts.join('&')}`)
        expect([204, 400]).toContain(response.status)
      }),
      { numRuns: 200 },
    )
  })
})
