import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type { S3ClientConfig, S3ServiceException } from '@aws-sdk/client-s3'
import { compileKeyPattern } from './key-pattern.ts'
import type { LogSource, S3SourceDefinition, SourceSettings } from './source.ts'
import { SourceError } from './source-error.ts'

/** Tries in a row that bring no byte before an object is given up. */
const MAX_RESUMES = 5
const RESUME_DELAY_MS = 100
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
/** Client errors that another try may still get past. */
const UNAVAILABLE: Record<string, string> = {
  NoSuchKey: 'the object was deleted after it was listed',
  PreconditionFailed: 'the object was replaced while it was read',
  InvalidRange: 'the object was replaced while it was read',
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
  if (Object.hasOwn(UNAVAILABLE, name)) return unavailable(`${UNAVAILABLE[name]} (${name})`)
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
  return { ...commands, client: new S3Client(settled) }
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
    requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, socketTimeout: IDLE_TIMEOUT_MS },
  }
  let opened: ReturnType<typeof connect> | null = null
  const s3 = () => {
    opened ??= connect(settled)
    return opened
  }
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
      const { client, ListObjectsV2Command } = await s3()
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

    async open({ key }, signal, { from: first = 0, to = null } = {}) {
      const { client, GetObjectCommand } = await s3()
      const what = `reading ${JSON.stringify(key)} in ${place}`
      const get = (from: number, etag?: string) => {
        const range = from > 0 || to !== null ? `bytes=${from}-${to === null ? '' : to - 1}` : undefined
        const request = new GetObjectCommand({ Bucket: bucket, Key: key, Range: range, IfMatch: etag })
        return send(what, signal, (options) => client.send(request, options))
      }

      async function* bytes(answer: Awaited<ReturnType<typeof get>>): AsyncGenerator<Buffer> {
        const { ContentLength: length, ETag: etag } = answer
        let read = 0
        // a server without ranges sends all of it
        let before = answer.ContentRange ? 0 : first
        for (let resumes = 0; ; resumes++) {
          try {
            for await (const chunk of answer.Body as Readable) {
              read += chunk.length
              resumes = 0
              const wanted = chunk.subarray(Math.min(before, chunk.length))
              before -= chunk.length - wanted.length
              if (wanted.length) yield wanted
            }
            if (length === undefined) return
          } catch {
            signal?.throwIfAborted()
          }
          if (read === length) return
          if (resumes === MAX_RESUMES)
            throw new SourceError('unavailable', `${what}: the connection breaks off`)
          await delay(RESUME_DELAY_MS * 2 ** resumes)
          answer = await get(first + read, etag)
          const at = first + read
          const goesOn = at === 0 || (etag && answer.ContentRange?.startsWith(`bytes ${at}-`))
          if (!goesOn)
            throw new SourceError('unavailable', `${what}: broke off, and the server has no ranges`)
        }
      }

      return Readable.from(bytes(await get(first)), { objectMode: false })
    },

    async close() {
      if (opened) (await opened).client.destroy()
    },
  }
}
