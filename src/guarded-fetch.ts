import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { LookupFunction } from 'node:net'
import { publicLookup, refusePrivateHost } from './public-address.ts'

export interface GuardedRequest {
  method?: 'GET' | 'HEAD' | 'POST'
  headers?: Readonly<Record<string, string>>
  body?: string
  signal?: AbortSignal
  /** How many redirects are followed; by default none: a redirect is an answer like any other. */
  redirects?: number
  /** A connection on which nothing comes for so long is given up; a minute by default. */
  idleMs?: number
}

export interface GuardedAnswer {
  status: number
  headers: IncomingHttpHeaders
  /** To be read to its end or destroyed. */
  body: IncomingMessage
  /** Where the last redirect led. */
  url: URL
}

/**
 * Calls a URL that a user named. Its errors name no path and no query, because those may be secrets.
 * @throws PrivateAddressError, RedirectError, Node's error of the connection, or the signal's reason
 */
export type GuardedFetch = (url: URL, request?: GuardedRequest) => Promise<GuardedAnswer>

/** A redirect that is not followed. */
export class RedirectError extends Error {
  override name = 'RedirectError'
}

export interface GuardedFetchOptions {
  /** Whether URLs may lead to private addresses. */
  allowPrivate: boolean
  /** How names are looked up; the system's way by default. */
  lookup?: LookupFunction
  /** Which addresses are public; by default those that registries say so of. */
  isPublic?: (address: string) => boolean
}

const REDIRECTS = [301, 302, 303, 307, 308]
const IDLE_MS = 60_000
/** What another origin may know of the request; anything else may be a credential for the first. */
const HARMLESS = ['accept', 'accept-encoding', 'if-match', 'if-none-match', 'if-range', 'range', 'user-agent']

/**
 * Makes the one way to URLs that users name (sources, outgoing webhooks). Unless private addresses are allowed, it refuses
 * them on each step: the host as it is written, what its name is found to be by the very lookup that the connection is
 * made with, and the same of each redirect.
 */
export function createGuardedFetch({ allowPrivate, lookup, isPublic }: GuardedFetchOptions): GuardedFetch {
  const find = allowPrivate ? lookup : publicLookup(lookup, isPublic)

  function send(url: URL, { method = 'GET', headers = {}, body, signal, idleMs = IDLE_MS }: GuardedRequest) {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    // loaded when they are first needed: they take 4 MB, in each thread
    const { request: start } = process.getBuiltinModule(
      url.protocol === 'https:' ? 'node:https' : 'node:http',
    )
    // A connection of its own: one that is kept alive was checked for another call.
    const request = start(url, {
      method,
      headers,
      agent: false,
      ...(signal && { signal }),
      ...(find && { lookup: find }),
    })
    request.setTimeout(idleMs, () =>
      request.destroy(Object.assign(new Error('nothing came'), { code: 'ETIMEDOUT' })),
    )
    request.on('error', reject)
    request.once('response', resolve)
    request.end(body)
    return promise
  }

  return async (first, request = {}) => {
    const { redirects = 0, signal } = request
    let url = first
    let headers = request.headers ?? {}
    for (let followed = 0; ; followed++) {
      signal?.throwIfAborted()
      if (!/^https?:$/.test(url.protocol))
        throw new RedirectError(`${url.protocol} is neither http nor https`)
      if (!allowPrivate) refusePrivateHost(url, isPublic)
      const body = await send(url, { ...request, headers })
      const { statusCode: status = 0, headers: answered } = body
      if (redirects === 0 || !REDIRECTS.includes(status) || !answered.location) {
        return { status, headers: answered, body, url }
      }
      body.on('error', () => {}).destroy()
      if (followed === redirects)
        throw new RedirectError(`${first.host} redirects more than ${redirects} times`)
      const next = URL.parse(answered.location, url.href)
      if (!next) throw new RedirectError(`${url.host} redirects to what is no URL`)
      if (next.origin !== url.origin) headers = harmless(headers)
      url = next
    }
  }
}

function harmless(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => HARMLESS.includes(name.toLowerCase())))
}
