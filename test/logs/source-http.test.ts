import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type HttpSourceDefinition, type LogObject, openSource, SourceError } from '../../src/logs/source.ts'

const WINDOW = { from: '2024-11-05', to: '2024-11-07' }
let server: Server
let base = ''
let files: Record<string, string | Buffer>
let asked: string[]
/** Asked first for each request; true if it has answered. */
let fault: ((request: IncomingMessage, response: ServerResponse, body: Buffer) => boolean) | null

beforeEach(async () => {
  files = {}
  asked = []
  fault = null
  server = createServer((request, response) => {
    const path = request.url ?? ''
    asked.push(`${request.method} ${path} ${request.headers.range ?? ''}`.trim())
    const body = Buffer.from(files[path] ?? '')
    if (fault?.(request, response, body)) return
    if (files[path] === undefined) {
      response.writeHead(404).end()
      return
    }
    const [, from, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? []
    const piece = body.subarray(Number(from ?? 0), last ? Number(last) + 1 : body.length)
    const range = from && {
      'content-range': `bytes ${from}-${Number(from) + piece.length - 1}/${body.length}`,
    }
    response.writeHead(from ? 206 : 200, { etag: '"1"', 'content-length': piece.length, ...range })
    response.end(request.method === 'HEAD' ? undefined : piece)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const open = (definition: Omit<HttpSourceDefinition, 'type'>, allowPrivate = true) =>
  openSource({ type: 'http', ...definition }, { fileRoot: '/', allowPrivateUrls: allowPrivate })
const list = (definition: Omit<HttpSourceDefinition, 'type'>) =>
  Array.fromAsync(open(definition).list(undefined, WINDOW))
const object = (path: string): LogObject => ({ key: base + path, size: null, date: null })
const read = async (path: string) =>
  (await buffer(await open({ urls: [base + path] }).open(object(path)))).toString()
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => null,
    (error) => error,
  )

describe('lists', () => {
  test('the URLs that are given, with their sizes, without what follows the path', async () => {
    files = { '/a.txt?token=secret': 'one', '/b.txt': '' }
    expect(await list({ urls: [`${base}/a.txt?token=secret`, `${base}/b.txt`, `${base}/b.txt`] })).toEqual([
      { key: `${base}/a.txt`, size: 3, date: null, etag: '"1"' },
      { key: `${base}/b.txt`, size: 0, date: null, etag: '"1"' },
    ])
  })

  test('URLs by their date, where the key pattern has one', async () => {
    files = { '/2024-11-04.txt': '', '/2024-11-05.txt': '', '/other': '' }
    const urls = Object.keys(files).map((path) => base + path)
    const found = await list({ urls, key_pattern: '{YYYY}-{MM}-{DD}.txt' })
    expect(found.map(({ key, date }) => [key, date])).toEqual([[`${base}/2024-11-05.txt`, '2024-11-05']])
  })

  test('a URL for each day of the window; what is not there is left out', async () => {
    files = { '/11/05/24': 'x', '/11/07/24': 'y', '/11/08/24': 'z' }
    const found = await list({ url_pattern: `${base}/{MM}/{DD}/{YY}` })
    expect(found.map(({ key, date }) => [key.slice(base.length), date])).toEqual([
      ['/11/05/24', '2024-11-05'],
      ['/11/07/24', '2024-11-07'],
    ])
  })

  test('dates in the query have objects of their own, which can be opened by another process', async () => {
    files = { '/logs?day=2024-11-05': 'five', '/logs?day=2024-11-06': 'six' }
    const definition = { url_pattern: `${base}/logs?day={YYYY}-{MM}-{DD}` }
    const found = await list(definition)
    expect(found.map(({ key }) => key.slice(base.length))).toEqual(['/logs#2024-11-05', '/logs#2024-11-06'])
    expect((await buffer(await open(definition).open(found[1] as LogObject))).toString()).toBe('six')
  })

  test.each([
    ['lines', '# all of them\n/a.txt\r\n\nsub/b.txt\nBASE/c.txt\n'],
    ['a JSON list', '["/a.txt", "sub/b.txt", "BASE/c.txt"]'],
    ['a JSON list of objects', '[{"url": "/a.txt"}, {"url": "sub/b.txt", "size": 1}, {"url": "BASE/c.txt"}]'],
    ['a JSON object with the list', '{"urls": ["/a.txt", "sub/b.txt", "BASE/c.txt"]}'],
  ])('a manifest as %s, relative to it, compressed or not', async (_, text) => {
    files = { '/m/sub/b.txt': '', '/a.txt': '', '/c.txt': '' }
    for (const pack of [Buffer.from, gzipSync] as ((text: string) => Buffer)[]) {
      files['/m/list'] = pack(text.replace('BASE', base))
      const found = await list({ manifest: `${base}/m/list` })
      expect(found.map(({ key }) => key.slice(base.length))).toEqual(['/a.txt', '/m/sub/b.txt', '/c.txt'])
    }
  })

  test('a server that answers to no HEAD is asked otherwise', async () => {
    files = { '/a.txt': 'four' }
    fault = (request, response) => request.method === 'HEAD' && Boolean(response.writeHead(403).end())
    expect(await list({ urls: [`${base}/a.txt`] })).toMatchObject([{ size: 4 }])
  })

  test.each([
    ['a manifest that is none', { manifest: '/m' }, { '/m': '[3]' }, /is no manifest/],
    ['a manifest of other addresses', { manifest: '/m' }, { '/m': 'file:///etc/passwd' }, /begins with http/],
    ['a manifest that is not there', { manifest: '/m' }, {}, /answered 404.*nothing at this URL/],
  ])('%s is refused', async (_, { manifest }, given, message) => {
    files = given as Record<string, string>
    const error = await failure(list({ manifest: base + manifest }))
    expect(error).toBeInstanceOf(SourceError)
    expect(error).toMatchObject({ kind: 'refused', message: expect.stringMatching(message) })
  })
})

describe('reads', () => {
  const LONG = 'x'.repeat(300_000) + 'y'.repeat(300_000)
  /** Breaks off after some bytes, a number of times. */
  const breaking = (times: number, etag = (_: number) => '"1"') => {
    let broken = 0
    fault = (request, response, body) => {
      if (request.method === 'HEAD' || broken === times) return false
      const from = Number(/\d+/.exec(request.headers.range ?? '0')?.[0])
      const head = { etag: etag(broken), 'content-length': body.length - from }
      const range = from > 0 && { 'content-range': `bytes ${from}-${body.length - 1}/${body.length}` }
      broken++
      response.writeHead(from > 0 ? 206 : 200, { ...head, ...range })
      response.write(body.subarray(from, from + 100_000), () => setTimeout(() => response.destroy(), 20))
      return true
    }
  }

  test('goes on where a connection broke off', async () => {
    files = { '/a': LONG }
    breaking(3)
    expect((await read('/a')) === LONG).toBe(true)
    expect(asked.filter((each) => each.includes('bytes='))).toHaveLength(3)
  })

  test('from the start, where the server has no ranges', async () => {
    files = { '/a': LONG }
    let broken = 0
    fault = (request, response, body) => {
      if (request.method === 'HEAD') return false
      response.writeHead(200, { etag: '"1"', 'content-length': body.length })
      if (broken++ > 0) response.end(body)
      else response.write(body.subarray(0, 100_000), () => setTimeout(() => response.destroy(), 20))
      return true
    }
    expect((await read('/a')) === LONG).toBe(true)
  })

  test('not what was replaced meanwhile', async () => {
    files = { '/a': LONG }
    breaking(2, (broken) => `"${broken}"`)
    expect(await failure(read('/a'))).toMatchObject({
      kind: 'unavailable',
      message: expect.stringMatching('was replaced'),
    })
  })

  test.each([
    [401, 'refused', 'access is denied; correct source.headers'],
    [404, 'refused', 'there is nothing at this URL'],
    [429, 'unavailable', 'overloaded or down'],
    [503, 'unavailable', 'overloaded or down'],
  ])('%i is %s', async (status, kind, message) => {
    fault = (_, response) => Boolean(response.writeHead(status).end())
    const found = await failure(Array.fromAsync(open({ urls: [`${base}/a?key=secret`] }).list()))
    const error = found ?? (await failure(open({ urls: [`${base}/a?key=secret`] }).open(object('/a'))))
    expect(error).toMatchObject({ kind, message: expect.stringContaining(message) })
    expect(error.message).not.toContain('secret')
  })

  test('ranges', async () => {
    files = { '/a': 'abcdef' }
    const source = open({ urls: [`${base}/a`] })
    expect((await source.range?.(object('/a'), 2, 4))?.toString()).toBe('cd')
    fault = (request, response, body) =>
      request.method === 'GET' && Boolean(response.writeHead(200).end(body))
    expect(await failure(source.range?.(object('/a'), 2, 4) as Promise<Buffer>)).toMatchObject({
      kind: 'refused',
    })
  })
})

test('headers go with each request, but not to another host', async () => {
  files = { '/a': 'here' }
  const got: (string | undefined)[] = []
  const other = createServer((request, response) => {
    got.push(request.headers.authorization)
    response
      .writeHead(200, { etag: '"1"', 'content-length': 5 })
      .end(request.method === 'HEAD' ? '' : 'there')
  })
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  fault = (request, response) => {
    got.push(request.headers.authorization)
    const location = `http://127.0.0.1:${(other.address() as AddressInfo).port}/b`
    return Boolean(response.writeHead(302, { location }).end())
  }
  const source = open({ urls: [`${base}/a`], headers: { authorization: 'Bearer x' } })
  const [found] = await Array.fromAsync(source.list())
  expect((await buffer(await source.open(found as LogObject))).toString()).toBe('there')
  expect(got).toEqual(['Bearer x', undefined, 'Bearer x', undefined])
  other.closeAllConnections()
  other.close()
})

test.each([
  ['private addresses', { urls: ['BASE/a'] }, /private address/],
  ['names of them', { urls: ['http://localhost:1/a'] }, /private address/],
  ['other protocols', { urls: ['ftp://example.org/a'] }, /begins with http/],
  ['passwords in URLs', { urls: ['https://u:hunter2@example.org/a'] }, /put them into source.headers/],
])('%s are refused', async (_, { urls }, message) => {
  const given = urls.map((url) => url.replace('BASE', base))
  const error = await failure((async () => Array.fromAsync(open({ urls: given }, false).list()))())
  expect(error).toMatchObject({ kind: 'refused', message: expect.stringMatching(message) })
  expect(error.message).not.toContain('hunter2')
  expect(asked).toEqual([])
})
