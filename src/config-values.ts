import { isIP } from 'node:net'

// Each function reads the text of one setting and throws an Error that says what was expected, what came and what to
// do. What came is quoted only where no secret can stand: a URL may hold a password, and a token may stand anywhere.

export type Scope = 'admin' | 'write' | 'read'
export type LogLevel = (typeof LOG_LEVELS)[number]

export interface ApiToken {
  readonly scope: Scope
  readonly token: string
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
const TRUE = ['true', '1', 'yes', 'on']
const FALSE = ['false', '0', 'no', 'off']

/** What an HTTP header can carry in one word of a comma-separated list. */
const TOKEN = /^[!-+\--~]+$/
const ADDRESS = /^[^\s@<>,]+@[^\s@<>,]+$/
const NAMED_ADDRESS = /^[^\r\n<>]*<([^<>]*)>$/

export function parseHost(text: string): string {
  const host = text.trim().replace(/^\[(.*)\]$/, '$1')
  if (isIP(host) || /^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/i.test(host)) return host
  throw new Error(`expected an IP address or a host name to listen on, got ${quote(text)}; e.g. 127.0.0.1`)
}

/** Whether only this machine can reach what listens on the address. */
export function isLoopback(host: string): boolean {
  return host.toLowerCase() === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

export function parseInteger(text: string, max: number): number {
  const value = /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN
  if (value <= max) return value
  throw new Error(`expected a whole number from 0 to ${max}, got ${quote(text)}`)
}

export function parseBoolean(text: string): boolean {
  const value = text.trim().toLowerCase()
  if (TRUE.includes(value)) return true
  if (FALSE.includes(value)) return false
  throw new Error(`expected true or false, got ${quote(text)}`)
}

export function parseLogLevel(text: string): LogLevel {
  const level = LOG_LEVELS.find((each) => each === text.trim().toLowerCase())
  if (level) return level
  throw new Error(`expected one of ${LOG_LEVELS.join(', ')}, got ${quote(text)}`)
}

/** An http or https URL, without slashes at its end. */
export function parseHttpUrl(text: string): string {
  const url = parseUrl(text, ['http', 'https'], 'http://localhost:8080')
  if (url.username || url.password) {
    throw new Error('expected a URL without user and password, got one with them; leave them out')
  }
  if (url.search || url.hash) {
    throw new Error('expected a URL without "?" and "#", got one with them; leave that part out')
  }
  return url.href.replace(/\/+$/, '')
}

export function parseDatabaseUrl(text: string): string {
  // PostgreSQL's own form for a socket has no host before the path: postgres://user@/database?host=/run/postgresql
  const withHost = text.replace(/^(\w+:\/\/[^/@]*@)\//, '$1localhost/')
  parseUrl(withHost, ['postgres', 'postgresql'], 'postgres://user:password@host:5432/database')
  return text.trim()
}

export function parseSmtpUrl(text: string): string {
  const url = parseUrl(text, ['smtp', 'smtps'], 'smtps://user:password@smtp.example.org:465')
  if (!url.hostname)
    throw new Error('expected a host after "//", got none; e.g. smtps://smtp.example.org:465')
  try {
    decodeURIComponent(url.username + url.password)
  } catch {
    throw new Error('expected "%" in user and password only as a part of an escape; write %25 for a "%"')
  }
  return text.trim()
}

/** The sender to assume when none is given: the user in the SMTP URL, if that is an e-mail address. */
export function senderOf(smtpUrl: string): string | null {
  const user = decodeURIComponent(new URL(smtpUrl).username)
  return ADDRESS.test(user) ? user : null
}

/** An address, alone or as `Name <address>`. */
export function parseSender(text: string): string {
  const sender = text.trim()
  if (ADDRESS.test(NAMED_ADDRESS.exec(sender)?.[1] ?? sender)) return sender
  throw new Error(`expected an e-mail address or "Name <address>", got ${quote(text)}`)
}

/** Bearer tokens, each bare (for an administrator) or behind `read:`, `write:` or `admin:`. */
export function parseApiTokens(text: string): ApiToken[] {
  const tokens = splitSecrets(text).map((entry, index): ApiToken => {
    const [, scope, token = ''] = /^(?:([^:]*):)?(.*)$/s.exec(entry) ?? []
    if (scope !== undefined && scope !== 'read' && scope !== 'write' && scope !== 'admin') {
      throw new Error(
        `expected "read:" or "write:" before the colon of token ${index + 1}, got something else`,
      )
    }
    if (!TOKEN.test(token)) throw new Error(malformedSecret(index))
    return { scope: scope ?? 'admin', token }
  })
  const distinct = new Set(tokens.map(({ token }) => token))
  if (distinct.size < tokens.length) {
    throw new Error('expected every token once, got one of them twice; give each user a token of their own')
  }
  return tokens
}

export function parseSecrets(text: string): string[] {
  const secrets = splitSecrets(text)
  const malformed = secrets.findIndex((secret) => !TOKEN.test(secret))
  if (malformed >= 0) throw new Error(malformedSecret(malformed))
  return secrets
}

/** Addresses and networks of proxies, separated by commas; also `loopback`, `linklocal` and `uniquelocal`. */
export function parseProxies(text: string): string {
  const entries = text.split(',').map((entry) => entry.trim())
  const wrong = entries.find((entry) => !NETWORK_NAMES.includes(entry) && !isNetwork(entry))
  if (wrong === undefined) return entries.join(', ')
  throw new Error(
    `expected addresses or networks of proxies such as 10.0.0.0/8, separated by commas, got ${quote(wrong)}`,
  )
}

const NETWORK_NAMES = ['loopback', 'linklocal', 'uniquelocal']

function isNetwork(text: string): boolean {
  const [address = '', prefix, more] = text.split('/')
  const bits = isIP(address) === 4 ? 32 : 128
  return isIP(address) > 0 && more === undefined && (prefix === undefined || parseBits(prefix) <= bits)
}

function parseBits(text: string): number {
  return /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN
}

export function parseApiKey(text: string): string {
  if (TOKEN.test(text.trim())) return text.trim()
  throw new Error(
    'expected the key alone, got text with a space or a character that no key has; copy it again',
  )
}

export function parseBasicAuthUser(text: string): string {
  if (!text.includes(':')) return text
  throw new Error('expected a user name without a colon, which HTTP basic authentication does not allow')
}

function parseUrl(text: string, schemes: string[], example: string): URL {
  const expected = `expected a URL such as ${example}`
  if (!URL.canParse(text.trim())) {
    throw new Error(
      `${expected}, got text that is none; percent-encode special characters in user and password`,
    )
  }
  const url = new URL(text.trim())
  if (schemes.includes(url.protocol.slice(0, -1)) && /^[a-z]+:\/\//i.test(text.trim())) return url
  throw new Error(
    `${expected}, got one that does not begin with ${schemes.map((each) => `${each}://`).join(' or ')}`,
  )
}

function splitSecrets(text: string): string[] {
  const entries = text.split(',').flatMap((entry) => entry.trim() || [])
  if (entries.length === 0) throw new Error('expected one or several values separated by commas, got none')
  return entries
}

function malformedSecret(index: number): string {
  return (
    `expected values of visible ASCII characters without spaces, got something else as value ${index + 1}; ` +
    'make one by "openssl rand -hex 32"'
  )
}

function quote(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text)
}
