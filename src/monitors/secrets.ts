import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

/** What a reader sees in place of a secret, and what a writer sends to keep the one that is stored. */
export const MASK = '***'

/** A problem of one field; `path` is a JSON pointer into the definition. */
export interface SecretProblem {
  path: string
  message: string
}

/** "***" was sent where no secret is stored that it could stand for. */
export class NoSecretToKeepError extends Error {
  override name = 'NoSecretToKeepError'
  readonly problems: SecretProblem[]

  constructor(problems: SecretProblem[]) {
    super(problems.map(({ path, message }) => `${path}: ${message}`).join('\n'))
    this.problems = problems
  }
}

/** A stored secret can't be read: another SECRET_KEY, or a changed or damaged value. */
export class UnreadableSecretError extends Error {
  override name = 'UnreadableSecretError'
  readonly path: string

  constructor(path: string) {
    super(
      `The secret at ${path} can't be decrypted: SECRET_KEY is another one than when it was stored, or the stored ` +
        'value was changed. Start with the former SECRET_KEY (unset: the file secret-key in DATA_DIR), or delete ' +
        'the monitor and create it again with its credentials.',
    )
    this.path = path
  }
}

/** One secret of a definition: the object that holds it, under which key, and where that is as a JSON pointer. */
interface SecretLeaf {
  holder: Record<string, unknown>
  key: string
  path: string
  /** Who is told it; a secret that is kept stays with them. */
  receiver?: string
}

const FORM = 'sealed:v1:'
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** A copy of the definition with every secret encrypted (AES-256-GCM, bound to its place) for the database. */
export function sealSecrets<T>(definition: T, secretKey: string): T {
  const key = deriveKey(secretKey)
  return changeSecrets(definition, (value, path) => {
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(path))
    const sealed = [cipher.update(JSON.stringify(value), 'utf8'), cipher.final()]
    return FORM + Buffer.concat([nonce, ...sealed, cipher.getAuthTag()]).toString('base64url')
  })
}

/** The inverse of `sealSecrets`; throws an UnreadableSecretError. */
export function openSecrets<T>(definition: T, secretKey: string): T {
  const key = deriveKey(secretKey)
  return changeSecrets(definition, (value, path) => {
    try {
      return unseal(value, path, key)
    } catch {
      throw new UnreadableSecretError(path)
    }
  })
}

/** A copy of the definition, sealed or open, that may be shown: "***" for every secret that is set. */
export function maskSecrets<T>(definition: T): T {
  return changeSecrets(definition, () => MASK)
}

/**
 * A copy of `changed` (what a client sent, or the result of its patch) in which every "***" is replaced by the secret
 * that the open `previous` definition has there. Webhooks are matched by URL, never by position, and headers of web files by the
 * servers: a secret must not move to another receiver. Throws a NoSecretToKeepError that names every "***" without a counterpart.
 */
export function keepSecrets<T>(changed: T, previous: unknown = null): T {
  const stored = Map.groupBy(findSecrets(previous), identityOf)
  const problems: SecretProblem[] = []
  const copy = copyOf(changed)
  for (const leaf of findSecrets(copy)) {
    // Taken also where a new secret comes in, so that two webhooks with one URL each keep their own.
    const kept = stored.get(identityOf(leaf))?.shift()
    if (leaf.holder[leaf.key] !== MASK) continue
    if (!kept) {
      problems.push({
        path: leaf.path,
        message: `"${MASK}" keeps the stored secret, but none is stored for this field; send the secret itself`,
      })
    } else {
      leaf.holder[leaf.key] = kept.holder[kept.key]
    }
  }
  if (problems.length > 0) throw new NoSecretToKeepError(problems)
  return copy
}

function changeSecrets<T>(definition: T, change: (value: unknown, path: string) => unknown): T {
  const copy = copyOf(definition)
  for (const { holder, key, path } of findSecrets(copy)) holder[key] = change(holder[key], path)
  return copy
}

/** Everything in a definition that is write-only: unset (null) secrets are left out. */
function findSecrets(definition: unknown): SecretLeaf[] {
  const { source, notify } = asObject(definition)
  const { credentials, type, headers } = asObject(source)
  const { webhooks } = asObject(notify)
  const leaves = Object.keys(asObject(credentials)).map((key) =>
    leafOf(credentials, key, '/source/credentials'),
  )
  if (type === 'sql') leaves.push(leafOf(source, 'url', '/source'))
  if (type === 'http') {
    const receiver = originsOf(asObject(source))
    for (const name of Object.keys(asObject(headers)))
      leaves.push({ ...leafOf(headers, name, '/source/headers'), receiver })
  }
  if (Array.isArray(webhooks)) {
    leaves.push(...webhooks.map((webhook, index) => leafOf(webhook, 'secret', `/notify/webhooks/${index}`)))
  }
  return leaves.filter(({ holder, key }) => Object.hasOwn(holder, key) && holder[key] != null)
}

function leafOf(holder: unknown, key: string, parent: string): SecretLeaf {
  const name = key.replaceAll('~', '~0').replaceAll('/', '~1')
  return { holder: asObject(holder), key, path: `${parent}/${name}` }
}

/** Which stored secret a "***" stands for. */
function identityOf({ holder, key, path, receiver }: SecretLeaf): string {
  if (receiver !== undefined) return `${path} of ${receiver}`
  return path.startsWith('/notify/webhooks/') ? `webhook ${JSON.stringify(holder.url)} ${key}` : path
}

/** The servers that a source of web files asks. */
function originsOf({ urls, url_pattern, manifest }: Record<string, unknown>): string {
  const all = [urls, url_pattern, manifest].flat().filter((url) => typeof url === 'string')
  return [...new Set(all.map((url) => URL.parse(url)?.origin))].sort().join(' ')
}

function unseal(value: unknown, path: string, key: Buffer): unknown {
  if (typeof value !== 'string' || !value.startsWith(FORM)) throw new Error('not sealed')
  const bytes = Buffer.from(value.slice(FORM.length), 'base64url')
  const tagStart = bytes.length - TAG_BYTES
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  })
  decipher.setAAD(Buffer.from(path)).setAuthTag(bytes.subarray(tagStart))
  const text = Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, tagStart)), decipher.final()])
  return JSON.parse(text.toString('utf8'))
}

/** SECRET_KEY may be of any length and quality of spread; AES needs 32 even bytes, used for nothing else. */
function deriveKey(secretKey: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secretKey, '', 'label-studio-monitor: secrets of monitors', 32))
}

/** Definitions are JSON; a structured clone would let two places share one object, and seal it twice. */
function copyOf<T>(definition: T): T {
  return JSON.parse(JSON.stringify(definition))
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {}
}
