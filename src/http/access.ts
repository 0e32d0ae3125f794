import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Request, RequestHandler } from 'express'
import type { Config } from '../config.ts'
import { isLoopback, type Scope } from '../config-values.ts'
import { Problem } from '../contract/problem.ts'
import { operationOf } from '../contract/validator.ts'
import { createCallLimits } from './call-limits.ts'
import { basicCredentials, bearer, cookie, hash, header } from './credentials.ts'
import { isFromOwnPage, isFromThisMachine } from './own-page.ts'
import { createSessionCookies } from './session-cookie.ts'

/** What somebody may do, and until when; null: as long as the token is one of `API_TOKENS`. */
export interface Grant {
  role: Scope
  expiresAt: Date | null
}

export interface Access {
  /** Decides who may make a call, by what the contract asks for it, before any body is read. */
  check: RequestHandler
  /** Whether it carries a right webhook secret in the header that is made for it. */
  knowsSecret(request: IncomingMessage): boolean
  /** What the caller of a checked request may do; null where it asked for nothing and showed nothing. */
  grantOf(request: Request): Grant | null
  /**
   * Exchanges a token for a session.
   * @returns the cookie's value; null where no tokens are set
   * @throws Problem `unauthenticated` or `too-many-requests`
   */
  signIn(request: Request, token: string): Promise<Grant & { cookie: string | null }>
}

export type AccessSettings = Pick<
  Config,
  'host' | 'publicUrl' | 'apiTokens' | 'webhookSecrets' | 'basicAuth' | 'rateLimit'
> & { readonly secretKey: string }

export const SESSION_COOKIE = 'monitor_session'

const ALLOWED: Record<Scope, readonly Scope[]> = {
  admin: ['read', 'write', 'admin'],
  write: ['read', 'write'],
  read: ['read'],
}
const EVERYTHING: Grant = { role: 'admin', expiresAt: null }

/**
 * Only hashes of tokens and secrets are kept, and each given one is compared with all of them, so that the time tells
 * nothing about which came near.
 */
export function createAccess(config: AccessSettings): Access {
  const tokens = config.apiTokens.map(({ scope, token }) => ({ scope, hash: hash(token) }))
  const secrets = config.webhookSecrets.map(hash)
  const basic = config.basicAuth ? hash(`${config.basicAuth.user}:${config.basicAuth.pass}`) : null
  const sessions = createSessionCookies(config.secretKey, Date.now)
  const limits = createCallLimits(config.rateLimit)
  const grants = new WeakMap<Request, Grant>()

  /** A wrong one counts against the address; an address with too many can't try more, right or wrong. */
  const findToken = async (request: Request, given: string) => {
    await limits.refuseGuessing(addressOf(request))
    const candidate = hash(given)
    const [token] = tokens.filter((each) => timingSafeEqual(each.hash, candidate))
    if (token) return token
    await limits.countFailure(addressOf(request))
    throw new Problem('unauthenticated', 'This API token is not one of API_TOKENS.')
  }

  /** Whose session it is, unless another site's page had the browser send the cookie. */
  const findSession = (request: Request) => {
    const value = cookie(request, SESSION_COOKIE)
    if (value === null) return null
    if (!READS.includes(request.method) && isFromOwnPage(request, config.publicUrl) !== true) return null
    return sessions.find(value, tokens)
  }

  const grantFor = async (request: Request): Promise<Grant | null> => {
    if (tokens.length === 0) {
      // Allowed on a loopback address only; the configuration sees to that. Pages elsewhere are not of this machine.
      const isForeign = !READS.includes(request.method) && isFromOwnPage(request, config.publicUrl) === false
      return isForeign || !isFromThisMachine(request) ? null : EVERYTHING
    }
    const given = bearer(request)
    const found =
      given === null ? findSession(request) : { token: await findToken(request, given), expiresAt: null }
    if (found === null) return null
    await limits.takeCall(found.token.hash.toString('hex'))
    return { role: found.token.scope, expiresAt: found.expiresAt }
  }

  const checkToken = async (request: Request, needed: Scope, isOptional: boolean) => {
    const grant = await grantFor(request)
    if (grant === null) {
      if (isOptional) return
      throw new Problem('unauthenticated', tokens.length === 0 ? FOREIGN : NO_TOKEN)
    }
    if (!ALLOWED[grant.role].includes(needed)) {
      throw new Problem('forbidden', `This call needs the role ${needed}; this token has ${grant.role}.`)
    }
    grants.set(request, grant)
  }

  const isSecret = (presented: Buffer) =>
    secrets.filter((secret) => timingSafeEqual(secret, presented)).length > 0

  /** The right secret passes whatever came from its address before: an event comes only once. */
  const checkSecret = async (request: Request, given: (string | null)[], what: string) => {
    const presented = given.filter((each) => each !== null).map(hash)
    if (presented.filter(isSecret).length > 0) return
    if (presented.length > 0) await refuseGuess(request)
    throw new Problem('unauthenticated', `${what} "label-studio-monitor webhook-url" shows it.`)
  }

  const checkMlBackend = async (request: Request) => {
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
    if (given) await refuseGuess(request)
    throw new Problem('unauthenticated', 'User or password of the ML backend are missing or wrong.', BASIC)
  }

  const refuseGuess = async (request: Request) => {
    await limits.refuseGuessing(addressOf(request))
    await limits.countFailure(addressOf(request))
  }

  return {
    async check(request, _response, next) {
      const { route, security } = operationOf(request)
      const [requirement] = security
      if (route.startsWith('/ml/{secret}')) {
        await checkSecret(request, [secretOf(request.path)], 'The secret in the path is wrong;')
      } else if (requirement?.apiToken) {
        const isOptional = security.some((each) => Object.keys(each).length === 0)
        await checkToken(request, neededOf(requirement.apiToken), isOptional)
      } else if (requirement?.webhookHeader) {
        const { token } = request.query
        await checkSecret(
          request,
          [
            header(request, 'x-webhook-secret'),
            bearer(request),
            basicCredentials(request)?.password ?? null,
            typeof token === 'string' ? token : null,
          ],
          'The webhook secret is missing or wrong. Send it as X-Webhook-Secret;',
        )
      } else if (requirement?.mlBackendBasic) await checkMlBackend(request)
      next()
    },
    knowsSecret(request) {
      const given = header(request, 'x-webhook-secret')
      return given !== null && isSecret(hash(given))
    },
    grantOf: (request) => grants.get(request) ?? null,
    async signIn(request, given) {
      if (tokens.length === 0) return { ...EVERYTHING, cookie: null }
      const token = await findToken(request, given)
      const { value, expiresAt } = sessions.issue(token.hash)
      return { role: token.scope, expiresAt, cookie: value }
    },
  }
}

const READS = ['GET', 'HEAD']
const BASIC = { headers: { 'WWW-Authenticate': 'Basic realm="label-studio-monitor"' } }
const NO_TOKEN = 'Send an API token, Authorization: Bearer TOKEN, or sign in by POST /session.'
const FOREIGN =
  'Without API_TOKENS only this machine has access, under the name localhost or 127.0.0.1, and no page of another ' +
  'site. Set API_TOKENS to let others in.'

function neededOf(roles: readonly string[]): Scope {
  return (['admin', 'write'] as const).find((role) => roles.includes(role)) ?? 'read'
}

function addressOf(request: Request): string {
  return request.ip ?? ''
}

/** The second part of `/ml/SECRET/…`. */
function secretOf(path: string): string | null {
  return decodeURIComponent(path.split('/')[2] ?? '') || null
}
