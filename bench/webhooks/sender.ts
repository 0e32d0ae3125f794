import { once } from 'node:events'
import { connect } from 'node:net'
import type { BenchService } from '../service.ts'
import { WEBHOOK_SECRET } from '../service.ts'

/** One connection that is kept, with one event under way at a time. */
export interface Sender {
  /** Resolves when the event is acknowledged; rejects for any answer but 202. */
  send(body: Buffer): Promise<void>
  end(): void
}

/**
 * Speaks just enough HTTP to be answered: a client that does more takes the processors from the service that they are
 * shared with, and would be measured instead of it.
 */
export async function openSender({ url }: Pick<BenchService, 'url'>): Promise<Sender> {
  const { hostname, port, host } = new URL(url)
  const socket = connect(Number(port), hostname).setNoDelay(true)
  await once(socket, 'connect')
  const head =
    `POST /webhook HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\n` +
    `X-Webhook-Secret: ${WEBHOOK_SECRET}\r\nContent-Length: `
  let answered = Promise.withResolvers<void>()
  let text = ''
  socket.on('data', (piece) => {
    text += piece.toString('latin1')
    if (!isWhole(text)) return
    if (text.startsWith('HTTP/1.1 202 ')) answered.resolve()
    else answered.reject(new Error(`expected the event to be accepted with 202, got ${text}`))
    text = ''
  })
  socket.on('error', (error) => answered.reject(error))
  socket.on('close', () => answered.reject(new Error('the service closed the connection')))
  answered.promise.catch(() => {}) // nobody waits while nothing is under way
  return {
    send(body) {
      answered = Promise.withResolvers()
      socket.cork()
      socket.write(`${head}${body.length}\r\n\r\n`, 'latin1')
      socket.write(body)
      socket.uncork()
      return answered.promise
    },
    end: () => void socket.destroy(),
  }
}

/** Whether an answer with `Content-Length` is complete. */
function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return false
  const length = /^content-length: (\d+)/im.exec(text.slice(0, end))?.[1]
  if (length === undefined) throw new Error(`expected an answer of known length, got ${text}`)
  return text.length >= end + 4 + Number(length)
}
