import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import { PrivateAddressError, publicLookup, refusePrivateHost } from '../public-address.ts'
import { DeliveryError } from './delivery-error.ts'
import { signatureHeader } from './signature.ts'

export interface WebhookCall {
  url: string
  /** Names the message for good, so that a receiver knows one that comes twice. */
  id: string
  /** JSON; signed and sent as it is. */
  body: string
  /** One or several, separated by spaces; null: not signed. */
  secret: string | null
}

export interface WebhookAnswer {
  status: number
  retryAfterS: number | null
}

/**
 * Calls a webhook once; its answer is what the status says, and its body is nobody's business. A redirect is an
 * answer like any other. Throws a DeliveryError when no answer came.
 */
export type CallWebhook = (call: WebhookCall, stop: AbortSignal) => Promise<WebhookAnswer>

export interface WebhookOptions {
  /** Whether the URL may lead to private addresses. */
  allowPrivate: boolean
  userAgent: string
  /** From the lookup to the answer. */
  timeoutMs?: number
  /** How names are looked up; the system's way by default. */
  lookup?: LookupFunction
}

export function createWebhookCaller(options: WebhookOptions): CallWebhook {
  const { allowPrivate, userAgent, timeoutMs = 15_000 } = options
  const lookup = allowPrivate ? options.lookup : publicLookup(options.lookup)
  return async ({ url: address, id, body, secret }, stop) => {
    if (!URL.canParse(address)) throw new DeliveryError('The URL of the webhook is none; mend it.', false)
    const url = new URL(address)
    const timestamp = Math.floor(Date.now() / 1000)
    const signature = signatureHeader(secret ?? '', { id, timestamp, body })
    const limit = AbortSignal.timeout(timeoutMs)
    try {
      if (!allowPrivate) refusePrivateHost(url)
      const send = url.protocol === 'https:' ? httpsRequest : httpRequest
      const request = send(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          'user-agent': userAgent,
          'webhook-id': id,
          'webhook-timestamp': String(timestamp),
          ...(signature !== null && { 'webhook-signature': signature }),
        },
        // A connection of its own: one that is kept alive was checked for another call.
        agent: false,
        signal: AbortSignal.any([stop, limit]),
        ...(lookup && { lookup }),
      })
      const { statusCode = 0, headers } = await answerTo(request.end(body))
      return { status: statusCode, retryAfterS: retryAfter(headers['retry-after']) }
    } catch (error) {
      stop.throwIfAborted()
      throw explain(error as NodeJS.ErrnoException, url, limit.aborted ? timeoutMs : null)
    }
  }
}

async function answerTo(request: ClientRequest): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  request.on('error', reject)
  request.once('response', (response) => {
    response.on('error', () => {}) // The status has come; what follows is read only to be polite.
    response.resume()
    resolve(response)
  })
  return promise
}

/** Seconds or a date (RFC 9110, 10.2.3). */
function retryAfter(header: string | undefined): number | null {
  if (header === undefined) return null
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000
  return Number.isFinite(seconds) && seconds > 0 ? seconds : null
}

/** Named by the host alone: paths and queries of webhooks are often secrets of their own. */
function explain(error: NodeJS.ErrnoException, { host }: URL, timeoutMs: number | null): DeliveryError {
  if (error instanceof PrivateAddressError) return new DeliveryError(error.message, false)
  if (timeoutMs !== null) {
    return new DeliveryError(
      `${host} did not answer within ${timeoutMs / 1000} s; it should answer first.`,
      true,
    )
  }
  const reason = error.code ?? error.message
  return new DeliveryError(`${host} could not be reached (${reason}); check the URL and that it is up.`, true)
}
