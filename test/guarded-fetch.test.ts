import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo, LookupFunction } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, test } from 'vitest'
import { createGuardedFetch, type GuardedFetchOptions, RedirectError } from '../src/guarded-fetch.ts'
import { PrivateAddressError } from '../src/public-address.ts'

// Two addresses of this machine: in these tests the one counts as public, the other as private.
const PUBLIC = '127.0.0.2'
const PRIVATE = '127.0.0.1'

const servers: Server[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

async function serve(address: string, answer: RequestListener) {
  const asked: { path: string; headers: Record<string, unknown> }[] = []
  const server = createServer((request, response) => {
    asked.push({ path: request.url ?? '', headers: request.headers })
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, address, resolve))
  servers.push(server)
  const { port } = server.address() as AddressInfo
  return { port, url: `http://${address}:${port}`, asked }
}
const secret = () => serve(PRIVATE, (_request, response) => response.end('the metadata'))
const redirecting = (to: string, status = 302) =>
  serve(PUBLIC, (_request, response) => response.writeHead(status, { location: to }).end())

/** Answers each name with addresses in turn, as a name server that rebinds does. */
const names = (answers: Record<string, string[]>): LookupFunction =>
  ((host, options, callback) => {
    const address = answers[host]?.shift()
    if (address === undefined)
      return callback(Object.assign(new Error('ENOTFOUND'), { code: 'ENOTFOUND' }), [])
    if (options.all) callback(null, [{ address, family: 4 }])
    else callback(null, address, 4)
  }) as LookupFunction

const guarded = (options: Partial<GuardedFetchOptions> = {}) =>
  createGuardedFetch({ allowPrivate: false, isPublic: (address) => address === PUBLIC, ...options })
const outcome = (promise: Promise<{ status: number }>) =>
  promise.then(
    ({ status }) => status,
    (error) => error,
  )

describe('a URL that a user named', () => {
  test('is called where it is public', async () => {
    const it = await serve(PUBLIC, (_request, response) => response.end('logs'))
    const { status, body } = await guarded()(new URL(`${it.url}/a?b=c`))
    expect([status, await text(body)]).toEqual([200, 'logs'])
    expect(it.asked[0]?.path).toBe('/a?b=c')
  })

  test.each([
    ['an address', '127.0.0.1'],
    ['an address in short', '127.1'],
    ['an address as a number', '2130706433'],
    ['an address in octal', '0177.0.0.1'],
    ['an address in hexadecimal', '0x7f000001'],
    ['an address in full-width digits', '１２７.0.0.1'],
    ['IPv4 in IPv6', '[::ffff:127.0.0.1]'],
    ['localhost', 'localhost'],
  ])('is refused where it is private: %s', async (_form, host) => {
    const it = await secret()
    expect(await outcome(guarded()(new URL(`http://${host}:${it.port}/`)))).toBeInstanceOf(
      PrivateAddressError,
    )
    expect(it.asked).toEqual([])
  })

  test.each(['file:///etc/passwd', 'ftp://127.0.0.2/', 'data:text/plain,x'])('is not %s', async (url) => {
    expect(await outcome(guarded()(new URL(url)))).toBeInstanceOf(RedirectError)
  })
})

describe('a redirect', () => {
  test.each([301, 302, 303, 307, 308])('by %i to a private address is refused', async (status) => {
    const it = await secret()
    const door = await redirecting(`${it.url}/latest/meta-data`, status)
    expect(await outcome(guarded()(new URL(door.url), { redirects: 5 }))).toBeInstanceOf(PrivateAddressError)
    expect(it.asked).toEqual([])
  })

  test('to a name that leads to a private address is refused', async () => {
    const it = await secret()
    const door = await redirecting(`http://inside.invalid:${it.port}/`)
    const fetch = guarded({ lookup: names({ 'inside.invalid': [PRIVATE] }) })
    expect(await outcome(fetch(new URL(door.url), { redirects: 5 }))).toBeInstanceOf(PrivateAddressError)
    expect(it.asked).toEqual([])
  })

  test('to another scheme is refused', async () => {
    const door = await redirecting('file:///etc/passwd')
    expect(await outcome(guarded()(new URL(door.url), { redirects: 5 }))).toBeInstanceOf(RedirectError)
  })

  test('to a public address is followed, without what only the first may know', async () => {
    const it = await serve(PUBLIC, (_request, response) => response.end('logs'))
    const door = await redirecting(`${it.url}/moved`)
    const headers = { Authorization: 'Bearer s', 'X-Api-Key': 's', Range: 'bytes=5-' }
    const { url, body } = await guarded()(new URL(door.url), { redirects: 5, headers })
    expect(await text(body)).toBe('logs')
    expect(url.href).toBe(`${it.url}/moved`)
    expect(door.asked[0]?.headers).toMatchObject({ authorization: 'Bearer s', 'x-api-key': 's' })
    expect(it.asked[0]?.headers).toMatchObject({ range: 'bytes=5-' })
    expect(it.asked[0]?.headers).not.toHaveProperty('authorization')
    expect(it.asked[0]?.headers).not.toHaveProperty('x-api-key')
  })

  test('on the same origin keeps what it was asked with', async () => {
    const it = await serve(PUBLIC, (request, response) => {
      if (request.url === '/moved') response.end('logs')
      else response.writeHead(302, { location: '/moved' }).end()
    })
    await guarded()(new URL(it.url), { redirects: 1, headers: { Authorization: 'Bearer s' } })
    expect(it.asked[1]).toMatchObject({ path: '/moved', headers: { authorization: 'Bearer s' } })
  })

  test('in a circle ends', async () => {
    const it = await redirecting('/again')
    expect(await outcome(guarded()(new URL(it.url), { redirects: 5 }))).toBeInstanceOf(RedirectError)
    expect(it.asked).toHaveLength(6)
  })

  test('is an answer where none is to be followed', async () => {
    expect(await outcome(guarded()(new URL((await redirecting('/x')).url)))).toBe(302)
  })
})

describe('a name that is bound anew between two looks', () => {
  test('is connected to where the look that was checked found it', async () => {
    const it = await secret()
    const open = await serve(PUBLIC, (_request, response) => response.end('logs'))
    const answers = { 'rebinding.invalid': [PUBLIC, PRIVATE, PRIVATE] }
    const fetch = guarded({ lookup: names(answers) })
    expect(await outcome(fetch(new URL(`http://rebinding.invalid:${open.port}/`)))).toBe(200)
    expect(answers['rebinding.invalid']).toHaveLength(2)
    expect(await outcome(fetch(new URL(`http://rebinding.invalid:${it.port}/`)))).toBeInstanceOf(
      PrivateAddressError,
    )
    expect(it.asked).toEqual([])
  })
})

describe('a server on which nothing comes', () => {
  test('is given up', async () => {
    const it = await serve(PUBLIC, () => {})
    expect(await outcome(guarded()(new URL(it.url), { idleMs: 50 }))).toMatchObject({ code: 'ETIMEDOUT' })
  })

  test('in the middle of its answer is given up', async () => {
    const it = await serve(PUBLIC, (_request, response) => void response.write('a beginning'))
    const { body } = await guarded()(new URL(it.url), { idleMs: 50 })
    await expect(text(body)).rejects.toThrow()
  })
})

test('private addresses may be allowed', async () => {
  const it = await secret()
  expect(await outcome(guarded({ allowPrivate: true })(new URL(it.url)))).toBe(200)
})
