import { describe, expect, it } from 'vitest'
import { createLogger } from '../../src/commands/logger.ts'
import { testIo } from './io.ts'

function logged(fields: object, level: 'info' | 'error' = 'info'): string {
  const { stdout, written } = testIo()
  createLogger(level, stdout).info(fields, 'text')
  return written.stdout
}

describe('the log', () => {
  it('is one JSON object per line', () => {
    expect(JSON.parse(logged({ run: 'r1' }))).toMatchObject({ level: 30, run: 'r1', msg: 'text' })
  })

  it('leaves out what is below its level', () => {
    expect(logged({ run: 'r1' }, 'error')).toBe('')
  })

  it.each([
    ['the body of a call', { body: { access_token: 'hidden', project: 1 } }],
    ['headers', { headers: { Authorization: 'Token hidden', accept: 'x' } }],
    [
      'the headers of a request',
      { req: { headers: { authorization: 'Bearer hidden', cookie: 'a=hidden' } } },
    ],
    ['the webhook header', { request: { headers: { 'x-webhook-secret': 'hidden' } } }],
    ['the credentials of a source', { source: { credentials: { secret_access_key: 'hidden' } } }],
    [
      "an HTTP client's error",
      {
        err: Object.assign(new Error('refused'), { config: { headers: { Authorization: 'Token hidden' } } }),
      },
    ],
  ])('masks the secrets in %s', (_case, fields) => {
    const line = logged(fields)
    expect(line).toContain('***')
    expect(line).not.toContain('hidden')
  })
})
