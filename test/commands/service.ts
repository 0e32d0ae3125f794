import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Received {
  /** As "POST /runs". */
  call: string
  headers: IncomingHttpHeaders
  body: string
}

/** What is answered to a call: a status and JSON; a text is sent as it is. */
export type Answer = [status: number, body: unknown]
export type Answers = Record<string, Answer | (() => Answer)>

export interface FakeService {
  readonly url: string
  readonly received: Received[]
  /** By "METHOD /path?query"; may be changed at any time. */
  answers: Answers
  close(): Promise<void>
}

/** An HTTP server that answers as the service would, and keeps what it was sent. */
export async function fakeService(answers: Answers = {}, port = 0): Promise<FakeService> {
  const received: Received[] = []
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const call = `${request.method} ${request.url}`
      received.push({ call, headers: request.headers, body: Buffer.concat(chunks).toString('utf8') })
      const answer = service.answers[call] ?? [404, problem('not-found', 404, `There is no ${call}.`)]
      const [status, body] = typeof answer === 'function' ? answer() : answer
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      const type = typeof body === 'string' ? 'text/html' : 'application/json'
      response.writeHead(status, { 'Content-Type': type, Connection: 'close' }).end(text)
    })
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const service: FakeService = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    answers,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return service
}

/** Problem details as the service makes them. */
export function problem(id: string, status: number, detail: string, extra: object = {}): object {
  const type = `urn:label-studio-monitor:problem:${id}`
  return { type, title: `Title of ${id}`, status, detail, instance: 'urn:test', ...extra }
}

/** A port where nothing listens. */
export async function deadPort(): Promise<number> {
  const service = await fakeService()
  await service.close()
  return Number(new URL(service.url).port)
}
