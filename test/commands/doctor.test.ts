import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cli } from './io.ts'
import { ready, runOf } from './runs.ts'
import { type Answer, deadPort, type FakeService, fakeService, problem } from './service.ts'

const monitor = { name: 'qa-model', notify: { emails: [], webhooks: [] } }
const preview = {
  window: { from: '2024-11-11', to: '2024-11-17' },
  objects_total: 7,
  objects: [],
  records: [],
  mapping: null,
  tasks: [{}, {}],
  problems: [],
}
const check = (name: string, problem: string | null = null) => ({ name, ok: problem === null, problem })
const page = (...items: object[]): Answer => [200, { items, next_cursor: null }]

let service: FakeService
let labelStudio: FakeService
let smtp: SMTPServer
let env: Record<string, string>

beforeEach(async () => {
  service = await fakeService({
    'GET /ready': [200, { status: 'ready', checks: [check('database'), check('label_studio')] }],
    'GET /health': [200, { status: 'UP', model_class: 'label-studio-monitor' }],
    'GET /monitors?limit=100': page(monitor),
    'GET /runs?limit=50': page(),
    'POST /monitors/qa-model/preview': [200, preview],
  })
  labelStudio = await fakeService({
    'GET /api/current-user/whoami': [200, { id: 1, email: 'ml@example.org' }],
  })
  smtp = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    onAuth: ({ password }, _session, done) =>
      password === 'right'
        ? done(null, { user: 'ml' })
        : done(Object.assign(new Error('no'), { responseCode: 535 })),
  })
  await new Promise<void>((resolve) => smtp.listen(0, '127.0.0.1', resolve))
  const smtpPort = (smtp.server.address() as AddressInfo).port
  env = {
    PORT: new URL(service.url).port,
    PUBLIC_URL: service.url,
    LABEL_STUDIO_URL: labelStudio.url,
    LABEL_STUDIO_API_KEY: 'key',
    SMTP_URL: `smtp://ml%40example.org:right@127.0.0.1:${smtpPort}`,
    // Where no service runs, the database is opened; a server that is not there is quickly found.
    DATABASE_URL: `postgres://user:hidden@127.0.0.1:${await deadPort()}/monitor`,
  }
})
afterEach(async () => {
  await Promise.all([
    service.close(),
    labelStudio.close(),
    new Promise<void>((resolve) => smtp.close(resolve)),
  ])
})

/** The problems that doctor finds, by the name of the check. */
async function problems(): Promise<Record<string, string>> {
  const { code, stdout } = await cli('doctor --json', { env })
  const { ok, checks } = JSON.parse(stdout) as {
    ok: boolean
    checks: { name: string; ok: boolean; message: string }[]
  }
  const found = checks.filter((each) => !each.ok).map(({ name, message }) => [name, message])
  expect({ ok, code }).toEqual({ ok: found.length === 0, code: found.length === 0 ? 0 : 1 })
  return Object.fromEntries(found)
}

describe('doctor', () => {
  it('finds all well, and says what it looked at', async () => {
    const { code, stdout } = await cli('doctor', { env })
    expect(stdout.split('\n').map((line) => line.slice(0, 40).trimEnd())).toEqual([
      expect.stringMatching(/^ok {7}configuration: /),
      expect.stringMatching(/^ok {7}service: runs at http/),
      expect.stringMatching(/^ok {7}database: /),
      expect.stringMatching(/^ok {7}label_studio: http/),
      expect.stringMatching(/^ok {7}webhook: /),
      expect.stringMatching(/^ok {7}monitor qa-model: 7 objects/),
      expect.stringMatching(/^ok {7}smtp: 127\.0\.0\.1:/),
      'All is well.',
      '',
    ])
    expect(code).toBe(0)
  })

  it('writes nothing: its only calls that are no GET are previews, and one that Label Studio must refuse', async () => {
    await problems()
    const calls = [...service.received, ...labelStudio.received].filter(
      ({ call }) => !call.startsWith('GET '),
    )
    expect(calls.map(({ call }) => call)).toEqual(['POST /monitors/qa-model/preview', 'POST /api/webhooks/'])
    // Refused whatever else it says: there is no such project.
    expect(JSON.parse(calls[1]?.body ?? '')).toMatchObject({ project: 0 })
  })

  it('shows no secret', async () => {
    env.SMTP_URL = env.SMTP_URL?.replace('right', 'wrong-password') ?? ''
    labelStudio.answers = {}
    const { stdout, stderr } = await cli('doctor', { env: { ...env, LABEL_STUDIO_API_KEY: 'the-key' } })
    expect(stdout + stderr).not.toMatch(/wrong-password|the-key|hidden/)
  })

  it('prints a problem of several lines below its name', async () => {
    const { stdout } = await cli('doctor', {
      env: { PORT: 'many', LABEL_STUDIO_URL: 'http://a.example.org' },
    })
    expect(stdout).toMatch(/^problem {2}configuration: .*\n {11}\S.*\nProblems: 1\n$/)
  })

  it('looks at every page of the monitors', async () => {
    service.answers['GET /monitors?limit=100'] = [200, { items: [monitor], next_cursor: 'a&b' }]
    service.answers['GET /monitors?limit=100&cursor=a%26b'] = page({ ...monitor, name: 'other' })
    expect(Object.keys(await problems())).toEqual(['monitor other'])
  })
})

