import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import { PrivateAddressError, publicLookup, refusePrivateHost } from '../public-address.ts'
import { SourceError } from './source-error.ts'

const MAX_REDIRECTS = 5
const ANSWER_TIMEOUT_MS = 60_000
const BAD_TLS = /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|EPROTO)/

export interface HttpClientOptions {
  /** Whether URLs may lead to private addresses. */
  allowPrivate: boolean
  /** Sent to the URL's own host, not where it redirects to another. */
  headers: Record<string, string>
  /** How names are looked up; the system's way by default. */
  lookup?: LookupFunction | undefined
}

export interface HttpCall {
  method?: 'GET' | 'HEAD'
  /** Sent besides those of the client, and kept at redirects. */
  headers?: Record<string, string>
  signal?: AbortSignal | undefined
}

export interface HttpClient {
  /**
   * The answer at the end of all redirects, whatever its status; its body has to be read or destroyed.
   * @throws SourceError where none comes
   */
  fetch(url: string, call?: HttpCall): Promise<IncomingMessage>
  close(): void
}

/** A URL as it may be shown: what follows the path may be a secret. */
export const shown = (url: string): string => {
  const { origin, pathname } = new URL(url)
  return origin + pathname
}

/** @throws SourceError for what is no web address, or holds a password */
export function webUrl(text: string, name: string): URL {
  const url = URL.parse(text)
  if (!url || !/^https?:$/.test(url.protocol))
    throw new SourceError('refused', `${name}: expected a URL that begins with http:// or https://`)
  if (url.username || url.password)
    throw new SourceError(
      'refused',
      `${name}: expected a URL without a user and password, because it is shown; put them into source.headers, e.g. as authorization`,
    )
  return url
}

export function createHttpClient({ allowPrivate, headers, lookup }: HttpClientOptions): HttpClient {
  const guarded = allowPrivate ? lookup : publicLookup(lookup)
  // Connections of its own: one that another part of the service opened was not checked by this lookup.
  const agents = { 'http:': new Agent({ keepAlive: true }), 'https:': new HttpsAgent({ keepAlive: true }) }

  function send(url: URL, { method = 'GET', signal, ...call }: HttpCall, own: boolean) {
    if (!allowPrivate) refusePrivateHost(url)
    const start = url.protocol === 'https:' ? httpsRequest : httpRequest
    return new Promise<IncomingMessage>((resolve, reject) => {
      const request = start(url, {
        method,
        agent: agents[url.protocol as keyof typeof agents],
        headers: { 'accept-encoding': 'identity', ...(own && headers), ...call.headers },
        timeout: ANSWER_TIMEOUT_MS,
        ...(guarded && { lookup: guarded }),
        ...(signal && { signal }),
      })
      request.on('timeout', () => request.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })))
      request.on('error', reject)
      request.on('response', resolve)
      request.end()
    })
  }

  return {
    async fetch(given, call = {}) {
      const first = webUrl(given, 'the URL')
      try {
        call.signal?.throwIfAborted()
        let url = first
        for (let redirects = 0; ; redirects++) {
          const answer = await send(url, call, url.origin === first.origin)
          const { statusCode = 0, headers } = answer
          if (![301, 302, 303, 307, 308].includes(statusCode) || !headers.location) return answer
          answer.destroy()
          if (redirects === MAX_REDIRECTS)
            throw new SourceError('refused', `${shown(given)}: redirects more than ${MAX_REDIRECTS} times`)
          url = webUrl(URL.parse(headers.location, url)?.href ?? '', `${shown(given)} redirects`)
        }
      } catch (error) {
        call.signal?.throwIfAborted()
        throw httpError(error, shown(given))
      }
    },
    close() {
      for (const agent of Object.values(agents)) agent.destroy()
    },
  }
}

function httpError(error: unknown, what: string): SourceError {
  if (error instanceof SourceError) return error
  if (error instanceof PrivateAddressError) return new SourceError('refused', `${what}: ${error.message}`)
  const { code = 'unknown error' } = error as NodeJS.ErrnoException
  if (BAD_TLS.test(code))
    return new SourceError('refused', `${what}: its TLS certificate is not accepted (${code}); correct it there`)
  return new SourceError('unavailable', `${what}: no answer (${code}); check the URL if it stays so`)
}

/** What a status means for reading on. @returns null where it is a success */
export function statusError(status: number, what: string): SourceError | null {
  if (status >= 200 && status < 300) return null
  const answered = `${what}: answered ${status}`
  if (status === 401 || status === 403 || status === 407)
    return new SourceError('refused', `${answered}, access is denied; correct source.headers`)
  if (status === 404 || status === 410)
    return new SourceError('refused', `${answered}, there is nothing at this URL; correct it`)
  if (status === 408 || status === 425 || status === 429 || status >= 500)
    return new SourceError('unavailable', `${answered}; overloaded or down`)
  return new SourceError('refused', `${answered}; correct the URL or source.headers`)
}
