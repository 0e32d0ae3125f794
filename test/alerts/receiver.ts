import { createHmac } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Received {
  path: string
  headers: IncomingHttpHeaders
  body: string
  at: number
}

export interface Receiver {
  url: string
  port: number
  received: Received[]
  close(): Promise<void>
}

type Answer = number | ((response: ServerResponse, received: Received) => void)

/** A receiver of webhooks on a free port, which gives the answers in turn, the last one for good. */
export async function receiver(...answers: [Answer, ...Answer[]]): Promise<Receiver> {
  const received: Received[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const call = {
      path: request.url ?? '',
      headers: request.headers,
      body: Buffer.concat(chunks).toString('utf8'),
      at: Date.now(),
    }
    received.push(call)
    const answer = answers[received.length - 1] ?? (answers.at(-1) as Answer)
    if (typeof answer === 'number') response.writeHead(answer).end('ignored')
    else answer(response, call)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/hook`,
    port,
    received,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Which of the secrets (`whsec_` and base64) signed what was received, by the definition of Standard Webhooks. */
export function signedBy({ headers, body }: Received, ...secrets: string[]): string[] {
  const id = headers['webhook-id']
  const timestamp = headers['webhook-timestamp']
  const signatures = String(headers['webhook-signature'] ?? '').split(' ')
  return secrets.filter((secret) => {
    const key = Buffer.from(secret.slice('whsec_'.length), 'base64')
    const expected = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`, 'utf8').digest('base64')
    return signatures.includes(`v1,${expected}`)
  })
}
