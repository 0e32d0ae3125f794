import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  keepSecrets,
  maskSecrets,
  NoSecretToKeepError,
  openSecrets,
  sealSecrets,
  UnreadableSecretError,
} from '../../src/monitors/secrets.ts'

const KEY = 'a key of the operator'
const s3 = {
  name: 'qa',
  source: {
    type: 's3',
    bucket: 'logs',
    credentials: { access_key_id: 'AKID', secret_access_key: 'hidden-1' },
  },
  notify: {
    emails: ['a@x.org'],
    webhooks: [
      { url: 'https://a.example/hook', secret: 'hidden-2' },
      { url: 'https://b.example/hook', secret: 'hidden-3' },
      { url: 'https://c.example/hook' },
    ],
  },
}
const sql = {
  name: 'qa',
  source: { type: 'sql', url: 'postgres://user:hidden-4@db/logs', query: 'select 1' },
}
const http = { name: 'qa', source: { type: 'http', url: 'https://logs.example', credentials: null } }

const headers = {
  name: 'qa',
  source: {
    type: 'http',
    urls: ['https://logs.example/a', 'https://logs.example/b'],
    headers: { authorization: 'Bearer hidden-5', 'x/key~': 'hidden-6' },
  },
}

const withWebhooks = (...webhooks: unknown[]) => ({ ...s3, notify: { webhooks } })
const withCredentials = (credentials: unknown) => ({ ...s3, source: { ...s3.source, credentials } })

describe('secrets in the database', () => {
  test.each([
    ['S3 credentials and webhook secrets', s3],
    ['the URL of a database', sql],
    ['headers of web files', headers],
    ['nothing secret', http],
    ['nothing at all', {}],
  ])('%s: what was sealed opens again', (_, definition) => {
    const sealed = sealSecrets(definition, KEY)
    expect(JSON.stringify(sealed)).not.toMatch(/hidden|AKID/)
    expect(openSecrets(JSON.parse(JSON.stringify(sealed)), KEY)).toEqual(definition)
  })

  test('any value, any key', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string(), (secret, key) => {
        const definition = withCredentials({ secret_access_key: secret })
        expect(openSecrets(sealSecrets(definition, key), key)).toEqual(definition)
      }),
    )
  })

  test('everything that is no secret stays readable, and the original as it was', () => {
    const before = structuredClone(s3)
    const sealed = sealSecrets(s3, KEY)
    expect(s3).toEqual(before)
    expect(maskSecrets(sealed)).toEqual(maskSecrets(s3))
  })

  test('the same secret never looks the same', () => {
    expect(sealSecrets(sql, KEY).source.url).not.toBe(sealSecrets(sql, KEY).source.url)
  })

  test.each([
    ['another key', sealSecrets(s3, 'another key')],
    ['a value that was never sealed', s3],
    ['a value moved to another field', moved()],
    ['a value cut short', withCredentials({ secret_access_key: 'sealed:v1:AAAA' })],
    ['a value changed by one bit', flipped()],
  ])('%s is not opened', (_, definition) => {
    expect(() => openSecrets(definition, KEY)).toThrow(UnreadableSecretError)
    expect(() => openSecrets(definition, KEY)).toThrow(/SECRET_KEY/)
  })
})

/** The two credentials exchanged. */
function moved() {
  const { access_key_id, secret_access_key } = sealSecrets(s3, KEY).source.credentials
  return withCredentials({ access_key_id: secret_access_key, secret_access_key: access_key_id })
}

function flipped() {
  const { secret_access_key: sealed } = sealSecrets(s3, KEY).source.credentials
  const bytes = Buffer.from(sealed.slice('sealed:v1:'.length), 'base64url')
  bytes[14] = (bytes[14] ?? 0) ^ 1
  return withCredentials({ secret_access_key: `sealed:v1:${bytes.toString('base64url')}` })
}

