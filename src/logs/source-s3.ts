import { flushCompileCache } from 'node:module'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type { S3ClientConfig, S3ServiceException } from '@aws-sdk/client-s3'
import { freeOlder } from './buffers.ts'
import { compileKeyPattern } from './key-pattern.ts'
import { copiesBodies, reusingAgents } from './reused-reads.ts'
import type { LogSource, S3SourceDefinition, SourceSettings } from './source.ts'
import { SourceError } from './source-error.ts'

/** Tries in a row that bring no byte before an object is given up. */
const MAX_RESUMES = 5
const RESUME_DELAY_MS = 200
/** A throttled request waits 0.5, 1, 2, 4 and 8 s at most; one that failed otherwise a fifth of that. */
const MAX_ATTEMPTS = 6
const CONNECT_TIMEOUT_MS = 10_000
/** A connection on which nothing comes for so long is dead. */
const IDLE_TIMEOUT_MS = 60_000

/** What to do about errors that the user must mend; by S3's error code or the SDK's error name. */
const REFUSED: Record<string, string> = {
  NoSuchBucket: 'there is no such bucket; correct source.bucket or source.endpoint',
  InvalidAccessKeyId: 'the access key id is unknown there; correct source.credentials',
  SignatureDoesNotMatch: 'the secret access key is wrong; correct source.credentials',
  ExpiredToken: 'the credentials have expired; correct source.credentials',
  AccessDenied:
    'access is denied; the credentials need s3:ListBucket and s3:GetObject here, and where the requester pays, source.requester_pays',
  CredentialsProviderError:
    'no credentials were found; set source.credentials, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
  RequestTimeTooSkewed: "this machine's clock is wrong; set it",
  PermanentRedirect: 'the bucket lies in another region; correct source.region',
  AuthorizationHeaderMalformed: 'the bucket lies in another region; correct source.region',
  InvalidObjectState: 'the object is archived; restore it first',
}
const REPLACED = 'the object was replaced while it was read'
/** Client errors that another listing may still get past. */
const CHANGED: Record<string, string> = {
  NoSuchKey: 'the object was deleted after it was listed',
  PreconditionFailed: REPLACED,
  InvalidRange: REPLACED,
}

/** The object is not what it was; what was read of it is of no use, and the logs are to be looked through anew. */
class ChangedObject extends SourceError {
  constructor(message: string) {
    super('unavailable', message)
  }
}

const BAD_TLS = /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|EPROTO)/

/** Only codes and statuses are taken from the SDK's errors: what else they hold may be signed or secret. */
function s3Error(error: unknown, what: string): SourceError {
  if (error instanceof SourceError) return error
  const { name, code, $metadata } = error as { name: string; code?: string } & Partial<S3ServiceException>
  const status = $metadata?.httpStatusCode ?? 0
  const refused = (why: string) => new SourceError('refused', `${what}: ${why}`)
  const unavailable = (why: string) => new SourceError('unavailable', `${what}: ${why}`)
  if (Object.hasOwn(REFUSED, name)) return refused(`${REFUSED[name]} (${name})`)
  if (Object.hasOwn(CHANGED, name)) return new ChangedObject(`${what}: ${CHANGED[name]} (${name})`)
  if (code && BAD_TLS.test(code)) return refused(`no safe connection (${code}); correct source.endpoint`)
  if (status < 300)
    return unavailable(`no answer of an S3 server (${code ?? name}); check source.endpoint if this lasts`)
  if (status >= 500 || status === 429 || status === 408)
    return unavailable(`answered ${status} ${name}; the server is overloaded or down`)
  return refused(`answered ${status} ${name}; check source.endpoint, source.bucket and source.credentials`)
}

function endpointUrl(endpoint: string): URL {
  const url = URL.parse(endpoint)
  if (url && /^https?:$/.test(url.protocol)) return url
  throw new SourceError('refused', 'source.endpoint: expected a URL such as https://s3.example.org')
}

