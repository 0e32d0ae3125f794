import { buffer } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createFormat } from '../../src/logs/format.ts'
import { readObject } from '../../src/logs/read.ts'
import { openSource, type S3SourceDefinition, SourceError } from '../../src/logs/source.ts'
import { etagOf, type Fault, type S3Server, s3Error, startS3Server } from './s3-server.ts'

const SECRET = 'wJalrXUtnFEMI'
let server: S3Server
beforeEach(async () => {
  server = await startS3Server()
})
afterEach(() => server.close())

const open = (definition: Partial<S3SourceDefinition> = {}, s3Attempts = 2) =>
  openSource(
    {
      type: 's3',
      bucket: 'logs',
      endpoint: server.endpoint,
      credentials: { access_key_id: 'AKIA', secret_access_key: SECRET },
      ...definition,
    },
    { fileRoot: '/', s3Attempts },
  )
const object = (key: string) => ({ key, size: null, date: null })
const read = async (key: string) => buffer(await open().open(object(key)))
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => null,
    (error) => error,
  )

describe('lists', () => {
  test('every page, with key, size, date and etag', async () => {
    for (let day = 1; day <= 10; day++)
      server.objects.set(`a&b/qalogs_11:${String(day).padStart(2, '0')}:24.txt`, Buffer.alloc(day))
    server.objects.set('a&b/notes.txt', Buffer.from('x'))
    server.objects.set('a&b/', Buffer.alloc(0))
    const objects = await Array.fromAsync(open({ key_pattern: 'qalogs_{MM}:{DD}:{YY}.txt' }).list())
    expect(objects).toHaveLength(10)
    expect(objects[9]).toEqual({
      key: 'a&b/qalogs_11:10:24.txt',
      size: 10,
      date: '2024-11-10',
      etag: expect.stringMatching(/^"\w{32}"$/),
    })
    expect(server.requests).toHaveLength(4)
  })

  test('only below the prefix', async () => {
    for (const key of ['a/1', 'a/2', 'b/1']) server.objects.set(key, Buffer.from('x'))
    expect((await Array.fromAsync(open({ prefix: 'a/' }).list())).map(({ key }) => key)).toEqual([
      'a/1',
      'a/2',
    ])
  })

  test('an empty bucket', async () => {
    expect(await Array.fromAsync(open().list())).toEqual([])
  })

  test('a list that never ends is given up', async () => {
    server.fault = (_, response) => {
      response.end(
        '<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken></ListBucketResult>',
      )
      return true
    }
    expect(await failure(Array.fromAsync(open().list()))).toMatchObject({ kind: 'unavailable' })
  })
})

test('its identity is the bucket, whatever the server', () => {
  expect(open().id).toBe('s3://logs')
  expect(open({ endpoint: 'https://elsewhere.example.org' }).id).toBe('s3://logs')
})

test('the endpoint of the environment serves sources that name none', async () => {
  server.objects.set('a', Buffer.from('x'))
  const definition = {
    type: 's3',
    bucket: 'logs',
    credentials: { access_key_id: 'a', secret_access_key: 'b' },
  } as const
  const source = openSource(definition, { fileRoot: '/', s3Endpoint: server.endpoint })
  expect(await Array.fromAsync(source.list())).toHaveLength(1)
})