describe('doctor finds', () => {
  it.each<[string, () => void | Promise<void>, Record<string, RegExp>]>([
    [
      'a setting that is wrong, and then looks no further',
      () => {
        env = { PORT: 'many' }
      },
      { configuration: /PORT: expected a whole number/ },
    ],
    [
      'that the service does not run, and tries the database itself',
      async () => {
        await service.close()
      },
      {
        service: /No service answers .* start it/,
        database: /DATABASE_URL|ECONNREFUSED/,
        webhook: /Nothing answers at PUBLIC_URL .* \(ECONNREFUSED\): set PUBLIC_URL/,
      },
    ],
    [
      'that the service has no database',
      () => {
        const checks = [check('database', 'The server is away: start it.'), check('label_studio')]
        service.answers['GET /ready'] = [503, problem('not-ready', 503, 'Away.', { checks })]
      },
      { database: /^The server is away: start it\.$/ },
    ],
    [
      'that something else listens at the address',
      () => {
        service.answers = { 'GET /ready': [404, '<html>'], 'GET /health': [200, { status: 'UP' }] }
      },
      {
        service: /What answers at .* is not this service/,
        database: /ECONNREFUSED|DATABASE_URL/,
        webhook: /What answers at PUBLIC_URL .* is not this service: set PUBLIC_URL/,
      },
    ],
    [
      'a token that may only read',
      () => {
        service.answers['POST /monitors/qa-model/preview'] = [
          403,
          problem('forbidden', 403, 'It may only read.'),
        ]
      },
      { 'monitor qa-model': /It may only read\.\nGive a token by --token/ },
    ],
    [
      'that Label Studio is not set',
      () => {
        delete env.LABEL_STUDIO_URL
        delete env.LABEL_STUDIO_API_KEY
      },
      { label_studio: /set LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY/ },
    ],
    [
      'a wrong key',
      () => {
        labelStudio.answers['GET /api/current-user/whoami'] = [401, { detail: 'Invalid token.' }]
      },
      { label_studio: /Invalid token\..* check LABEL_STUDIO_API_KEY/ },
    ],
    [
      'that legacy tokens are switched off',
      () => {
        const detail =
          'Authentication token no longer valid: legacy token authentication has been disabled for this organization'
        labelStudio.answers['GET /api/current-user/whoami'] = [401, { detail }]
      },
      { label_studio: /legacy tokens switched off .* personal access token/ },
    ],
    [
      'that Label Studio is away',
      async () => {
        await labelStudio.close()
      },
      { label_studio: /ECONNREFUSED.* check that it runs/ },
    ],
    [
      'that the running service still has an older key',
      () => {
        const checks = [check('database'), check('label_studio', 'Invalid token.')]
        service.answers['GET /ready'] = [503, problem('not-ready', 503, 'No.', { checks })]
      },
      { label_studio: /not for the running service; start it again .* Invalid token\./ },
    ],
    [
      'a host without a dot in PUBLIC_URL',
      () => {
        env.PUBLIC_URL = 'http://monitor:9090'
      },
      { webhook: /only host names with a dot.* PUBLIC_URL is http:\/\/monitor:9090/ },
    ],
    [
      'a PUBLIC_URL with nothing behind it',
      async () => {
        env.PUBLIC_URL = `http://localhost:${await deadPort()}`
      },
      { webhook: /Nothing answers at PUBLIC_URL/ },
    ],
    ...[
      [
        'URL resolves to a reserved network address (block: 127.0.0.0/8)',
        /reserved network.*SSRF_PROTECTION_ENABLED=false/,
      ],
      ['Enter a valid URL.', /host names with a dot.*PUBLIC_URL/],
      ["Can't resolve hostname monitor.example.org", /can't resolve the host .*PUBLIC_URL/],
    ].map(([message, expected]): [string, () => void, Record<string, RegExp>] => [
      `that Label Studio takes no webhook to PUBLIC_URL: ${message}`,
      () => {
        const errors = { url: [message], project: ['Invalid pk "0" - object does not exist.'] }
        labelStudio.answers['POST /api/webhooks/'] = [
          400,
          { detail: 'Validation error', validation_errors: errors },
        ]
        // That an earlier run had it right does not matter.
        service.answers['GET /runs?limit=50'] = page(ready)
      },
      { webhook: expected as RegExp },
    ]),
    [
      'that Label Studio refused the webhook of the last run that had one',
      () => {
        const webhook = {
          registered: false,
          problem: 'URL resolves to a reserved network address.',
          remedy: 'Set SSRF_PROTECTION_ENABLED=false.',
        }
        service.answers['GET /runs?limit=50'] = page(runOf(), { ...ready, webhook }, ready)
      },
      {
        webhook:
          /^Of the last run \(QA model .*\): URL resolves to a reserved .* Set SSRF_PROTECTION_ENABLED=false\.$/,
      },
    ],
    [
      'each problem of a monitor with its place',
      () => {
        const problems = [
          { message: 'The bucket is missing.', object: null, line: null },
          { message: 'No field answer.', object: 'a.txt', line: 41 },
          { message: 'Broken.', object: 'b.gz', line: null },
        ]
        service.answers['POST /monitors/qa-model/preview'] = [200, { ...preview, problems }]
      },
      { 'monitor qa-model': /^The bucket is missing\.\na\.txt line 41: No field answer\.\nb\.gz: Broken\.$/ },
    ],
    [
      'a refused SMTP login',
      () => {
        env.SMTP_URL = env.SMTP_URL?.replace('right', 'wrong') ?? ''
      },
      { smtp: /refused the login .* check user and password in SMTP_URL/ },
    ],
    [
      'monitors with recipients where no SMTP server is set',
      () => {
        delete env.SMTP_URL
        service.answers['GET /monitors?limit=100'] = page({
          ...monitor,
          notify: { emails: ['a@example.org'] },
        })
      },
      { smtp: /Expected SMTP_URL .* addresses of qa-model/ },
    ],
  ])('%s', async (_case, spoil, expected) => {
    await spoil()
    const found = await problems()
    expect(Object.keys(found)).toEqual(Object.keys(expected))
    for (const [name, message] of Object.entries(expected)) expect(found[name]).toMatch(message)
  })
})

describe('what is no problem', () => {
  it('a private address has a hint', async () => {
    const { stdout } = await cli('doctor', { env })
    expect(stdout).toMatch(/^ok {7}webhook: .*SSRF_PROTECTION_ENABLED=false$/m)
  })

  it('none once Label Studio has taken a webhook', async () => {
    service.answers['GET /runs?limit=50'] = page(ready)
    expect((await cli('doctor', { env })).stdout).toMatch(
      /^ok {7}webhook: .* taken the webhook of the last run$/m,
    )
  })

  it('a webhook that was refused once, when Label Studio would take it now', async () => {
    const webhook = { registered: false, problem: 'reserved network address', remedy: 'Mend it.' }
    service.answers['GET /runs?limit=50'] = page({ ...ready, webhook })
    const errors = { project: ['Invalid pk "0" - object does not exist.'] }
    labelStudio.answers['POST /api/webhooks/'] = [
      400,
      { detail: 'Validation error', validation_errors: errors },
    ]
    expect((await cli('doctor', { env })).stdout).toMatch(
      /^ok {7}webhook: .*, and Label Studio takes webhooks to it$/m,
    )
  })

  it('no SMTP server while nobody is to get mail', async () => {
    delete env.SMTP_URL
    expect(await problems()).toEqual({})
  })
})
