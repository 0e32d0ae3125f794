import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { etagOf, type Fault, type S3Server, s3Error, startS3Server } from '../logs/s3-server.ts'
import {
  type LabelStudioFault,
  type LabelStudioHttp,
  startLabelStudioHttp,
} from '../support/label-studio-http.ts'
import { monitorInput } from '../support/monitors.ts'
import { type TestService, testService } from '../support/service.ts'

const RECORDS = 3_000
const logsOf = (tag: string) =>
  Buffer.from(Array.from({ length: RECORDS }, (_, i) => `{"question":"${tag} ${i}","answer":"a"}\n`).join(''))

let it: TestService
let s3: S3Server
let labelStudio: LabelStudioHttp
let smtp: SMTPServer
let smtpAnswer: [code: number, message: string] | null = null
let injected = 0

beforeAll(async () => {
  s3 = await startS3Server()
  labelStudio = await startLabelStudioHttp()
  smtp = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    onAuth: ({ username }, _session, done) =>
      smtpAnswer?.[0] === 535 ? done(refusal(smtpAnswer)) : done(null, { user: username }),
    onRcptTo: (_address, _session, done) =>
      smtpAnswer && smtpAnswer[0] !== 535 ? done(refusal(smtpAnswer)) : done(),
  })
  smtp.on('error', () => {})
  await new Promise<void>((resolve) => smtp.listen(0, '127.0.0.1', resolve))
  it = await testService({
    LABEL_STUDIO_URL: labelStudio.url,
    // a personal access token, as far as can be seen
    LABEL_STUDIO_API_KEY: 'header.payload.signature',
    SMTP_URL: `smtp://user:password@127.0.0.1:${(smtp.server.address() as AddressInfo).port}`,
    SMTP_FROM: 'monitor@example.org',
  })
})
afterAll(async () => {
  console.log(`${injected} faults of others injected into runs`)
  await it.stop()
  await Promise.all([
    s3.close(),
    labelStudio.close(),
    new Promise<void>((resolve) => smtp.close(() => resolve())),
  ])
})

function refusal([responseCode, message]: [number, string]): Error {
  injected++
  return Object.assign(new Error(message), { responseCode })
}

let count = 0
let monitor: string
beforeEach(async () => {
  monitor = `qa-${++count}`
  s3.objects.clear()
  s3.objects.set('2024-11-11.jsonl', logsOf('old'))
  s3.objects.set('2024-11-12.jsonl', logsOf('other'))
  labelStudio.tasks.length = 0
  const source = {
    type: 's3',
    bucket: 'logs',
    endpoint: s3.endpoint,
    key_pattern: '{YYYY}-{MM}-{DD}.jsonl',
    credentials: { access_key_id: 'AKIA', secret_access_key: 'key' },
  }
  const input = { name: monitor, source, format: { type: 'jsonl' }, notify: { emails: ['ml@example.org'] } }
  expect((await it.request().post('/monitors').send(monitorInput(input))).status).toBe(201)
})
afterEach(() => {
  s3.fault = null
  labelStudio.fault = null
  labelStudio.delayMs = 0
  labelStudio.losesPredictions = false
  smtpAnswer = null
})

const run = async () => {
  const body = { monitor, from: '2024-11-11', to: '2024-11-12', total: 20 }
  return (await it.request().post('/runs').set('Prefer', 'wait=25').send(body)).body
}
const retry = async (id: string) => {
  await it.request().post(`/runs/${id}/retry`)
  await expect.poll(async () => (await it.request().get(`/runs/${id}`)).body.status).toMatch(/ready|failed/)
  return (await it.request().get(`/runs/${id}`)).body
}
const seenBy = ({ strata }: { strata: { key: string; seen: number }[] }) =>
  Object.fromEntries(strata.map(({ key, seen }) => [key, seen]))
const questions = () =>
  labelStudio.tasks.map(({ data }) => (data as { question: string }).question.split(' ')[0])

/** The first requests that `applies` to meet the fault, so often. */
const first = (times: number, applies: (path: string) => boolean, fault: Fault): Fault => {
  return (request, response, body) => {
    if (times <= 0 || !applies(request.url ?? '') || !fault(request, response, body)) return false
    times--
    injected++
    return true
  }
}
const isObject = (path: string) => path.includes('.jsonl')
const any = () => true

/** Sends half of what is asked for, and cuts the connection. */
const cut =
  (then: () => void = () => {}): Fault =>
  (request, response, body) => {
    if (!body) return false
    const from = Number(/=(\d+)/.exec(request.headers.range ?? '')?.[1] ?? 0)
    response.writeHead(from ? 206 : 200, {
      etag: etagOf(body),
      'content-length': body.length - from,
      'content-range': `bytes ${from}-${body.length - 1}/${body.length}`,
    })
    then()
    response.write(body.subarray(from, (from + body.length) >> 1), () =>
      setTimeout(() => response.destroy(), 20),
    )
    return true
  }

describe('a run is ready, with every record counted once, although S3', () => {
  test.each<[string, () => Fault]>([
    ['throttles the listing (503)', () => first(2, any, (_, response) => s3Error(response, 503, 'SlowDown'))],
    [
      'throttles the reading (503)',
      () => first(3, isObject, (_, response) => s3Error(response, 503, 'SlowDown')),
    ],
    [
      'throttles the reading (429)',
      () => first(3, isObject, (_, response) => s3Error(response, 429, 'TooManyRequests')),
    ],
    ['cuts connections in the middle of objects', () => first(4, isObject, cut())],
    ['cuts connections before they say anything', () => first(2, any, (_, response) => !!response.destroy())],
  ])('%s', async (_case, fault) => {
    s3.fault = fault()
    const { status, error, strata, malformed } = await run()
    expect({ status, error, malformed }).toEqual({ status: 'ready', error: null, malformed: [] })
    expect(seenBy({ strata })).toEqual({ '2024-11-11': RECORDS, '2024-11-12': RECORDS })
    expect(labelStudio.tasks).toHaveLength(20)
  })
})

