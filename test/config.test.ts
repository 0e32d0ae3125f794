import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ConfigurationError, listeningOn, loadConfig } from '../src/config.ts'

type Environment = Record<string, string | undefined>

const files: Record<string, string> = {
  '/run/token': 'from-a-file\n',
  '/run/crlf': 'from-a-file\r\n',
  '/run/lines': 'first\n\n',
  '/run/empty': '\n',
}

const readFile = (path: string) => {
  const content = files[path]
  if (content !== undefined) return content
  throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' })
}

const load = (env: Environment) => loadConfig(env, { readFile })

function problemsOf(env: Environment): readonly string[] {
  try {
    load(env)
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems
    throw error
  }
  return []
}

test('everything has a default', () => {
  expect(load({})).toEqual({
    host: '127.0.0.1',
    port: 9090,
    publicUrl: 'http://localhost:9090',
    databaseUrl: null,
    dataDir: resolve('data'),
    apiTokens: [],
    webhookSecrets: [],
    rateLimit: 6_000,
    trustProxy: 'loopback',
    basicAuth: null,
    secretKey: null,
    fileRoot: resolve('logs'),
    allowPrivateUrls: false,
    maxExpansion: 250,
    smtp: null,
    labelStudio: null,
    logLevel: 'info',
    reconcileInterval: 300,
    s3: { endpoint: null, region: null },
    aws: {},
  })
})

test('everything can be set', () => {
  expect(
    load({
      HOST: '0.0.0.0',
      PORT: '80',
      PUBLIC_URL: 'https://monitor.example.org/lsm/',
      DATABASE_URL: 'postgres://user:p%40ss@db:5432/monitor?sslmode=require',
      DATA_DIR: '/var/lib/monitor',
      API_TOKENS: 'boss, read:looker ,write:worker,admin:deputy',
      WEBHOOK_SECRET: 'new, old',
      BASIC_AUTH_USER: 'ls',
      BASIC_AUTH_PASS: 'a:b c',
      SECRET_KEY: 'key with spaces ',
      FILE_ROOT: '/var/log/model',
      ALLOW_PRIVATE_URLS: 'True',
      MAX_EXPANSION: '1000',
      SMTP_URL: 'smtps://user:p%20w@smtp.example.org:465',
      SMTP_FROM: 'Models <models@example.org>',
      LABEL_STUDIO_URL: 'http://labels.example.org:8080/ls/',
      LABEL_STUDIO_API_KEY: ' key ',
      LOG_LEVEL: 'Debug',
      AWS_ENDPOINT_URL_S3: 'http://s3.local:8333',
      AWS_REGION: 'eu-central-1',
      RECONCILE_INTERVAL: '0',
      RATE_LIMIT: '90',
      TRUST_PROXY: 'loopback,10.0.0.0/8, fd00::1',
    }),
  ).toEqual({
    host: '0.0.0.0',
    port: 80,
    publicUrl: 'https://monitor.example.org/lsm',
    databaseUrl: 'postgres://user:p%40ss@db:5432/monitor?sslmode=require',
    dataDir: '/var/lib/monitor',
    apiTokens: [
      { scope: 'admin', token: 'boss' },
      { scope: 'read', token: 'looker' },
      { scope: 'write', token: 'worker' },
      { scope: 'admin', token: 'deputy' },
    ],
    webhookSecrets: ['new', 'old'],
    basicAuth: { user: 'ls', pass: 'a:b c' },
    secretKey: 'key with spaces ',
    fileRoot: '/var/log/model',
    allowPrivateUrls: true,
    maxExpansion: 1000,
    smtp: { url: 'smtps://user:p%20w@smtp.example.org:465', from: 'Models <models@example.org>' },
    labelStudio: { url: 'http://labels.example.org:8080/ls', apiKey: 'key' },
    logLevel: 'debug',
    s3: { endpoint: 'http://s3.local:8333', region: 'eu-central-1' },
    reconcileInterval: 0,
    rateLimit: 90,
    trustProxy: 'loopback, 10.0.0.0/8, fd00::1',
    aws: {},
  })
})

