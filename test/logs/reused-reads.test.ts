import { readFileSync } from 'node:fs'
import { createServer, get, type RequestListener } from 'node:http'
import { createServer as createTlsServer, get as getOverTls } from 'node:https'
import type { AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { copiesBodies, reusingAgents } from '../../src/logs/reused-reads.ts'

const BYTES = 4_000_000
const pem = (what: string) => readFileSync(new URL(`../e2e/rig/smtp-${what}.pem`, import.meta.url))
const [key, cert] = [pem('key'), pem('certificate')]
const bodyOf = (name: string) => {
  const words = new Uint32Array(BYTES / 4).map((_, i) => Math.imul(i + name.charCodeAt(1), 0x9e3779b1))
  return Buffer.from(words.buffer)
}

const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

/** Answers each path with its own body; `get` asks over one connection that is kept. */
async function serve({ tls, chunked }: { tls: boolean; chunked: boolean }) {
  const answer: RequestListener = ({ url = '' }, response) => {
    if (!chunked) response.setHeader('content-length', BYTES)
    const body = bodyOf(url)
    for (let at = 0; at < BYTES; at += 50_000) response.write(body.subarray(at, at + 50_000))
    response.end()
  }
  const server = tls ? createTlsServer({ key, cert }, answer) : createServer(answer)
  let connections = 0
  server.on(tls ? 'secureConnection' : 'connection', () => connections++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { httpAgent, httpsAgent } = reusingAgents()
  ends.push(async () => {
    httpAgent.destroy()
    httpsAgent.destroy()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const { port } = server.address() as AddressInfo
  const place = { host: '127.0.0.1', port }
  const memories = new Set<ArrayBufferLike>()
  const read = (path: string, wait: (chunk: number) => unknown) =>
    new Promise<Buffer[]>((resolve, reject) => {
      const request = tls
        ? getOverTls({ ...place, path, agent: httpsAgent, ca: cert, servername: 'localhost' })
        : get({ ...place, path, agent: httpAgent })
      request.on('error', reject).on('response', async (response) => {
        response.socket.on('data', ({ buffer }: Buffer) => memories.add(buffer))
        const chunks: Buffer[] = []
        for await (const chunk of response) {
          chunks.push(chunk)
          await wait(chunks.length)
        }
        resolve(chunks)
      })
    })
  return { read, memories, connections: () => connections }
}

const cases = [
  ['as they come', () => {}],
  ['by a slow reader', (chunk: number) => chunk % 5 === 0 && setTimeout(2)],
] as const

describe.each([
  { tls: false, chunked: false },
  { tls: false, chunked: true },
  { tls: true, chunked: false },
  { tls: true, chunked: true },
])('over one connection (TLS: $tls, chunked: $chunked)', (kind) => {
  test.each(cases)('bodies read %s are what was sent, also while others follow', async (_, wait) => {
    const server = await serve(kind)
    const names = ['/a', '/b', '/c']
    const held: Buffer[][] = []
    for (const name of names) {
      held.push(await server.read(name, wait))
      // as sockets are kept for the next request
      await setTimeout(5)
    }
    for (const [i, chunks] of held.entries())
      expect(Buffer.concat(chunks).equals(bodyOf(names[i] as string)), names[i]).toBe(true)
    expect(server.connections()).toBe(1)
  })
})

test('all of it comes through the same memory', async () => {
  const server = await serve({ tls: false, chunked: false })
  await server.read('/a', () => {})
  await setTimeout(5)
  await server.read('/b', () => {})
  expect(server.memories.size).toBe(1)
})

test("Node's parser gives bodies in memory of their own", async () => {
  expect(await copiesBodies()).toBe(true)
})
