import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'

/** A session as a browser keeps it. */
export interface SessionCookies {
  /** The cookie's value for whoever presented a token. @param tokenHash what is kept of that token */
  issue(tokenHash: Buffer): { value: string; expiresAt: Date }
  /**
   * Which of the tokens a cookie was issued for, and until when it holds; null for one that was issued for none of them,
   * has expired, or was issued by nobody.
   */
  find<Token extends { hash: Buffer }>(
    value: string,
    tokens: Token[],
  ): { token: Token; expiresAt: Date } | null
}

const LIFETIME_S = 12 * 60 * 60

/**
 * Sessions without a table: a cookie is its end and a MAC over that and the token's hash. It says nothing of the token,
 * holds in every process with the same key, and ends with its token.
 * @param now in ms
 */
export function createSessionCookies(secretKey: string, now: () => number): SessionCookies {
  const key = Buffer.from(hkdfSync('sha256', secretKey, '', 'label-studio-monitor: sessions', 32))
  const macOf = (expires: string, tokenHash: Buffer) =>
    createHmac('sha256', key).update(`${expires}.`).update(tokenHash).digest()
  return {
    issue(tokenHash) {
      const expires = Math.floor(now() / 1000) + LIFETIME_S
      const value = `${expires}.${macOf(String(expires), tokenHash).toString('base64url')}`
      return { value, expiresAt: new Date(expires * 1000) }
    },
    find(value, tokens) {
      const [, expires, mac] = /^(\d{1,12})\.([\w-]{43})$/.exec(value) ?? []
      if (expires === undefined || mac === undefined) return null
      const expiresAt = new Date(Number(expires) * 1000)
      const given = Buffer.from(mac, 'base64url')
      const found = tokens.filter(({ hash }) => timingSafeEqual(macOf(expires, hash), given))
      const [token] = found
      return token && expiresAt.getTime() > now() ? { token, expiresAt } : null
    },
  }
}