test('a reader sees which secrets are set, and none of them', () => {
  expect(maskSecrets(s3)).toEqual({
    ...s3,
    source: { ...s3.source, credentials: { access_key_id: '***', secret_access_key: '***' } },
    notify: {
      emails: ['a@x.org'],
      webhooks: [
        { url: 'https://a.example/hook', secret: '***' },
        { url: 'https://b.example/hook', secret: '***' },
        { url: 'https://c.example/hook' },
      ],
    },
  })
  expect(maskSecrets(sql).source.url).toBe('***')
  expect(maskSecrets(http)).toEqual(http)
  const unset = withCredentials({ access_key_id: null })
  expect(maskSecrets(unset).source).toEqual(unset.source)
})

describe('"***" keeps the stored secret', () => {
  const a = { url: 'https://a.example/hook', secret: '***' }
  const b = { url: 'https://b.example/hook', secret: '***' }

  test.each([
    ['all of a definition as it was read', maskSecrets(s3), s3, s3],
    ['the URL of a database', maskSecrets(sql), sql, sql],
    [
      'a new secret replaces the stored one',
      withCredentials({ access_key_id: '***', secret_access_key: 'new' }),
      s3,
      withCredentials({ access_key_id: 'AKID', secret_access_key: 'new' }),
    ],
    [
      'webhooks in another order keep their own',
      withWebhooks(b, a),
      s3,
      withWebhooks({ ...b, secret: 'hidden-3' }, { ...a, secret: 'hidden-2' }),
    ],
    ['a webhook that is left keeps its own', withWebhooks(b), s3, withWebhooks({ ...b, secret: 'hidden-3' })],
    [
      'two webhooks with one URL keep their own',
      withWebhooks(a, a),
      withWebhooks({ ...a, secret: '1' }, { ...a, secret: '2' }),
      withWebhooks({ ...a, secret: '1' }, { ...a, secret: '2' }),
    ],
    ['a new definition with its own secrets', s3, null, s3],
  ])('%s', (_, sent, stored, expected) => {
    expect(keepSecrets<unknown>(sent, stored)).toEqual(expected)
  })

  test.each([
    [
      'a new definition',
      maskSecrets(s3),
      null,
      [
        '/source/credentials/access_key_id',
        '/source/credentials/secret_access_key',
        '/notify/webhooks/0/secret',
        '/notify/webhooks/1/secret',
      ],
    ],
    [
      'a webhook whose URL is new',
      withWebhooks({ url: 'https://evil.example', secret: '***' }),
      s3,
      ['/notify/webhooks/0/secret'],
    ],
    [
      'a second webhook with a URL that was there once',
      withWebhooks(a, a),
      s3,
      ['/notify/webhooks/1/secret'],
    ],
    [
      'a webhook that had no secret',
      withWebhooks({ url: 'https://c.example/hook', secret: '***' }),
      s3,
      ['/notify/webhooks/0/secret'],
    ],
    ['a database URL where files were', maskSecrets(sql), http, ['/source/url']],
  ])('%s has nothing to keep', (_, sent, stored, paths) => {
    const keep = () => keepSecrets<unknown>(sent, stored)
    expect(keep).toThrow(NoSecretToKeepError)
    try {
      keep()
    } catch (error) {
      expect((error as NoSecretToKeepError).problems.map(({ path }) => path)).toEqual(paths)
    }
  })
})

describe('headers of web files', () => {
  const shown = maskSecrets(headers)
  const to = (source: object) => ({ ...shown, source: { ...shown.source, ...source } })

  test('are shown as ***', () => {
    expect(shown.source.headers).toEqual({ authorization: '***', 'x/key~': '***' })
  })

  test.each([
    ['another path', { urls: ['https://logs.example/c'] }],
    ['a manifest of the same server', { urls: null, manifest: 'https://logs.example/m' }],
  ])('are kept with %s', (_, source) => {
    expect(keepSecrets(to(source), headers).source.headers).toEqual(headers.source.headers)
  })

  test.each([
    ['another server', { urls: ['https://other.example/a'] }],
    ['one more server', { urls: ['https://logs.example/a', 'https://other.example/a'] }],
    ['no encryption', { urls: ['http://logs.example/a'] }],
  ])('are not kept with %s, which would be told them', (_, source) => {
    expect(() => keepSecrets(to(source), headers)).toThrow(NoSecretToKeepError)
  })
})