describe('an object that changes while it is read', () => {
  test('is read anew when it was replaced: nothing of the older one is left', async () => {
    const replace = () =>
      s3.objects.set('2024-11-11.jsonl', logsOf('new').subarray(0, logsOf('new').length >> 1))
    s3.fault = first(1, (path) => path.includes('11-11'), cut(replace))
    const { status, strata, malformed } = await run()
    expect({ status, malformed: malformed.length }).toEqual({
      status: 'ready',
      malformed: expect.any(Number),
    })
    expect(seenBy({ strata })['2024-11-11']).toBeLessThan(RECORDS)
    expect(new Set(questions())).toEqual(new Set(['new', 'other']))
  })

  test('counts for nothing when it vanished', async () => {
    s3.fault = first(
      1,
      (path) => path.includes('11-11'),
      cut(() => s3.objects.delete('2024-11-11.jsonl')),
    )
    const { status, strata } = await run()
    expect(status).toBe('ready')
    expect(seenBy({ strata })).toEqual({ '2024-11-12': RECORDS })
  })
})

describe('S3 that refuses the credentials', () => {
  test('fails the run with what to do, and a retry goes on', async () => {
    s3.fault = (request, response) => {
      injected++
      request.resume()
      return s3Error(response, 403, 'SignatureDoesNotMatch')
    }
    const failed = await run()
    expect(failed).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('correct source.credentials'),
    })
    s3.fault = null
    expect((await retry(failed.id)).status).toBe('ready')
  })
})

/** The next request whose path fits meets the fault. */
const once = (path: RegExp, fault: LabelStudioFault): LabelStudioFault => {
  let left = 1
  return (request, response) => {
    if (left <= 0 || !path.test(`${request.method} ${request.url}`)) return false
    left--
    injected++
    return fault(request, response)
  }
}
const answer =
  (status: number, body: string, headers: Record<string, string> = {}): LabelStudioFault =>
  (_request, response) =>
    !!response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)
const page = answer(200, '<html>Sign in</html>', { 'content-type': 'text/html' })

describe('a run is ready although Label Studio', () => {
  test.each<[string, LabelStudioFault]>([
    ['answers 500 to the creation of the project', once(/POST \/api\/projects$/, answer(500, '{}'))],
    ['answers a page to the creation of the project', once(/POST \/api\/projects$/, page)],
    ['cuts the connection', once(/GET \/api\/webhooks/, (_, response) => !!response.destroy())],
    ['answers 500 to the webhook', once(/POST \/api\/webhooks/, answer(500, '{}'))],
    ['says that the access token has expired', once(/import/, answer(401, '{"detail":"Invalid token."}'))],
  ])('%s', async (_case, fault) => {
    labelStudio.fault = fault
    expect(await run()).toMatchObject({ status: 'ready', error: null, progress: { tasks_imported: 20 } })
    expect(labelStudio.tasks).toHaveLength(20)
  })

  test('imports tasks without their predictions and calls it done: they get them afterwards', async () => {
    labelStudio.losesPredictions = true
    injected++
    expect(await run()).toMatchObject({ status: 'ready', error: null, progress: { tasks_imported: 20 } })
    const shown = labelStudio.tasks.flatMap(({ predictions }) => predictions as { result: object[] }[])
    expect(shown).toHaveLength(20)
    expect(shown[0]).toMatchObject({ result: [{ from_name: 'answer' }] })
  })

  test('asks to wait: it is not called before', async () => {
    const calls: number[] = []
    let left = 1
    labelStudio.fault = (request, response) => {
      if (
        request.method !== 'POST' ||
        !request.url?.startsWith('/api/projects') ||
        request.url.includes('import')
      )
        return false
      calls.push(performance.now())
      if (left-- <= 0) return false
      injected++
      return answer(429, '{}', { 'retry-after': '1' })(request, response)
    }
    expect((await run()).status).toBe('ready')
    expect((calls[1] as number) - (calls[0] as number)).toBeGreaterThan(990)
  })

  test('is slow', async () => {
    labelStudio.delayMs = 250
    injected++
    expect((await run()).status).toBe('ready')
  })
})

test('a run fails where Label Studio answers nothing but pages, says what to mend, and can be retried', async () => {
  labelStudio.fault = (request, response) => {
    injected++
    return page(request, response)
  }
  const failed = await run()
  const mend = 'check that LABEL_STUDIO_URL is Label Studio'
  expect(failed).toMatchObject({ status: 'failed', error: expect.stringContaining(mend) })
  labelStudio.fault = null
  // what was behind the page may still be making the project, so that the retry waits for it first
  expect((await retry(failed.id)).status).toBe('ready')
  expect(labelStudio.tasks).toHaveLength(20)
})

describe('a run is ready, and says so of its mail, although the mail server', () => {
  test.each<[string, [number, string], string, RegExp]>([
    ['refuses the login', [535, 'no: password'], 'failed', /login|password/i],
    ['refuses the address for good', [550, 'no such user'], 'failed', /no such user/],
    ['refuses the address for now', [451, 'try again later'], 'pending', /try again later/],
  ])('%s', async (_case, refused, state, message) => {
    smtpAnswer = refused
    const { id, status } = await run()
    expect(status).toBe('ready')
    const mail = async () => (await it.request().get(`/runs/${id}`)).body.notifications[0]
    await expect.poll(async () => (await mail())?.error ?? '').toMatch(message)
    expect((await mail()).state).toBe(state)
  })
})
