import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sendPieces } from '../../src/http/send-pieces.ts'

const PIECE = 'x'.repeat(100_000)
const PIECES = 1_000
let server: Server
let made = 0
let ended = false
let outcome: Promise<void> = Promise.resolve()

async function* pieces(): AsyncGenerator<string> {
  try {
    for (made = 0; made < PIECES; made++) {
      await sleep(0)
      yield PIECE
    }
  } finally {
    ended = true
  }
}

beforeEach(async () => {
  ended = false
  server = createServer((_request, response) => {
    outcome = sendPieces(pieces(), response)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

async function open(): Promise<IncomingMessage> {
  const [response] = await once(request({ port: (server.address() as AddressInfo).port }).end(), 'response')
  return response as IncomingMessage
}

/** How many pieces were made when no more are. */
async function untilStill(): Promise<number> {
  for (let before = -1; before !== made; await sleep(200)) before = made
  return made
}

describe('pieces', () => {
  test('all arrive', async () => {
    let bytes = 0
    for await (const chunk of await open()) bytes += chunk.length
    expect(bytes).toBe(PIECES * PIECE.length)
    await outcome
    expect(ended).toBe(true)
  })

  test('are made no faster than the client takes them', async () => {
    const response = await open()
    const waiting = await untilStill()
    expect(waiting).toBeLessThan(PIECES / 2)
    expect(ended).toBe(false)
    response.resume()
    await outcome
    expect(made).toBe(PIECES)
  })

  test('are made no more when the client is gone', async () => {
    const response = await open()
    const waiting = await untilStill()
    response.destroy()
    await outcome
    expect(ended).toBe(true)
    expect(made).toBe(waiting)
  })
})
