import { createGuardedFetch, type GuardedFetchOptions, RedirectError } from '../guarded-fetch.ts'
import { PrivateAddressError } from '../public-address.ts'
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

export interface WebhookOptions extends GuardedFetchOptions {
  userAgent: string
  /** From the lookup to the answer. */
  timeoutMs?: number
}

export function createWebhookCaller(options: WebhookOptions): CallWebhook {
  const { userAgent, timeoutMs = 15_000 } = options
  const fetch = createGuardedFetch(options)
  return async ({ url: address, id, body, secret }, stop) => {
    if (!URL.canParse(address)) throw new DeliveryError('The URL of the webhook is none; mend it.', false)
    const url = new URL(address)
    const timestamp = Math.floor(Date.now() / 1000)
    const signature = signatureHeader(secret ?? '', { id, timestamp, body })
    const limit = AbortSignal.timeout(timeoutMs)
    try {
      const answer = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'content-length': String(Buffer.byteLength(body)),
          'user-agent': userAgent,
          'webhook-id': id,
          'webhook-timestamp': String(timestamp),
          ...(signature !== null && { 'webhook-signature': signature }),
        },
        body,
        signal: AbortSignal.any([stop, limit]),
      })
      // The status has come; what follows is read only to be polite.
      answer.body.on('error', () => {}).resume()
      return { status: answer.status, retryAfterS: retryAfter(answer.headers['retry-after']) }
    } catch (error) {
      stop.throwIfAborted()
      throw explain(error as NodeJS.ErrnoException, url, limit.aborted ? timeoutMs : null)
    }
  }
}

/** Seconds or a date (RFC 9110, 10.2.3). */
function retryAfter(header: string | undefined): number | null {
  if (header === undefined) return null
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000
  return Number.isFinite(seconds) && seconds > 0 ? seconds : null
}

/** Named by the host alone: paths and queries of webhooks are often secrets of their own. */
function explain(error: NodeJS.ErrnoException, { host }: URL, timeoutMs: number | null): DeliveryError {
  if (error instanceof PrivateAddressError || error instanceof RedirectError) {
    return new DeliveryError(error.message, false)
  }
  if (timeoutMs !== null) {
    return new DeliveryError(
      `${host} did not answer within ${timeoutMs / 1000} s; it should answer first.`,
      true,
    )
  }
  const reason = error.code ?? error.message
  return new DeliveryError(`${host} could not be reached (${reason}); check the URL and that it is up.`, true)
}