describe('reads', () => {
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 31) >> 3))

  test('an object as stored', async () => {
    server.objects.set('deep/a b+ü.txt', bytes)
    expect((await read('deep/a b+ü.txt')).equals(bytes)).toBe(true)
  })

  /** Sends `part` bytes of what is asked for and cuts the connection, so often. */
  const cut = (part: number, times: number, etag = '"e"'): Fault => {
    return (request, response, body) => {
      if (!body || times-- <= 0) return false
      const from = Number(/=(\d+)/.exec(request.headers.range ?? '')?.[1] ?? 0)
      response.writeHead(from ? 206 : 200, {
        etag,
        'content-length': body.length - from,
        'content-range': `bytes ${from}-${body.length - 1}/${body.length}`,
      })
      response.write(body.subarray(from, from + part), () => setTimeout(20).then(() => response.destroy()))
      return true
    }
  }

  test('on after cut connections, from where it stood', async () => {
    server.objects.set('a', bytes)
    server.fault = cut(40_000, 100)
    expect((await read('a')).equals(bytes)).toBe(true)
    expect(server.requests.slice(0, 3)).toEqual([
      'GET /logs/a',
      'GET /logs/a bytes=40000-',
      'GET /logs/a bytes=80000-',
    ])
  })

  test('again what was cut before its first byte', async () => {
    server.objects.set('a', bytes)
    server.fault = cut(0, 1, etagOf(bytes))
    expect((await read('a')).equals(bytes)).toBe(true)
    expect(server.requests).toEqual(['GET /logs/a', 'GET /logs/a'])
  })

  test('not on in an object that was replaced meanwhile', async () => {
    server.objects.set('a', bytes)
    server.fault = cut(40_000, 1)
    const error = await failure(read('a'))
    expect(error).toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('replaced while it was read'),
    })
  })

  test.each([
    ['from an offset on', { from: 100, to: null }],
    ['up to an offset', { from: 0, to: 100 }],
  ])('no piece %s of another version than the one that was listed', async (_which, piece) => {
    server.objects.set('a', bytes)
    const listed = { key: 'a', size: bytes.length, date: null, etag: '"older"' }
    expect(await failure(open().open(listed, undefined, piece))).toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('replaced while it was read'),
    })
    const opened = await open().open({ ...listed, etag: etagOf(bytes) }, undefined, piece)
    const expected = bytes.subarray(piece.from, piece.to ?? bytes.length)
    expect(Buffer.concat(await Array.fromAsync(opened)).equals(expected)).toBe(true)
  })

  test('not on in another object on a server that looks at ranges alone', async () => {
    server.objects.set('a', bytes)
    const half = cut(40_000, 1)
    server.fault = (request, response, body) => {
      if (half(request, response, body)) return true
      const other = Buffer.alloc(bytes.length, 7).subarray(40_000)
      const range = { 'content-range': `bytes 40000-${bytes.length - 1}/${bytes.length}` }
      response.writeHead(206, { etag: '"other"', 'content-length': other.length, ...range }).end(other)
      return true
    }
    expect(await failure(read('a'))).toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('replaced while it was read'),
    })
  })

  test('all of the newer object where the older one was cut before its first byte', async () => {
    server.objects.set('a', bytes)
    const newer = Buffer.from('a newer and shorter one')
    const none = cut(0, 1)
    server.fault = (request, response, body) => {
      const wasCut = none(request, response, body)
      if (wasCut) server.objects.set('a', newer)
      return wasCut
    }
    expect(String(await read('a'))).toBe(String(newer))
  })

  test('not on in an object that vanished meanwhile', async () => {
    server.objects.set('a', bytes)
    const half = cut(40_000, 1)
    server.fault = (request, response, body) => {
      const wasCut = half(request, response, body)
      if (wasCut) server.objects.delete('a')
      return wasCut
    }
    expect(await failure(read('a'))).toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('deleted after it was listed'),
    })
  })

  test.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ])('%s on after cut connections and throttling, decompressed as one', async (_codec, compress) => {
    const lines = Array.from(
      { length: 30_000 },
      (_, i) => `{"i":${i},"text":"${Math.imul(i, 0x9e3779b1)}"}\n`,
    )
    const packed = compress(lines.join(''))
    server.objects.set('a', packed)
    const half = cut(packed.length >> 2, 3, etagOf(packed))
    let throttled = 0
    server.fault = (request, response, body) => {
      if (request.headers.range && throttled++ % 2 === 0) return s3Error(response, 503, 'SlowDown')
      return half(request, response, body)
    }
    const seen: number[] = []
    const options = { source: open(), format: createFormat({ type: 'jsonl' }), window: { from: '', to: '' } }
    await readObject(object('a'), options, {
      record: ({ bytes, start, end }) => void seen.push(JSON.parse(bytes.toString('utf8', start, end)).i),
      malformed: (line, problem) => expect.fail(`${line}: ${problem}`),
    })
    expect(seen).toEqual(lines.map((_, i) => i))
    expect(server.requests.filter((each) => each.includes('bytes='))).toHaveLength(6)
  })

  test('nothing twice from a server that ignores ranges', async () => {
    server.objects.set('a', bytes)
    const half = cut(40_000, 1)
    server.fault = (request, response, body) => {
      if (half(request, response, body)) return true
      response.writeHead(200, { etag: '"e"', 'content-length': bytes.length }).end(bytes)
      return true
    }
    expect(await failure(read('a'))).toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('range'),
    })
  })

  test('and gives up a connection that brings nothing', async () => {
    server.objects.set('a', bytes)
    server.fault = cut(0, 1000)
    expect(await failure(read('a'))).toMatchObject({ kind: 'unavailable' })
    expect(server.requests).toHaveLength(6)
  })

  const large = (name: string) => {
    const words = new Uint32Array(1_000_000).map((_, i) => Math.imul(i + name.charCodeAt(0), 0x9e3779b1))
    return Buffer.from(words.buffer)
  }

  test.each<[string, Fault | null]>([
    ['in one answer each', null],
    [
      'in answers without a length',
      (request, response, body) => !!body && !request.headers.range && !!response.end(body),
    ],
    ['cut again and again', cut(1_300_000, 100, '"e"')],
  ])(
    'with reuse, %s, chunks that stay valid until two more were read, or another object',
    async (_, fault) => {
      server.fault = fault
      const source = open()
      let ended: { chunk: Buffer; from: number; whole: Buffer }[] = []
      for (const key of ['a', 'b', 'c']) {
        const whole = large(key)
        server.objects.set(key, whole)
        const latest: typeof ended = []
        const intact = () =>
          [...ended, ...latest].every(
            ({ chunk, from, whole }) =>
              chunk.length > 0 && chunk.equals(whole.subarray(from, from + chunk.length)),
          )
        let read = 0
        for await (const chunk of await source.open(object(key), undefined, { reuse: [] })) {
          latest.push({ chunk, from: read, whole })
          read += chunk.length
          if (latest.length > 3) latest.shift()
          // as long as others may read into the same memory
          if (read % 3 === 0) await setTimeout(1)
          expect(intact()).toBe(true)
        }
        expect(read).toBe(whole.length)
        ended = latest
      }
      await source.close?.()
    },
  )

  test('with reuse, freeing chunks when more than two others were read, else none', async () => {
    server.objects.set('a', large('a'))
    const all = async (options: { reuse?: Buffer[] }) =>
      Array.fromAsync(await open().open(object('a'), undefined, options))
    const [freed, kept] = [await all({ reuse: [] }), await all({})]
    expect(freed.length).toBeGreaterThan(5)
    expect(freed.map(({ length }) => length > 0)).toEqual(freed.map((_, i) => i >= freed.length - 3))
    expect(Buffer.concat(kept).equals(large('a'))).toBe(true)
  })

  test('stops when aborted', async () => {
    server.objects.set('a', bytes)
    server.fault = (_, response) => {
      response.writeHead(200, { etag: '"e"', 'content-length': 1000 })
      response.write('some')
      return true
    }
    const abort = new AbortController()
    const reading = open().open(object('a'), abort.signal).then(buffer)
    void setTimeout(50).then(() => abort.abort(new Error('enough')))
    expect(await failure(reading)).toMatchObject({ message: 'enough' })
  })
})

