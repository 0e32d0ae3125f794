import { isUtf8 } from 'node:buffer'
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Request, RequestHandler } from 'express'
import type { Config } from '../config.ts'
import { isLoopback, type Scope } from '../config-values.ts'
import { Problem } from '../contract/problem.ts'
import { operationOf } from '../contract/validator.ts'

const ALLOWED: Record<Scope, readonly Scope[]> = {
  admin: ['read', 'write', 'admin'],
  write: ['read', 'write'],
  read: ['read'],
}

type Settings = Pick<Config, 'host' | 'apiTokens' | 'webhookSecrets' | 'basicAuth'>

/**
 * Decides who may make a call, by what the contract asks for it, before any body is read. Only hashes of the secrets
 * are kept and compared.
 */
export function createAccess(config: Settings): RequestHandler {
  const tokens = config.apiTokens.map(({ scope, token }) => ({ scope, hash: hash(token) }))
  const secrets = config.webhookSecrets.map(hash)
  const basic = config.basicAuth ? hash(`${config.basicAuth.user}:${config.basicAuth.pass}`) : null

  /** Every secret is compared, so that the time tells nothing about which one came near. */
  const isSecret = (given: string | null) => {
    if (given === null) return false
    const candidate = hash(given)
    return secrets.reduce((found, secret) => timingSafeEqual(secret, candidate) || found, false)
  }

  const checkToken = (request: Request, needed: Scope) => {
    if (tokens.length === 0) return // Allowed on a loopback address only; the configuration sees to that.
    const given = bearer(request)
    if (given === null)
      throw new Problem('unauthenticated', 'Send an API token: Authorization: Bearer TOKEN.')
    const candidate = hash(given)
    const scope = tokens.reduce<Scope | null>(
      (found, token) => (timingSafeEqual(token.hash, candidate) ? token.scope : found),
      null,
    )
    if (scope === null) throw new Problem('unauthenticated', 'This API token is not one of API_TOKENS.')
    if (!ALLOWED[scope].includes(needed)) {
      throw new Problem(
        'forbidden',
        'This call changes something and needs a write token; this one may only read.',
      )
    }
  }

  const checkWebhook = (request: Request) => {
    const { token } = request.query
    const given = [
      header(request, 'x-webhook-secret'),
      bearer(request),
      basicCredentials(request)?.password ?? null,
      typeof token === 'string' ? token : null,
    ]
    if (given.filter(isSecret).length > 0) return
    throw new Problem(
      'unauthenticated',
      'The webhook secret is missing or wrong. Send it as X-Webhook-Secret; "label-studio-monitor webhook-url" shows it.',
    )
  }

  const checkMlBackend = (request: Request) => {
    if (basic === null) {
      if (isLoopback(config.host)) return
      throw new Problem(
        'unauthenticated',
        'Set BASIC_AUTH_USER and BASIC_AUTH_PASS, or add the model in Label Studio under /ml/SECRET.',
        BASIC,
      )
    }
    const given = basicCredentials(request)
    if (given && timingSafeEqual(hash(`${given.user}:${given.password}`), basic)) return
    throw new Problem('unauthenticated', 'User or password of the ML backend are missing or wrong.', BASIC)
  }

  return (request, _response, next) => {
    const { route, security } = operationOf(request)
    if (route.startsWith('/ml/{secret}')) {
      if (!isSecret(secretOf(request.path))) {
        throw new Problem(
          'unauthenticated',
          'The secret in the path is wrong; "label-studio-monitor webhook-url" shows it.',
        )
      }
      return next()
    }
    const [requirement] = security
    if (requirement?.apiToken) checkToken(request, requirement.apiToken.includes('write') ? 'write' : 'read')
    else if (requirement?.webhookHeader) checkWebhook(request)
    else if (requirement?.mlBackendBasic) checkMlBackend(request)
    next()
  }
}

const BASIC = { headers: { 'WWW-Authenticate': 'Basic realm="label-studio-monitor"' } }

/** The second part of `/ml/SECRET/…`. */
function secretOf(path: string): string | null {
  return decodeURIComponent(path.split('/')[2] ?? '') || null
}

function hash(secret: string): Buffer {
  return createHash('sha256').update(secret, 'utf8').digest()
}

function header(request: Request, name: string): string | null {
  const value = request.headers[name]
  return typeof value === 'string' ? value : null
}

function bearer(request: Request): string | null {
  return /^Bearer +(\S+)$/i.exec(header(request, 'authorization') ?? '')?.[1] ?? null
}

function basicCredentials(request: Request): { user: string; password: string } | null {
  const encoded = /^Basic +(\S+)$/i.exec(header(request, 'authorization') ?? '')?.[1]
  if (!encoded) return null
  const bytes = Buffer.from(encoded, 'base64')
  // RFC 7617 leaves the encoding open, and Label Studio's client sends Latin-1.
  const text = bytes.toString(isUtf8(bytes) ? 'utf8' : 'latin1')
  const colon = text.indexOf(':')
  return colon < 0 ? null : { user: text.slice(0, colon), password: text.slice(colon + 1) }
}
