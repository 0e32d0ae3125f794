import { isUtf8 } from 'node:buffer'
import * as crypto from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** A header that came once; null otherwise. */
export function header(request: IncomingMessage, name: string): string | null {
  const value = request.headers[name]
  return typeof value === 'string' ? value : null
}

/** The token of `Authorization: Bearer`. */
export function bearer(request: IncomingMessage): string | null {
  return /^Bearer +(\S+)$/i.exec(header(request, 'authorization') ?? '')?.[1] ?? null
}

/** User and password of `Authorization: Basic`. */
export function basicCredentials(request: IncomingMessage): { user: string; password: string } | null {
  const encoded = /^Basic +(\S+)$/i.exec(header(request, 'authorization') ?? '')?.[1]
  if (!encoded) return null
  const bytes = Buffer.from(encoded, 'base64')
  // RFC 7617 leaves the encoding open, and Label Studio's client sends Latin-1.
  const text = bytes.toString(isUtf8(bytes) ? 'utf8' : 'latin1')
  const colon = text.indexOf(':')
  return colon < 0 ? null : { user: text.slice(0, colon), password: text.slice(colon + 1) }
}

/** The value of a cookie, as it was sent. */
export function cookie(request: IncomingMessage, name: string): string | null {
  const pairs = (header(request, 'cookie') ?? '').split(';').map((pair) => pair.trim())
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) ?? null
}

/** What is kept of a secret, and compared: of equal length for all, so that the time tells nothing. */
export function hash(secret: string): Buffer {
  return crypto.hash('sha256', secret, 'buffer')
}