/** The SDK is loaded when it is first needed: it takes 25 MB, in each thread. */
async function connect(settled: S3ClientConfig) {
  const { S3Client, ...commands } = await import('@aws-sdk/client-s3')
  // what was read of the cache to load it would stay in memory
  flushCompileCache()
  const copies = await copiesBodies()
  const requestHandler = { ...settled.requestHandler, ...(copies && reusingAgents()) }
  return { ...commands, copies, client: new S3Client({ ...settled, requestHandler }) }
}

/** A place in the order of keys that is before all keys that begin so, and behind as many others as can be said. */
function before(key: string): string {
  const last = key.codePointAt(key.length - 1) as number
  return `${key.slice(0, -1)}${String.fromCodePoint(last - 1)}~`
}

/** A bucket of AWS S3 or of any server that speaks its protocol. */
export function openS3Source(definition: S3SourceDefinition, settings: Partial<SourceSettings>): LogSource {
  const { bucket, prefix, credentials } = definition
  const pattern = compileKeyPattern(definition.key_pattern ?? '*')
  const named = definition.endpoint || settings.s3Endpoint
  const endpoint = named ? endpointUrl(named) : null
  const settled: S3ClientConfig = {
    // a bucket elsewhere on AWS is then found by redirect
    region: definition.region || settings.s3Region || 'us-east-1',
    followRegionRedirects: !endpoint,
    ...(endpoint && { endpoint: endpoint.href, forcePathStyle: true }),
    ...(credentials && {
      credentials: {
        accessKeyId: credentials.access_key_id,
        secretAccessKey: credentials.secret_access_key,
        ...(credentials.session_token && { sessionToken: credentials.session_token }),
      },
    }),
    // other servers don't send the SDK's checksums, and ranges have none
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: settings.s3Attempts ?? MAX_ATTEMPTS,
    requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, socketTimeout: IDLE_TIMEOUT_MS },
  }
  let opened: ReturnType<typeof connect> | null = null
  const s3 = () => {
    opened ??= connect(settled)
    return opened
  }
  const payer = definition.requester_pays ? ({ RequestPayer: 'requester' } as const) : {}
  const place = `bucket ${JSON.stringify(bucket)}${endpoint ? ` on ${endpoint.host}` : ''}`

  type Send<T> = (options: { abortSignal?: AbortSignal }) => Promise<T>
  async function send<T>(what: string, signal: AbortSignal | undefined, call: Send<T>): Promise<T> {
    try {
      signal?.throwIfAborted()
      return await call(signal ? { abortSignal: signal } : {})
    } catch (error) {
      signal?.throwIfAborted()
      throw s3Error(error, what)
    }
  }

  return {
    id: `s3://${bucket}`,
    opensFrom: true,

    async *list(signal, window) {
      const { client, ListObjectsV2Command } = await s3()
      // keys come in the order of their bytes, except from directory buckets
      let canJump = !bucket.endsWith('--x-s3')
      let where: { ContinuationToken?: string; StartAfter?: string } = {}
      let last: Buffer = Buffer.alloc(0)
      for (;;) {
        const request = new ListObjectsV2Command({
          Bucket: bucket,
          Prefix: prefix || undefined,
          ...payer,
          ...where,
        })
        const page = await send(`listing ${place}`, signal, (options) => client.send(request, options))
        const contents = page.Contents ?? []
        let jump: string | null = null
        for (const { Key: key = '', Size: size = null, ETag: etag = null } of contents) {
          const bytes = Buffer.from(key)
          if (Buffer.compare(bytes, last) <= 0 && last.length > 0) {
            // a server that does not keep the order, or begins again
            canJump = false
            if (where.StartAfter) continue
          } else last = bytes
          const match = key.endsWith('/') ? null : pattern.match(key)
          if (match) yield { key, size, date: match.date, etag }
          jump = match && window && canJump ? pattern.nextInside(key, window) : null
        }
        if (!page.IsTruncated) return
        const token = page.NextContinuationToken
        if (jump !== null && Buffer.compare(Buffer.from(jump), last) > 0) where = { StartAfter: before(jump) }
        else if (token && token !== where.ContinuationToken) where = { ContinuationToken: token }
        else throw new SourceError('unavailable', `listing ${place}: the server does not say how it goes on`)
      }
    },

    async open({ key, etag: listed }, signal, { reuse, from: first = 0, to = null } = {}) {
      const { client, copies, GetObjectCommand } = await s3()
      const entered = reuse && copies ? freeOlder() : null
      const what = `reading ${JSON.stringify(key)} in ${place}`
      const unavailable = (why: string) => new SourceError('unavailable', `${what}: ${why}`)
      const get = (from: number, etag?: string) => {
        const range = from > 0 || to !== null ? `bytes=${from}-${to === null ? '' : to - 1}` : undefined
        const request = new GetObjectCommand({
          Bucket: bucket,
          Key: key,
          Range: range,
          IfMatch: etag,
          ...payer,
        })
        return send(what, signal, (options) => client.send(request, options))
      }

      // A server without ranges sends all of it.
      const startOf = (answer: Awaited<ReturnType<typeof get>>) => (answer.ContentRange ? first : 0)

      async function* bytes(answer: Awaited<ReturnType<typeof get>>): AsyncGenerator<Buffer> {
        let { ContentLength: length, ETag: etag } = answer
        let read = 0
        let failures = 0
        let start = startOf(answer)

        /** The rest; who has just cut the connection may be away for a moment. */
        async function rest(): ReturnType<typeof get> {
          for (;;) {
            if (failures === MAX_RESUMES) throw unavailable('the connection breaks off')
            await delay(RESUME_DELAY_MS * 2 ** failures++, undefined, signal && { signal }).catch(() => {})
            try {
              return await get(start + read, read > 0 ? etag : undefined)
            } catch (error) {
              const passes = error instanceof SourceError && error.kind === 'unavailable'
              if (!passes || error instanceof ChangedObject || failures === MAX_RESUMES) throw error
            }
          }
        }

        for (;;) {
          try {
            for await (const chunk of answer.Body as Readable) {
              const skipped = Math.max(first - start - read, 0)
              read += chunk.length
              failures = 0
              entered?.(chunk)
              if (skipped < chunk.length) yield chunk.subarray(skipped)
            }
            if (length === undefined) return
          } catch {
            signal?.throwIfAborted()
          }
          if (read === length) return
          answer = await rest()
          if (read === 0) {
            length = answer.ContentLength
            etag = answer.ETag
            start = startOf(answer)
          } else if (!etag || !answer.ContentRange?.startsWith(`bytes ${start + read}-`)) {
            throw unavailable('broke off, and the server has no ranges')
          } else if (answer.ETag !== etag) {
            // Not every server looks at If-Match where there is a range.
            throw new ChangedObject(`${what}: ${REPLACED}`)
          }
        }
      }

      // pieces of an object are of one version of it
      const version = first > 0 || to !== null ? (listed ?? undefined) : undefined
      return bytes(await get(first, version))
    },

    async range({ key, etag }, start, end, signal) {
      if (end <= start) return Buffer.alloc(0)
      const { client, GetObjectCommand } = await s3()
      const request = new GetObjectCommand({
        Bucket: bucket,
        Key: key,
        Range: `bytes=${start}-${end - 1}`,
        IfMatch: etag ?? undefined,
        ...payer,
      })
      return send(`reading ${JSON.stringify(key)} in ${place}`, signal, async (options) => {
        const { Body: body } = await client.send(request, options)
        return Buffer.concat(await Array.fromAsync(body as Readable))
      })
    },

    async close() {
      if (opened) (await opened).client.destroy()
    },
  }
}
