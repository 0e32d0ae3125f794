import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { type GuardedFetch, RedirectError } from '../guarded-fetch.ts'
import { PrivateAddressError } from '../public-address.ts'
import { SourceError } from './source-error.ts'

const MAX_REDIRECTS = 5
const BAD_TLS = /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|EPROTO)/

export interface HttpAnswer {
  status: number
  headers: IncomingHttpHeaders
  /** To be read or destroyed. */
  body: IncomingMessage
}

export interface HttpCall {
  method?: 'GET' | 'HEAD'
  headers?: Record<string, string>
  signal?: AbortSignal | undefined
}

/** The answer at the end of all redirects, whatever its status. @throws SourceError where none comes, or the signal's reason */
export type HttpGet = (url: string, call?: HttpCall) => Promise<HttpAnswer>

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

/** @param headers sent with each call, but not to another host that a redirect leads to */
export function createHttpGet(fetch: GuardedFetch, headers: Record<string, string>): HttpGet {
  return async (url, { method = 'GET', signal, ...call } = {}) => {
    const asked = { 'accept-encoding': 'identity', ...headers, ...call.headers }
    try {
      return await fetch(webUrl(url, 'the URL'), {
        method,
        headers: asked,
        redirects: MAX_REDIRECTS,
        ...(signal && { signal }),
      })
    } catch (error) {
      signal?.throwIfAborted()
      throw httpError(error, shown(url))
    }
  }
}

function httpError(error: unknown, what: string): SourceError {
  if (error instanceof SourceError) return error
  const refused = (why: string) => new SourceError('refused', `${what}: ${why}`)
  if (error instanceof PrivateAddressError || error instanceof RedirectError) return refused(error.message)
  const { code = 'unknown error' } = error as NodeJS.ErrnoException
  if (BAD_TLS.test(code)) return refused(`its TLS certificate is not accepted (${code}); correct it there`)
  if (code === 'ERR_INVALID_CHAR' || code === 'ERR_INVALID_HTTP_TOKEN')
    return refused('source.headers hold what can not be sent as a header; correct them')
  return new SourceError('unavailable', `${what}: no answer (${code}); check the URL if it stays so`)
}

/** What a status means for reading on; null where it is a success. */
export function statusError(status: number, what: string): SourceError | null {
  if (status >= 200 && status < 300) return null
  const answered = `${what}: answered ${status}`
  if (status === 401 || status === 403 || status === 407)
    return new SourceError('refused', `${answered}, access is denied; correct source.headers`)
  if (status === 404 || status === 410)
    return new SourceError('refused', `${answered}, there is nothing at this URL; correct it`)
  if (status === 408 || status === 425 || status === 429 || status >= 500)
    return new SourceError('unavailable', `${answered}: overloaded or down`)
  return new SourceError('refused', `${answered}; correct the URL or source.headers`)
}