test('nothing of it can be changed', () => {
  const config = load({ API_TOKENS: 'a', WEBHOOK_SECRET: 'b' })
  for (const part of [config, config.apiTokens, config.apiTokens[0], config.webhookSecrets, config.aws]) {
    expect(Object.isFrozen(part)).toBe(true)
  }
})

describe('details', () => {
  test.each<[string, Environment, object]>([
    ['an empty variable is unset', { PORT: '', API_TOKENS: '', SMTP_URL: '' }, { port: 9090, smtp: null }],
    ['the public URL follows the port', { PORT: '8123' }, { publicUrl: 'http://localhost:8123' }],
    ['port 0 is any free port', { PORT: '0' }, { port: 0 }],
    ['IPv6 loopback needs no token', { HOST: '::1' }, { host: '::1' }],
    ['IPv6 in brackets', { HOST: '[::1]' }, { host: '::1' }],
    ['localhost needs no token', { HOST: 'localhost' }, { host: 'localhost' }],
    ['all of 127.0.0.0/8 is loopback', { HOST: '127.9.9.9' }, { host: '127.9.9.9' }],
    [
      'a PostgreSQL socket directory',
      { DATABASE_URL: 'postgresql:///db?host=/run/pg' },
      { databaseUrl: 'postgresql:///db?host=/run/pg' },
    ],
    [
      'the SMTP user is the sender, if an address',
      { SMTP_URL: 'smtps://me%40x.org:p@h' },
      { smtp: { url: 'smtps://me%40x.org:p@h', from: 'me@x.org' } },
    ],
    [
      'an SMTP relay without login',
      { SMTP_URL: 'smtp://relay:25', SMTP_FROM: 'm@x.org' },
      { smtp: { url: 'smtp://relay:25', from: 'm@x.org' } },
    ],
    [
      'an empty entry in a list is skipped',
      { API_TOKENS: 'a,,read:b,' },
      {
        apiTokens: [
          { scope: 'admin', token: 'a' },
          { scope: 'read', token: 'b' },
        ],
      },
    ],
    [
      'the AWS SDK’s own variables are left to it',
      { AWS_ACCESS_KEY_ID: 'a', AWS_CONFIG_FILE: '/x' },
      { aws: {} },
    ],
    [
      'AWS settings from files',
      { AWS_SECRET_ACCESS_KEY_FILE: '/run/token' },
      { aws: { AWS_SECRET_ACCESS_KEY: 'from-a-file' } },
    ],
  ])('%s', (_, env, expected) => {
    expect(load(env)).toMatchObject(expected)
  })
})

describe('a setting from a file', () => {
  test.each([
    ['a line feed at the end goes', '/run/token', 'from-a-file'],
    ['a Windows line end goes', '/run/crlf', 'from-a-file'],
    ['only one line end goes', '/run/lines', 'first\n'],
  ])('%s', (_, path, expected) => {
    expect(load({ SECRET_KEY_FILE: path }).secretKey).toBe(expected)
  })

  test.each([
    'LABEL_STUDIO_URL',
    'LABEL_STUDIO_API_KEY',
    'HOST',
    'PORT',
    'PUBLIC_URL',
    'DATABASE_URL',
    'DATA_DIR',
    'API_TOKENS',
    'WEBHOOK_SECRET',
    'BASIC_AUTH_USER',
    'BASIC_AUTH_PASS',
    'SECRET_KEY',
    'FILE_ROOT',
    'ALLOW_PRIVATE_URLS',
    'MAX_EXPANSION',
    'SMTP_URL',
    'SMTP_FROM',
    'LOG_LEVEL',
    'RECONCILE_INTERVAL',
    'RATE_LIMIT',
    'TRUST_PROXY',
  ])('%s_FILE is read, and refused beside the variable', (name) => {
    expect(problemsOf({ [`${name}_FILE`]: '/run/none' }).join()).toContain(
      `${name}: expected in the file /run/none`,
    )
    expect(problemsOf({ [`${name}_FILE`]: '/run/empty' }).join()).toContain('is empty')
    expect(problemsOf({ [name]: 'x', [`${name}_FILE`]: '/run/token' }).join()).toContain(
      `unset one of the two`,
    )
  })

  test('tokens of a file satisfy an open address', () => {
    expect(load({ HOST: '0.0.0.0', API_TOKENS_FILE: '/run/token' }).apiTokens).toEqual([
      { scope: 'admin', token: 'from-a-file' },
    ])
  })
})