const answer =
  (status: number, code: string): Fault =>
  (_, response) =>
    s3Error(response, status, code, `for ${SECRET}`)

describe('an error says what to do and whether to try again', () => {
  test.each([
    ['an unknown bucket', 404, 'NoSuchBucket', 'refused', /there is no such bucket; correct source.bucket/],
    [
      'an unknown access key',
      403,
      'InvalidAccessKeyId',
      'refused',
      /access key id is unknown there; correct source.credentials/,
    ],
    [
      'a wrong secret key',
      403,
      'SignatureDoesNotMatch',
      'refused',
      /secret access key is wrong; correct source.credentials/,
    ],
    ['denied access', 403, 'AccessDenied', 'refused', /s3:ListBucket and s3:GetObject/],
    ['an expired token', 400, 'ExpiredToken', 'refused', /expired/],
    ['a wrong region', 400, 'AuthorizationHeaderMalformed', 'refused', /source.region/],
    ['another client error', 405, 'MethodNotAllowed', 'refused', /answered 405 MethodNotAllowed/],
    ['throttling', 503, 'SlowDown', 'unavailable', /overloaded or down/],
    ['a server error', 500, 'InternalError', 'unavailable', /answered 500 InternalError/],
    ['too many requests', 429, 'TooManyRequests', 'unavailable', /overloaded or down/],
  ])('%s', async (_, status, code, kind, message) => {
    server.fault = answer(status, code)
    const error = await failure(Array.fromAsync(open().list()))
    expect(error).toBeInstanceOf(SourceError)
    expect(error).toMatchObject({ kind, message: expect.stringMatching(message) })
    expect(error.message).toMatch(`listing bucket "logs" on ${new URL(server.endpoint).host}: `)
    expect(JSON.stringify([error, error.message, error.cause, error.stack])).not.toContain(SECRET)
  })

  test.each([
    ['SlowDown', 503],
    ['TooManyRequests', 429],
    ['InternalError', 500],
  ])('%s that passes is not seen', async (code, status) => {
    server.objects.set('a', Buffer.from('x'))
    let times = 3
    server.fault = (_, response) => times-- > 0 && s3Error(response, status, code)
    expect(await Array.fromAsync(open({}, 6).list())).toHaveLength(1)
  })

  test('an object that is gone', async () => {
    const error = await failure(read('gone'))
    expect(error).toMatchObject({
      kind: 'unavailable',
      message: expect.stringMatching(/reading "gone" .* deleted/),
    })
  })

  test('no server', async () => {
    const error = await failure(Array.fromAsync(open({ endpoint: 'http://127.0.0.1:1' }).list()))
    expect(error).toMatchObject({
      kind: 'unavailable',
      message: expect.stringMatching(/ECONNREFUSED.*source.endpoint/),
    })
  })

  test('a server that speaks no S3', async () => {
    server.fault = (_, response) => !!response.writeHead(200).end('<html>hello')
    expect(await failure(Array.fromAsync(open().list()))).toMatchObject({ name: 'SourceError' })
  })

  test('an endpoint that does not do TLS', async () => {
    const error = await failure(
      Array.fromAsync(open({ endpoint: server.endpoint.replace('http', 'https') }).list()),
    )
    expect(error).toMatchObject({ kind: 'refused', message: expect.stringMatching(/no safe connection/) })
  })

  test.each(['localhost:8333', 'ftp://x', 'http://'])('an endpoint that is no URL: %s', (endpoint) => {
    expect(() => open({ endpoint })).toThrow(/source.endpoint: expected a URL/)
  })

  test('a password in the endpoint stays unsaid', async () => {
    server.fault = answer(403, 'AccessDenied')
    const error = await failure(
      Array.fromAsync(open({ endpoint: server.endpoint.replace('//', '//me:secret@') }).list()),
    )
    expect(`${error.message} ${error.stack}`).not.toContain('secret')
  })
})
