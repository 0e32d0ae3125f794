import { type IncomingMessage, type RequestListener, ServerResponse } from 'node:http'
import type { Request, RequestHandler, Response } from 'express'
import { readEventBody } from '../annotations/event.ts'
import type { Intake } from '../annotations/intake.ts'
import { notJson } from '../contract/problem.ts'
import type { Contract } from '../contract/validator.ts'
import type { Access } from './access.ts'
import { ACCEPTED, ACCEPTED_HEADERS } from './label-studio.ts'
import type { Observe } from './observe-requests.ts'

/** In bytes; larger bodies are few, and go the long way. */
const MOST_BYTES = 1024 * 1024
const ROUTE = '/webhook'
const asked = () => ({ operation: 'receiveWebhook', route: ROUTE })

export interface EventDoor {
  access: Pick<Access, 'knowsSecret'>
  contract: Pick<Contract, 'holdBody'>
  intake: Pick<Intake, 'receive'>
  observe: Observe
  /** What every answer has. */
  headers: RequestHandler
}

/**
 * The short way of an event, for `POST /webhook`: its secret, its body, the contract, and nothing else, because Label
 * Studio waits a second for the answer and may send many. Only what is acknowledged is answered here. Whatever does not come
 * as Label Studio sends it goes to the app before anything of it is read, and what can't be taken is the app's to explain.
 */
export function eventDoor(door: EventDoor, app: RequestListener): RequestListener {
  const { access, contract, intake, observe } = door
  const headers = [...headersOf(door.headers), ...ACCEPTED_HEADERS]

  async function take(raw: Buffer): Promise<void> {
    const body = parse(raw)
    contract.holdBody(ROUTE, 'post', body)
    await intake.receive(raw, body as Record<string, unknown>)
  }

  return (request, response) => {
    if (!isPlain(request) || !access.knowsSecret(request)) return app(request, response)
    observe(request, response, asked, (id) => {
      readBody(request, (raw) => {
        take(raw).then(
          () => response.writeHead(202, [...headers, 'X-Request-Id', id]).end(ACCEPTED, 'latin1'),
          (error: unknown) => app(Object.assign(request, { [REFUSED]: error }), response),
        )
      })
    })
  }
}

const REFUSED = Symbol('refused')

/** Goes on with what the short way ended with. */
export const refusedAtDoor: RequestHandler = (request, _response, next) =>
  next((request as { [REFUSED]?: unknown })[REFUSED])

function isPlain({ method, url, headers }: IncomingMessage): boolean {
  const length = Number(headers['content-length'])
  return (
    method === 'POST' &&
    url === ROUTE &&
    /^application\/json(?:; *charset=utf-8)?$/i.test(headers['content-type'] ?? '') &&
    headers['content-encoding'] === undefined &&
    length > 0 &&
    length <= MOST_BYTES
  )
}

/** Of one that breaks off nothing more is heard, and nobody is there to be answered. */
function readBody(request: IncomingMessage, then: (raw: Buffer) => void): void {
  const pieces: Buffer[] = []
  request.on('data', (piece: Buffer) => pieces.push(piece))
  request.once('end', () => then(pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces)))
}

function parse(raw: Buffer): unknown {
  try {
    return readEventBody(raw)
  } catch (error) {
    throw notJson(error)
  }
}

/** Those that a handler sets whatever is asked, as names and values in turn. */
function headersOf(handler: RequestHandler): string[] {
  const nothing = {} as Request
  const answer = new ServerResponse(nothing)
  handler(nothing, answer as Response, () => {})
  return Object.entries(answer.getHeaders()).flatMap(([name, value]) => [name, String(value)])
}