describe('a wrong setting is one problem', () => {
  test.each<[string, Environment, RegExp]>([
    ['an open address without tokens', { HOST: '0.0.0.0' }, /^API_TOKENS: .*HOST 0\.0\.0\.0/],
    ['all IPv6 addresses without tokens', { HOST: '::' }, /^API_TOKENS: /],
    ['a name that only begins like loopback', { HOST: '127.0.0.1.example.org' }, /^API_TOKENS: /],
    [
      'an open address with wrong tokens is not also one without',
      { HOST: '0.0.0.0', API_TOKENS: 'a b' },
      /^API_TOKENS: expected values/,
    ],
    [
      'an open address with a list of no token',
      { HOST: '0.0.0.0', API_TOKENS: ' , ' },
      /^API_TOKENS: .*got none/,
    ],
    ['a URL as host', { HOST: 'http://x' }, /^HOST: .*"http:\/\/x"/],
    ['a port that is no number', { PORT: '80a' }, /^PORT: .*0 to 65535, got "80a"/],
    ['a port above 65535', { PORT: '65536' }, /^PORT: /],
    ['a port below 0', { PORT: '-1' }, /^PORT: /],
    ['a port with a fraction', { PORT: '80.5' }, /^PORT: /],
    ['a public URL without scheme', { PUBLIC_URL: 'localhost:9090' }, /^PUBLIC_URL: .*http:\/\//],
    ['a public URL with a query', { PUBLIC_URL: 'http://x/?a=1' }, /^PUBLIC_URL: .*"\?"/],
    ['a database of another kind', { DATABASE_URL: 'mysql://x/y' }, /^DATABASE_URL: .*postgres:\/\//],
    [
      'a database password that is not encoded',
      { DATABASE_URL: 'postgres://u:p#s@h/d' },
      /^DATABASE_URL: .*percent-encode/,
    ],
    ['a token of an unknown scope', { API_TOKENS: 'a,root:x' }, /^API_TOKENS: .*token 2/],
    ['a scope without a token', { API_TOKENS: 'read:' }, /^API_TOKENS: .*value 1/],
    ['a token twice', { API_TOKENS: 'read:a,write:a' }, /^API_TOKENS: .*twice/],
    ['a webhook secret with a space', { WEBHOOK_SECRET: 'a b' }, /^WEBHOOK_SECRET: /],
    ['a user without a password', { BASIC_AUTH_USER: 'u' }, /^BASIC_AUTH_PASS: .*BASIC_AUTH_USER is set/],
    ['a password without a user', { BASIC_AUTH_PASS: 'p' }, /^BASIC_AUTH_USER: .*BASIC_AUTH_PASS is set/],
    ['a user with a colon', { BASIC_AUTH_USER: 'a:b', BASIC_AUTH_PASS: 'p' }, /^BASIC_AUTH_USER: .*colon/],
    ['a Label Studio without a key', { LABEL_STUDIO_URL: 'http://x' }, /^LABEL_STUDIO_API_KEY: /],
    ['a key without a Label Studio', { LABEL_STUDIO_API_KEY: 'k' }, /^LABEL_STUDIO_URL: /],
    [
      'a Label Studio that is no URL',
      { LABEL_STUDIO_URL: 'x', LABEL_STUDIO_API_KEY: 'k' },
      /^LABEL_STUDIO_URL: /,
    ],
    [
      'a Label Studio with a login in its URL',
      { LABEL_STUDIO_URL: 'http://u:p@x', LABEL_STUDIO_API_KEY: 'k' },
      /^LABEL_STUDIO_URL: .*without user/,
    ],
    ['a word that is no boolean', { ALLOW_PRIVATE_URLS: 'maybe' }, /^ALLOW_PRIVATE_URLS: .*"maybe"/],
    [
      'an SMTP URL of another kind',
      { SMTP_URL: 'https://x', SMTP_FROM: 'a@x.org' },
      /^SMTP_URL: .*smtp:\/\//,
    ],
    ['an SMTP URL without a host', { SMTP_URL: 'smtp://', SMTP_FROM: 'a@x.org' }, /^SMTP_URL: /],
    ['an SMTP URL with a bare %', { SMTP_URL: 'smtp://u:100%@h', SMTP_FROM: 'a@x.org' }, /^SMTP_URL: .*%25/],
    ['SMTP without a sender', { SMTP_URL: 'smtp://u:p@h' }, /^SMTP_FROM: /],
    ['a sender without SMTP', { SMTP_FROM: 'a@x.org' }, /^SMTP_URL: /],
    ['a sender that is no address', { SMTP_URL: 'smtp://h', SMTP_FROM: 'me' }, /^SMTP_FROM: .*"me"/],
    ['a sender on two lines', { SMTP_URL: 'smtp://h', SMTP_FROM: 'a\nBcc: b <a@x.org>' }, /^SMTP_FROM: /],
    ['an unknown log level', { LOG_LEVEL: 'loud' }, /^LOG_LEVEL: .*trace.*"loud"/],
    ['a limit that is no number', { RATE_LIMIT: '1/s' }, /^RATE_LIMIT: /],
    ['a proxy that is no address', { TRUST_PROXY: 'nginx' }, /^TRUST_PROXY: .*"nginx"/],
    ['a network that is none', { TRUST_PROXY: '10.0.0.0/33' }, /^TRUST_PROXY: /],
    ['all proxies of the world', { TRUST_PROXY: 'true' }, /^TRUST_PROXY: /],
    ['an interval that is no number', { RECONCILE_INTERVAL: 'daily' }, /^RECONCILE_INTERVAL: /],
  ])('%s', (_, env, message) => {
    expect(problemsOf(env)).toEqual([expect.stringMatching(message)])
  })

  test('several are listed in one message', () => {
    const wrong = { PORT: 'x', HOST: '0.0.0.0', LOG_LEVEL: 'y', LABEL_STUDIO_URL: 'http://z' }
    expect(() => load(wrong)).toThrow(/4 settings are wrong/)
    expect(() => load(wrong)).toThrow(problemsOf(wrong).at(-1))
    expect(problemsOf(wrong)).toHaveLength(4)
  })

  test('no secret is in the message', () => {
    const secret = 'tell no-one'
    const problems = problemsOf({
      LABEL_STUDIO_URL: secret,
      LABEL_STUDIO_API_KEY: secret,
      PUBLIC_URL: `http://u:${secret}@x`,
      DATABASE_URL: `mysql://u:${secret}@x`,
      SMTP_URL: `smtp://u:${secret}%@x`,
      API_TOKENS: `${secret}:a,${secret}`,
      WEBHOOK_SECRET: secret,
      SECRET_KEY: secret,
      SECRET_KEY_FILE: '/run/token',
      BASIC_AUTH_PASS: secret,
    })
    expect(problems).toHaveLength(9)
    expect(problems.join('\n')).not.toMatch(/tell|no-one/)
  })
})

test('a free port that was found is taken over, also into the public URL', () => {
  expect(listeningOn(load({ PORT: '0' }), 4711)).toMatchObject({
    port: 4711,
    publicUrl: 'http://localhost:4711',
  })
  const named = load({ PORT: '0', PUBLIC_URL: 'http://monitor' })
  expect(listeningOn(named, 4711)).toMatchObject({ port: 4711, publicUrl: 'http://monitor' })
})
