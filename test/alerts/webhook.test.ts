import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo, LookupFunction } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { DeliveryError } from '../../src/alerts/delivery-error.ts'
import { createWebhookCaller, type WebhookOptions } from '../../src/alerts/webhook.ts'
import { type Received, type Receiver, receiver, signedBy } from './receiver.ts'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const never = new AbortController().signal

const open: Receiver[] = []
const listening = async (...answers: Parameters<typeof receiver>) => {
  const it = await receiver(...answers)
  open.push(it)
  return it
}
afterEach(() => Promise.all(open.splice(0).map((each) => each.close())))

const call = (url: string, options: Partial<WebhookOptions> = {}, secret: string | null = SECRET) => {
  const caller = createWebhookCaller({
    allowPrivate: true,
    userAgent: 'label-studio-monitor/test',
    ...options,
  })
  return caller({ url, id: 'message-1', body: '{"title":"Prüfung 👀"}', secret }, never)
}
const failure = (promise: Promise<unknown>): Promise<DeliveryError> =>
  promise.then(
    () => {
      throw new Error('it arrived')
    },
    (error) => error,
  )
/** Leads every name to this machine. */
const toThisMachine = (looked: string[]): LookupFunction =>
  ((host, options, callback) => {
    looked.push(host)
    if (options.all) callback(null, [{ address: '127.0.0.1', family: 4 }])
    else callback(null, '127.0.0.1', 4)
  }) as LookupFunction

describe('a call', () => {
  test('is a signed POST of the body as it is', async () => {
    const it = await listening(204)
    const before = Math.floor(Date.now() / 1000)
    expect(await call(it.url)).toEqual({ status: 204, retryAfterS: null })
    const [received] = it.received as [Received]
    expect(received.path).toBe('/hook')
    expect(received.body).toBe('{"title":"Prüfung 👀"}')
    expect(received.headers).toMatchObject({
      'content-type': 'application/json',
      'user-agent': 'label-studio-monitor/test',
      'webhook-id': 'message-1',
    })
    const timestamp = Number(received.headers['webhook-timestamp'])
    expect(timestamp).toBeGreaterThanOrEqual(before)
    expect(timestamp).toBeLessThanOrEqual(Date.now() / 1000)
    expect(signedBy(received, SECRET, 'whsec_b3RoZXI=')).toEqual([SECRET])
  })

  test('is signed by each of several secrets', async () => {
    const it = await listening(200)
    await call(it.url, {}, `whsec_bmV3 ${SECRET}`)
    expect(signedBy(it.received[0] as Received, SECRET, 'whsec_bmV3')).toHaveLength(2)
  })

  test('without a secret is not signed', async () => {
    const it = await listening(200)
    await call(it.url, {}, null)
    expect(it.received[0]?.headers).not.toHaveProperty('webhook-signature')
    expect(it.received[0]?.headers['webhook-id']).toBe('message-1')
  })

  test('does not follow a redirect', async () => {
    const elsewhere = await listening(200)
    const it = await listening((response) => response.writeHead(307, { location: elsewhere.url }).end())
    expect(await call(it.url)).toMatchObject({ status: 307 })
    expect(elsewhere.received).toEqual([])
  })

  test.each([
    ['in seconds', '120', 120],
    ['as a date in the past', 'Mon, 11 Nov 2024 00:00:00 GMT', null],
    ['as nonsense', 'soon', null],
  ])('reads how long it is asked to wait %s', async (_, header, seconds) => {
    const it = await listening((response) => response.writeHead(429, { 'retry-after': header }).end())
    expect(await call(it.url)).toEqual({ status: 429, retryAfterS: seconds })
  })

  test('reads until when it is asked to wait', async () => {
    const date = new Date(Date.now() + 3_600_000).toUTCString()
    const it = await listening((response) => response.writeHead(503, { 'retry-after': date }).end())
    const { retryAfterS } = await call(it.url)
    expect(retryAfterS).toBeGreaterThan(3_590)
    expect(retryAfterS).toBeLessThanOrEqual(3_600)
  })

  test('takes the status for the answer, however slowly the body comes', async () => {
    const it = await listening((response) => void response.writeHead(200).write('a beginning'))
    expect(await call(it.url)).toMatchObject({ status: 200 })
  })
})

describe('no answer', () => {
  test('within the time limit is a failure that may pass', async () => {
    const it = await listening(() => {})
    const error = await failure(call(it.url, { timeoutMs: 200 }))
    expect(error).toMatchObject({ temporary: true })
    expect(error.message).toBe(`127.0.0.1:${it.port} did not answer within 0.2 s; it should answer first.`)
  })

  test('from a port where nobody listens is one, and tells nothing of the path', async () => {
    const it = await listening(200)
    await it.close()
    const error = await failure(call(`http://127.0.0.1:${it.port}/services/T0/secret-path?key=hidden`))
    expect(error).toMatchObject({ temporary: true })
    expect(error.message).toContain('ECONNREFUSED')
    expect(error.message).not.toMatch(/secret-path|hidden/)
  })

  test('from a server that nobody vouches for is one', async () => {
    const rig = new URL('../e2e/rig/', import.meta.url)
    const [cert, key] = ['smtp-certificate.pem', 'smtp-key.pem'].map((name) =>
      readFileSync(new URL(name, rig)),
    )
    const server = createServer({ cert, key }, (_request, response) => response.end())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const error = await failure(call(`https://127.0.0.1:${port}/`))
    await new Promise((resolve) => server.close(resolve))
    expect(error).toMatchObject({ temporary: true })
    expect(error.message).toMatch(/CERT|SELF_SIGNED/)
  })

  test('while the service stops is not the receiver’s failure', async () => {
    const it = await listening(() => {})
    const stopping = new AbortController()
    const caller = createWebhookCaller({ allowPrivate: true, userAgent: 'test' })
    const called = caller({ url: it.url, id: '1', body: '{}', secret: null }, stopping.signal)
    stopping.abort(new Error('The service is stopping'))
    await expect(called).rejects.toThrow('The service is stopping')
  })
})

describe('where private addresses are not allowed', () => {
  const closed = { allowPrivate: false }

  test('an address of this machine is refused without a connection', async () => {
    const it = await listening(200)
    const error = await failure(call(it.url, closed))
    expect(error).toMatchObject({ temporary: false })
    expect(error.message).toMatch(/127\.0\.0\.1 is a private address.*ALLOW_PRIVATE_URLS=true/)
    expect(it.received).toEqual([])
  })

  test('localhost is refused', async () => {
    const it = await listening(200)
    const error = await failure(call(`http://localhost:${it.port}/`, closed))
    expect(error).toMatchObject({ temporary: false })
    expect(it.received).toEqual([])
  })

  test('a name that leads to a private address is refused', async () => {
    const it = await listening(200)
    const looked: string[] = []
    const url = `http://hooks.invalid:${it.port}/`
    const error = await failure(call(url, { ...closed, lookup: toThisMachine(looked) }))
    expect(error).toMatchObject({ temporary: false })
    expect(it.received).toEqual([])
    expect(looked).toEqual(['hooks.invalid'])
  })

  test('a name is looked up once, and that is where the connection goes', async () => {
    const it = await listening(200)
    const looked: string[] = []
    // A name that nobody else knows: a second lookup, by whomever, could not lead here.
    await call(`http://hooks.invalid:${it.port}/`, { lookup: toThisMachine(looked) })
    expect(looked).toEqual(['hooks.invalid'])
    expect(it.received).toHaveLength(1)
  })
})
