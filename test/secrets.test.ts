import { mkdir, readFile, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { SMTPServer } from 'smtp-server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Receiver, receiver } from './alerts/receiver.ts'
import { type S3Server, s3Error, startS3Server } from './logs/s3-server.ts'
import { type LabelStudioHttp, startLabelStudioHttp } from './support/label-studio-http.ts'
import { monitorInput } from './support/monitors.ts'
import { answered, reviewedProject } from './support/reviewed.ts'
import { type TestService, testService } from './support/service.ts'

/** Each is found by its own name wherever it comes out. */
const SECRETS = {
  'an API token (admin)': 'canary-admin-token-5f1c',
  'an API token (read)': 'canary-reader-token-77aa',
  'the webhook secret': 'canary-webhook-secret-9b2e',
  'the former webhook secret': 'canary-former-secret-18cd',
  'the password of the ML backend': 'canary-basic-password-c3d4',
  'the key of the monitors’ secrets': 'canary-secret-key-e5f6',
  'Label Studio’s key': 'canary0header.canary0payload.canary0signature',
  'Label Studio’s access token': 'access-token',
  'the SMTP password': 'canary-smtp-password-0a1b',
  'the S3 access key id': 'CANARYACCESSKEYID',
  'the S3 secret access key': 'canary/s3+secret/key=1c2d',
  'the S3 session token': 'canary-session-token-3e4f',
  'the secret of an outgoing webhook': 'whsec_Y2FuYXJ5LW91dGdvaW5nLXNlY3JldA==',
  'a token that Label Studio sends': 'canary-label-studio-setup-token-5a6b',
  'a token that nobody has': 'canary-guessed-token-7c8d',
} as const
/** What leaves the service as it is meant to: to those who are to know it. */
const S = SECRETS

let it: TestService
let s3: S3Server
let labelStudio: LabelStudioHttp
let hook: Receiver
let smtp: SMTPServer
const mails: string[] = []
let logins = 0
const answers: string[] = []
let session = ''

beforeAll(async () => {
  s3 = await startS3Server()
  labelStudio = await startLabelStudioHttp()
  hook = await receiver(500, 204)
  smtp = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    onAuth: ({ username, password }, _session, done) =>
      logins++ === 0
        ? done(Object.assign(new Error(`no: ${username} ${password}`), { responseCode: 535 }))
        : done(null, { user: username }),
    onData: (stream, _session, done) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk) => chunks.push(chunk))
      stream.on('end', () => {
        mails.push(Buffer.concat(chunks).toString())
        done()
      })
    },
  })
  smtp.on('error', () => {})
  await new Promise<void>((resolve) => smtp.listen(0, '127.0.0.1', resolve))
  it = await testService({
    API_TOKENS: `${S['an API token (admin)']},read:${S['an API token (read)']}`,
    WEBHOOK_SECRET: `${S['the webhook secret']},${S['the former webhook secret']}`,
    BASIC_AUTH_USER: 'label-studio',
    BASIC_AUTH_PASS: S['the password of the ML backend'],
    SECRET_KEY: S['the key of the monitors’ secrets'],
    LABEL_STUDIO_URL: labelStudio.url,
    LABEL_STUDIO_API_KEY: S['Label Studio’s key'],
    SMTP_URL: `smtp://user:${S['the SMTP password']}@127.0.0.1:${(smtp.server.address() as AddressInfo).port}`,
    SMTP_FROM: 'monitor@example.org',
    ALLOW_PRIVATE_URLS: 'true',
    LOG_LEVEL: 'trace',
  })
  await mkdir(it.logs, { recursive: true })
  await writeFile(join(it.logs, 'qalogs_11:11:24.txt'), 'Question: one\nAnswer: two\n')
})
afterAll(async () => {
  await it.stop()
  await Promise.all([
    s3.close(),
    labelStudio.close(),
    hook.close(),
    new Promise<void>((resolve) => smtp.close(() => resolve())),
  ])
})

interface Call {
  token?: string | null
  headers?: Record<string, string>
  body?: object | string
}

async function call(
  method: string,
  path: string,
  { token = S['an API token (admin)'], headers = {}, body }: Call = {},
) {
  const request = it.request()[method.toLowerCase() as 'post'](path).buffer(true)
  if (token !== null) request.set('Authorization', `Bearer ${token}`)
  request.set(headers)
  if (typeof body === 'string' && !headers['Content-Type']) request.type('text')
  const answer = await request.send(body)
  const { 'set-cookie': cookie, ...others } = answer.headers
  // The cookie is for the browser; whether it holds the token is looked at, too.
  answers.push(`${method} ${answer.status} ${answer.text} ${JSON.stringify(others)} ${cookie ?? ''}`)
  return answer
}

