import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readContractDocument } from '../../src/contract/document.ts'
import { bodyLimitOf } from '../../src/http/body-limits.ts'
import { type TestService, testService } from '../support/service.ts'

let it: TestService
beforeAll(async () => {
  it = await testService()
})
afterAll(() => it.stop())

const withBody = Object.entries(readContractDocument().json.paths).flatMap(([path, item]) =>
  Object.entries(item).flatMap(([method, operation]) => {
    const { operationId: id, requestBody } = operation as {
      operationId: Parameters<typeof bodyLimitOf>[0]
    } & {
      requestBody?: object
    }
    const named = path
      .replace('{secret}', 'hook-secret')
      .replace('{run}', '00000000-0000-4000-8000-000000000000')
      .replace('{project}', '999')
      .replace('{monitor}', 'missing')
    return requestBody ? [{ id, method, path: named, limit: bodyLimitOf(id) }] : []
  }),
)

describe('a body', () => {
  const send = ({ method, path }: { method: string; path: string }, body: Buffer, encoding = 'identity') =>
    it
      .request()
      [method as 'post'](path)
      .set({
        'X-Webhook-Secret': 'hook-secret',
        'Content-Encoding': encoding,
        'Content-Type': 'application/json',
      })
      .serialize((it) => it as unknown as string)
      .send(body)

  test.each(withBody)('of $limit bytes is the largest that $id takes', async (call) => {
    const fitting = Buffer.alloc(call.limit, ' ')
    fitting.write('{"action":"X"}')
    expect((await send(call, fitting)).status).not.toBe(413)
    const tooLarge = await send(call, Buffer.concat([fitting, Buffer.from(' ')]))
    expect(tooLarge.status).toBe(413)
    expect(tooLarge.body.detail).toContain(String(call.limit))
  })

  test.each(withBody)('that becomes larger when it is decompressed is not taken by $id', async (call) => {
    const answer = await send(call, gzipSync(Buffer.alloc(call.limit + 1, ' ')), 'gzip')
    expect(answer.status).toBe(413)
  })

  test('is not read before it is known who sends it', async () => {
    const answer = await it.request().post('/webhook').set('Content-Length', '1000000000').send()
    expect(answer.status).toBe(401)
  })
})

describe('every answer', () => {
  test.each(['/', '/docs', '/monitors', '/openapi.json', '/nothing'])(
    'of %s lets a browser do little',
    async (path) => {
      const { headers } = await it.request().get(path).set('Accept', 'text/html')
      const policy = Object.fromEntries(
        String(headers['content-security-policy'])
          .split(';')
          .map((directive) => directive.trim().split(' '))
          .map(([name, ...values]) => [name, values]),
      )
      expect(policy['default-src']).toEqual(["'none'"])
      expect(policy['base-uri']).toEqual(["'none'"])
      expect(policy['frame-ancestors']).toEqual(["'none'"])
      const sources = Object.values(policy).flat()
      for (const source of sources) expect(source).toMatch(/^('none'|'self'|data:|'sha256-[\w+/]{43}=')$/)
      expect(policy['script-src']).not.toContain('data:')
      expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' })
      expect(headers).not.toHaveProperty('x-powered-by')
      expect(headers).not.toHaveProperty('strict-transport-security')
    },
  )

  test.each(['/', '/docs'])(
    'of %s brings no script or style in the page that the policy does not name',
    async (path) => {
      const { text, headers } = await it.request().get(path).set('Accept', 'text/html')
      const inline = [...text.matchAll(/<(style|script)(?![^>]*\bsrc=)[^>]*>([\s\S]*?)<\/\1>/g)]
      for (const [, , content = ''] of inline) {
        const hash = createHash('sha256').update(content).digest('base64')
        expect(headers['content-security-policy']).toContain(`'sha256-${hash}'`)
      }
      expect(text).not.toMatch(/ on\w+=|javascript:|style=/i)
    },
  )
})
