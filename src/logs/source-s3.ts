import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { GetObjectCommand, ListObjectsV2Command, S3Client, type S3ServiceException } from '@aws-sdk/client-s3'
import { compileKeyPattern } from './key-pattern.ts'
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
  AccessDenied: 'access is denied; the credentials need s3:ListBucket and s3:GetObject here',
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

/** A bucket of AWS S3 or of any server that speaks its protocol. */
export function openS3Source(definition: S3SourceDefinition, settings: Partial<SourceSettings>): LogSource {
  const { bucket, prefix, credentials } = definition
  const pattern = compileKeyPattern(definition.key_pattern ?? '*')
  const named = definition.endpoint || settings.s3Endpoint
  const endpoint = named ? endpointUrl(named) : null
  const client = new S3Client({
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
  })
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

    async *list(signal) {
      let token: string | undefined
      do {
        const where = { Bucket: bucket, Prefix: prefix || undefined, ContinuationToken: token }
        const request = new ListObjectsV2Command(where)
        const page = await send(`listing ${place}`, signal, (options) => client.send(request, options))
        for (const { Key: key = '', Size: size = null, ETag: etag = null } of page.Contents ?? []) {
          const match = key.endsWith('/') ? null : pattern.match(key)
          if (match) yield { key, size, date: match.date, etag }
        }
        if (!page.IsTruncated) return
        if (!page.NextContinuationToken || page.NextContinuationToken === token)
          throw new SourceError('unavailable', `listing ${place}: the server does not say how it goes on`)
        token = page.NextContinuationToken
      } while (token)
    },

    async open({ key }, signal) {
      const what = `reading ${JSON.stringify(key)} in ${place}`
      const unavailable = (why: string) => new SourceError('unavailable', `${what}: ${why}`)
      const get = (from: number, etag?: string) => {
        const range = from > 0 ? `bytes=${from}-` : undefined
        const request = new GetObjectCommand({ Bucket: bucket, Key: key, Range: range, IfMatch: etag })
        return send(what, signal, (options) => client.send(request, options))
      }

      async function* bytes(answer: Awaited<ReturnType<typeof get>>): AsyncGenerator<Buffer> {
        let { ContentLength: length, ETag: etag } = answer
        let read = 0
        let failures = 0

        /** The rest; who has just cut the connection may be away for a moment. */
        async function rest(): ReturnType<typeof get> {
          for (;;) {
            if (failures === MAX_RESUMES) throw unavailable('the connection breaks off')
            await delay(RESUME_DELAY_MS * 2 ** failures++, undefined, signal && { signal }).catch(() => {})
            try {
              return await get(read, read > 0 ? etag : undefined)
            } catch (error) {
              const passes = error instanceof SourceError && error.kind === 'unavailable'
              if (!passes || error instanceof ChangedObject || failures === MAX_RESUMES) throw error
            }
          }
        }

        for (;;) {
          try {
            for await (const chunk of answer.Body as Readable) {
              read += chunk.length
              failures = 0
              yield chunk
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
          } else if (!etag || !answer.ContentRange?.startsWith(`bytes ${read}-`)) {
            throw unavailable('broke off, and the server has no ranges')
          } else if (answer.ETag !== etag) {
            // Not every server looks at If-Match where there is a range.
            throw new ChangedObject(`${what}: ${REPLACED}`)
          }
        }
      }

      return Readable.from(bytes(await get(0)), { objectMode: false })
    },

    async close() {
      client.destroy()
    },
  }
}