const monitor = (name: string, changes: object = {}) =>
  monitorInput({
    name,
    source: {
      type: 's3',
      bucket: 'logs',
      endpoint: s3.endpoint,
      key_pattern: '{YYYY}-{MM}-{DD}.jsonl',
      credentials: {
        access_key_id: S['the S3 access key id'],
        secret_access_key: S['the S3 secret access key'],
        session_token: S['the S3 session token'],
      },
    },
    format: { type: 'jsonl' },
    notify: {
      emails: ['ml@example.org'],
      webhooks: [{ url: hook.url, secret: S['the secret of an outgoing webhook'] }],
    },
    ...changes,
  })
const window = { from: '2024-11-11', to: '2024-11-11' }
const run = (name: string, extra: object = {}) =>
  call('POST', '/runs', { headers: { Prefer: 'wait=20' }, body: { monitor: name, ...window, ...extra } })

/** Everything that can be done, and everything that goes wrong. */
async function exerciseAll(): Promise<void> {
  // who may come in, and who not
  for (const token of [
    null,
    S['a token that nobody has'],
    S['an API token (read)'],
    S['the webhook secret'],
  ]) {
    await call('GET', '/monitors', { token })
    await call('POST', '/monitors', { token, body: monitor('refused') })
    await call('POST', '/session', { token: null, body: { token: token ?? 'x' } })
  }
  const signedIn = await call('POST', '/session', { token: null, body: { token: S['an API token (admin)'] } })
  session = /monitor_session=([^;]+)/.exec(String(signedIn.headers['set-cookie']))?.[1] ?? ''
  expect(session).not.toBe('')
  const broken = { 'Content-Type': 'application/json' }
  await call('POST', '/session', {
    token: null,
    headers: broken,
    body: `{"token": "${S['an API token (admin)']}`,
  })
  await call('GET', '/session', { token: null, headers: { Cookie: `monitor_session=${session}` } })
  await call('GET', `/monitors?cursor=${S['an API token (admin)'].length}&x=1`)

  // monitors, good and bad
  const created = await call('POST', '/monitors', { body: monitor('qa') })
  expect(created.status).toBe(201)
  await call('POST', '/monitors', { body: monitor('qa') })
  await call('POST', '/monitors', { body: monitor('bad', { format: { type: 'nonsense' } }) })
  await call('POST', '/monitors', { body: monitor('unlabeled', { labeling: {} }) })
  await call('POST', '/monitors', { headers: broken, body: JSON.stringify(monitor('half')).slice(0, -5) })
  await call('PATCH', '/monitors/qa', {
    body: { title: 'QA', source: { credentials: { access_key_id: '***' } } },
  })
  await call('PATCH', '/monitors/qa', {
    body: { notify: { webhooks: [{ url: 'nonsense', secret: '***' }] } },
  })
  const ini = await readFile(new URL('monitors/fixtures/filled-in.ini', import.meta.url), 'utf8')
  await call('POST', '/monitors/import?name=from-ini', { body: ini })
  await call('POST', '/monitors/import?name=broken-ini', { body: `${S['the S3 secret access key']}\n[data` })
  for (const path of ['/monitors', '/monitors/qa', '/monitors/qa/trend']) await call('GET', path)

  // runs, and faults of all others
  s3.objects.set('2024-11-11.jsonl', Buffer.from('{"question":"one","answer":"two"}\nbroken\n'.repeat(30)))
  await call('POST', '/monitors/qa/preview', { body: window })
  s3.fault = (_, response) => s3Error(response, 403, 'SignatureDoesNotMatch', JSON.stringify(S))
  await call('POST', '/monitors/qa/preview', { body: window })
  const refused = await run('qa', { force: true })
  expect(refused.body.status).toBe('failed')
  s3.fault = null
  labelStudio.fault = (request, response) =>
    !!response
      .writeHead(request.url?.includes('token') ? 200 : 400, { 'content-type': 'application/json' })
      .end(JSON.stringify({ access: S['Label Studio’s access token'], detail: 'refused' }))
  await run('qa', { force: true })
  await call('POST', '/evaluations/12/reconcile')
  labelStudio.fault = null
  const ready = await run('qa', { force: true })
  expect(ready.body).toMatchObject({ status: 'ready' })
  await call('GET', `/runs/${ready.body.id}`)
  await call('GET', `/runs/${ready.body.id}/events`)
  await call('POST', `/runs/${ready.body.id}/retry`)
  await call('GET', '/runs')

  // Label Studio's calls
  const event = { action: 'ANNOTATION_CREATED', project: { id: 1 }, annotation: { id: 'x' } }
  for (const secret of [
    S['the webhook secret'],
    S['the former webhook secret'],
    S['a token that nobody has'],
  ]) {
    await call('POST', '/webhook', { token: null, headers: { 'X-Webhook-Secret': secret }, body: event })
    await call('POST', `/webhook?token=${secret}`, { token: null, body: event })
    await call('POST', `/ml/${secret}/webhook`, { token: null, headers: broken, body: '{"a": ' })
    await call('POST', `/ml/${secret}/setup`, {
      token: null,
      body: { project: '1.1', schema: '<View/>', access_token: S['a token that Label Studio sends'] },
    })
    await call('GET', `/ml/${secret}/nothing`, { token: null })
  }
  const basic = btoa(`label-studio:${S['the password of the ML backend']}`)
  await call('POST', '/predict', {
    token: null,
    headers: { Authorization: `Basic ${basic}` },
    body: { tasks: [{}] },
  })

  // what is open, and what reads
  for (const path of ['/', '/health', '/ready', '/docs', '/openapi.json', '/evaluations', '/nothing']) {
    await call('GET', path)
  }
  await reviewedProject(it.database.database, { project: 77, tasks: [answered('q', 'a', 'b')] })
  for (const path of ['', '/tasks', '/gate', '/export?format=label-studio'])
    await call('GET', `/evaluations/77${path}`)

  // the database refuses
  await it.database.database.pool.query('alter table monitors rename to monitors_away')
  await call('POST', '/monitors', { body: monitor('nowhere') })
  await it.database.database.pool.query('alter table monitors_away rename to monitors')
  await expect.poll(() => Math.min(hook.received.length, mails.length + 1)).toBeGreaterThan(1)
}

