import { createHmac } from 'node:crypto'

/**
 * The header `webhook-signature` of Standard Webhooks 1.0.0: for each secret `v1,` and the HMAC-SHA256 of
 * `{id}.{timestamp}.{body}` in base64, separated by spaces. Null without a secret.
 *
 * @param secrets one or several, separated by spaces
 * @param timestamp of this attempt, in seconds since 1970
 */
export function signatureHeader(
  secrets: string,
  { id, timestamp, body }: { id: string; timestamp: number; body: string },
): string | null {
  const each = secrets.split(/\s+/).filter(Boolean)
  if (each.length === 0) return null
  const sign = (secret: string) =>
    createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.${body}`).digest('base64')
  return each.map((secret) => `v1,${sign(secret)}`).join(' ')
}

/** `whsec_` and the key in base64, which the prefix may be left off of; a secret that is no base64 is itself the key. */
function keyOf(secret: string): Buffer {
  const text = secret.replace(/^whsec_/, '')
  const isBase64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)
  return isBase64 && text !== '' ? Buffer.from(text, 'base64') : Buffer.from(secret)
}
