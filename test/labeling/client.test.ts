import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { createLabelStudio, type LabelStudio, LabelStudioError } from '../../src/labeling/client.ts'

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void

const servers: Server[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

async function labelStudio(answer: Answer) {
  const requests: string[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    requests.push(`${request.method} ${request.url} ${request.headers.authorization ?? ''}`.trim())
    answer(request, response, Buffer.concat(chunks).toString())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  servers.push(server)
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests }
}
const json =
  (body: unknown, status = 200, headers: Record<string, string> = {}): Answer =>
  (_request, response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
const html =
  (status: number): Answer =>
  (_request, response) =>
    response
      .writeHead(status, { 'content-type': 'text/html' })
      .end('<html><body>Sign in: canary</body></html>')

const failure = (promise: Promise<unknown>): Promise<LabelStudioError> =>
  promise.then(
    () => expect.fail('it was answered'),
    (error) => error,
  )

const LEGACY = '0123456789abcdef0123456789abcdef01234567'
const PAT = 'header.payload.signature'

const CALLS: [name: string, call: (it: LabelStudio) => Promise<unknown>][] = [
  ['whoami', (it) => it.whoami()],
  ['project', (it) => it.project(1)],
  ['projectsTitled', (it) => it.projectsTitled('x')],
  ['createProject', (it) => it.createProject({ title: 't', description: 'd', label_config: '<View/>' })],
  ['updateProject', (it) => it.updateProject(1, { title: 't' })],
  ['importTasks', (it) => it.importTasks(1, [{ data: {}, meta: {}, predictions: [] }])],
  ['tasks', (it) => it.tasks(1, { pageSize: 1, fields: 'all' })],
  ['deleteTasks', (it) => it.deleteTasks(1, [2, 3])],
  ['deleteProject', (it) => it.deleteProject(1)],
  ['webhooks', (it) => it.webhooks(1)],
]

describe.each(CALLS)('%s', (_name, call) => {
  test.each<[string, Answer, RegExp]>([
    ['answers 500', json({ detail: 'boom' }, 500), /answered 500 to .*: boom\.$/],
    ['answers 502 by a proxy’s page', html(502), /answered 502 to \S+ \S+\.$/],
    ['answers 429', json({ detail: 'slow down' }, 429), /answered 429/],
    ['answers a page with 200', html(200), /a page instead of JSON; check that LABEL_STUDIO_URL/],
    [
      'redirects to a page to sign in',
      (_, response) => response.writeHead(302, { location: '/user/login/?next=/canary' }).end(),
      /redirects .* to http:\/\/127\.0\.0\.1:\d+, which is not followed; set LABEL_STUDIO_URL/,
    ],
    [
      'redirects to https',
      (_, response) => response.writeHead(301, { location: 'https://labels.example.org/canary' }).end(),
      /redirects .* to https:\/\/labels\.example\.org, which is not followed/,
    ],
    ['cuts the connection', (_, response) => response.destroy(), /did not answer .* \(ECONNRESET\)/],
    [
      'cuts the connection in the middle of its answer',
      (_, response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1000 })
        response.write('{"id": 1, ', () => response.destroy())
      },
      /did not answer /,
    ],
    [
      'ends its answer in the middle',
      (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"id": 1, '),
      /a page instead of JSON/,
    ],
  ])('may pass when Label Studio %s', async (_fault, answer, message) => {
    const it = await labelStudio(answer)
    const error = await failure(call(createLabelStudio(it.url, LEGACY)))
    expect(error).toBeInstanceOf(LabelStudioError)
    expect(error.message).toMatch(message)
    expect(error.kind).toBe('unavailable')
    expect(`${error.stack}${JSON.stringify(error)}`).not.toMatch(/canary|0123456789abcdef/)
    expect(it.requests).toHaveLength(1)
  })
})

describe('how long to wait', () => {
  const asked = async (header: string) => {
    const it = await labelStudio(json({}, 429, { 'retry-after': header }))
    return (await failure(createLabelStudio(it.url, LEGACY).whoami())).retryAfterMs
  }
  test.each([
    ['in seconds', '120', 120_000],
    ['in no time', '0', null],
    ['until what is past', 'Mon, 11 Nov 2024 00:00:00 GMT', null],
    ['until nobody knows when', 'soon', null],
  ])('is read %s', async (_form, header, ms) => {
    expect(await asked(header)).toBe(ms)
  })

  test('is read as a date', async () => {
    const ms = await asked(new Date(Date.now() + 3_600_000).toUTCString())
    expect(ms).toBeGreaterThan(3_590_000)
    expect(ms).toBeLessThanOrEqual(3_600_000)
  })
})

describe('a personal access token', () => {
  /** Gives access tokens that hold for so many calls, as the real one's hold for five minutes. */
  const shortLived = (callsPerToken: number, refresh?: Answer): Answer => {
    let issued = 0
    let used = 0
    return (request, response, body) => {
      if (request.url === '/api/token/refresh/') {
        if (refresh) return refresh(request, response, body)
        used = 0
        return json(
          JSON.parse(body).refresh === PAT ? { access: `access-${++issued}` } : {},
          JSON.parse(body).refresh === PAT ? 200 : 401,
        )(request, response, body)
      }
      const isCurrent = request.headers.authorization === `Bearer access-${issued}` && used++ < callsPerToken
      json(isCurrent ? { id: 1, email: 'a@b' } : { detail: 'Invalid token.' }, isCurrent ? 200 : 401)(
        request,
        response,
        body,
      )
    }
  }

  test('is exchanged for an access token, which is used again until it expires and then renewed unseen', async () => {
    const it = await labelStudio(shortLived(3))
    const client = createLabelStudio(it.url, PAT)
    for (let call = 0; call < 7; call++) expect(await client.whoami()).toEqual({ id: 1, email: 'a@b' })
    expect(it.requests.filter((each) => each.includes('refresh'))).toHaveLength(3)
  })

  test('is renewed for calls at the same time', async () => {
    const it = await labelStudio(shortLived(3))
    const client = createLabelStudio(it.url, PAT)
    for (let call = 0; call < 3; call++) await client.whoami()
    const answers = await Promise.allSettled([client.whoami(), client.whoami(), client.whoami()])
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled'])
  })

  test.each<[string, Answer, string, RegExp]>([
    [
      'was revoked',
      json({ detail: 'Token is blacklisted' }, 401),
      'unauthorized',
      /check LABEL_STUDIO_API_KEY/,
    ],
    ['can’t be exchanged now', json({}, 503), 'unavailable', /answered 503/],
    ['is answered by a page', html(200), 'unavailable', /a page instead of JSON/],
    ['is answered by something else', json({ token: 'x' }), 'unavailable', /instead of JSON/],
  ])('that %s is told as such', async (_case, refresh, kind, message) => {
    const it = await labelStudio(shortLived(3, refresh))
    const error = await failure(createLabelStudio(it.url, PAT).whoami())
    expect(error).toMatchObject({ kind, message: expect.stringMatching(message) })
    expect(`${error.stack}${JSON.stringify(error)}`).not.toContain(PAT)
  })

  test('that is refused is tried no more than twice', async () => {
    const it = await labelStudio(shortLived(0))
    expect(await failure(createLabelStudio(it.url, PAT).whoami())).toMatchObject({ kind: 'unauthorized' })
    expect(it.requests).toHaveLength(4)
  })
})