/** All that somebody may read later: in clear, and in the usual disguises. */
function disguises(secret: string): string[] {
  const bytes = Buffer.from(secret)
  const inBase64 = [0, 1, 2].map((shift) => {
    // the characters that do not depend on what stands before and after
    const text = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replace(/=+$/, '')
    return text.slice(shift === 0 ? 0 : shift + 1, -2)
  })
  return [
    secret,
    encodeURIComponent(secret),
    bytes.toString('hex'),
    JSON.stringify(secret).slice(1, -1),
    ...inBase64,
  ]
}

test('no secret is in a log, an answer, an e-mail, an outgoing webhook or a row, whatever was done and went wrong', async () => {
  await exerciseAll()
  const { rows: tables } = await it.database.database.pool.query(
    `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
     where table_schema not in ('pg_catalog', 'information_schema') and table_type = 'BASE TABLE'`,
  )
  const dumped = await Promise.all(
    tables.map(async ({ name }) => {
      const { rows } = await it.database.database.pool.query(`select t::text as row from ${name} t`)
      return { name, text: rows.map(({ row }) => row).join('\n') }
    }),
  )
  // A webhook's own body is kept as it came, and in hexadecimal in a dump.
  const places = [
    { name: 'the log', text: it.logged.join('') },
    { name: 'the answers', text: answers.join('\n') },
    { name: 'the e-mails', text: mails.join('\n') },
    { name: 'outgoing webhooks', text: JSON.stringify(hook.received) },
    ...dumped,
  ]
  expect(places.find(({ name }) => name === 'the log')?.text.length).toBeGreaterThan(10_000)
  expect(tables.length).toBeGreaterThan(15)
  const found = Object.entries({
    ...SECRETS,
    'the session of a page': session.split('.')[1] as string,
  }).flatMap(([what, secret]) =>
    places.flatMap(({ name, text }) =>
      disguises(secret).some((form) => form.length > 8 && text.includes(form)) &&
      !(what === 'the session of a page' && name === 'the answers')
        ? [`${what} in ${name}`]
        : [],
    ),
  )
  expect(found).toEqual([])
  expect(mails.length).toBeGreaterThan(0)
  console.log(
    `${answers.length} answers, ${it.logged.length} log lines, ${tables.length} tables searched for ${Object.keys(SECRETS).length} secrets`,
  )
})
