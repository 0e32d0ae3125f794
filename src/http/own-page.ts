import type { Request } from 'express'
import { isLoopback } from '../config-values.ts'
import { header } from './credentials.ts'

/**
 * Whether a call was made by a page of the service itself, as far as browsers say; null for a sender that says nothing,
 * which is no browser. Another port of the same host is another origin, but not another site: cookies go there.
 */
export function isFromOwnPage(request: Request, publicUrl: string): boolean | null {
  const site = header(request, 'sec-fetch-site')
  if (site !== null) return site === 'same-origin' || site === 'none'
  const origin = header(request, 'origin')
  if (origin === null) return null
  const host = URL.parse(origin)?.host
  return host !== undefined && (host === request.host || host === new URL(publicUrl).host)
}

/**
 * Whether a request comes from this machine and under one of its own names: a page elsewhere may have its name lead here,
 * and then counts as a page of this service, and a proxy may have let it in. The host is taken as it came, because such a
 * page can send other headers.
 */
export function isFromThisMachine(request: Request): boolean {
  const name = URL.parse(`http://${request.headers.host ?? ''}`)?.hostname ?? ''
  const address = (request.ip ?? '').replace(/^::ffff:/i, '')
  return isLoopback(name.replace(/^\[(.*)\]$/, '$1').replace(/.*\.(?=localhost$)/, '')) && isLoopback(address)
}
