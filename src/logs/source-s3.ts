import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { compileKeyPattern } from './key-pattern.ts'
import type { LogSource, S3SourceDefinition, SourceSettings } from './source.ts'
import { SourceError } from './source-error.ts'

/** Tries in a row that bring no byte before an object is given up. */
const MAX_RESUMES = 5
const RESUME_DELAY_MS = 100
const CONNECT_TIMEOUT_MS = 10_000
/** A connection on which nothing comes for so long is dead. */
const IDLE_TIMEOUT_MS = 60_000

const MEND_CREDENTIALS = 'correct source.credentials'
const MEND_REGION = 'correct source.region'

/** What to do about the errors that nobody but the user can mend; by S3's error code or the SDK's error name. */
const REFUSED: Record<string, string> = {
  NoSuchBucket: 'there is no such bucket; correct source.bucket or source.endpoint',
  InvalidBucketName: 'this is no bucket name; correct source.bucket',
  InvalidAccessKeyId: `the access key id is unknown there; ${MEND_CREDENTIALS}`,
  SignatureDoesNotMatch: `the secret access key is wrong; ${MEND_CREDENTIALS}`,
  AuthFailure: `the access key is wrong; ${MEND_CREDENTIALS}`,
  InvalidToken: `the session token is wrong; ${MEND_CREDENTIALS}`,
  ExpiredToken: `the credentials have expired; ${MEND_CREDENTIALS}`,
  AccessDenied: 'access is denied; the credentials need s3:ListBucket and s3:GetObject here',
  AllAccessDisabled: 'access is disabled; ask the owner of the bucket',
  AccountProblem: 'the account is blocked; ask its owner',
  CredentialsProviderError:
    'no credentials were found; set source.credentials, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
  RequestTimeTooSkewed: "this machine's clock is wrong; set it",
  PermanentRedirect: `the bucket lies in another region; ${MEND_REGION}`,
  AuthorizationHeaderMalformed: `the bucket lies in another region; ${MEND_REGION}`,
  InvalidObjectState: 'the object is archived; restore it first',
}
/** Client errors that another try may still get past. */
const UNAVAILABLE: Record<string, string> = {
  NoSuchKey: 'the object was deleted after it was listed',
  PreconditionFailed: 'the object was replaced while it was read',
  InvalidRange: 'the object was replaced while it was read',
  RequestTimeout: 'the connection was too slow',
}
const TLS = /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|EPROTO)/

interface SdkError {
  name?: string
  code?: string
  $metadata?: { httpStatusCode?: number }
}

/** Only codes and statuses are taken from the SDK's errors: what else they hold may be signed or secret. */
function s3Error(error: unknown, what: string): SourceError {
  if (error instanceof SourceError) return error
  const { name = 'Error', code, $metadata } = error as SdkError
  const status = $metadata?.httpStatusCode
  const fail = (kind: 'unavailable' | 'refused', why: string) => new SourceError(kind, `${what}: ${why}`)
  if (Object.hasOwn(REFUSED, name)) return fail('refused', `${REFUSED[name]} (${name})`)
  if (Object.hasOwn(UNAVAILABLE, name)) return fail('unavailable', `${UNAVAILABLE[name]} (${name})`)
  if (status === undefined || status < 300) {
    if (code && TLS.test(code))
      return fail('refused', `no safe connection (${code}); correct source.endpoint`)
    const reason = code ?? name
    return fail(
      'unavailable',
      `no answer, or none of an S3 server (${reason}); check source.endpoint if this lasts`,
    )
  }
  const answer = `answered ${status} ${name}`
  if (status >= 500 || status === 429 || status === 408 || /throttl|slow/i.test(name))
    return fail('unavailable', `${answer}; the server is overloaded or down`)
  return fail('refused', `${answer}; check source.endpoint, source.bucket and source.credentials`)
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
    requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, socketTimeout: IDLE_TIMEOUT_MS },
  })
  const place = `bucket ${JSON.stringify(bucket)}${endpoint ? ` on ${endpoint.host}` : ''}`

  async function send<T>(what: string, signal: AbortSignal | undefined, call: () => Promise<T>): Promise<T> {
    try {
      signal?.throwIfAborted()
      return await call()
    } catch (error) {
      signal?.throwIfAborted()
      throw s3Error(error, what)
    }
  }
  const abort = (signal?: AbortSignal) => (signal ? { abortSignal: signal } : {})

  return {
    id: `s3://${bucket}`,

    async *list(signal) {
      let token: string | undefined
      do {
        const request = new ListObjectsV2Command({
          Bucket: bucket,
          Prefix: prefix || undefined,
          ContinuationToken: token,
        })
        const page = await send(`listing ${place}`, signal, () => client.send(request, abort(signal)))
        for (const { Key: key = '', Size: size = null, ETag: etag = null } of page.Contents ?? []) {
          const match = key.endsWith('/') ? null : pattern.match(key)
          if (match) yield { key, size, date: match.date, etag }
        }
        if (page.IsTruncated && (!page.NextContinuationToken || page.NextContinuationToken === token))
          throw new SourceError(
            'unavailable',
            `listing ${place}: the server does not say how its list goes on`,
          )
        token = page.IsTruncated ? page.NextContinuationToken : undefined
      } while (token)
    },

    async open({ key }, signal) {
      const what = `reading ${JSON.stringify(key)} in ${place}`
      const get = (from: number, etag?: string) => {
        const range = from > 0 ? `bytes=${from}-` : undefined
        const request = new GetObjectCommand({ Bucket: bucket, Key: key, Range: range, IfMatch: etag })
        return send(what, signal, () => client.send(request, abort(signal)))
      }

      async function* bytes(answer: Awaited<ReturnType<typeof get>>): AsyncGenerator<Buffer> {
        const { ContentLength: length, ETag: etag } = answer
        let read = 0
        for (let resumes = 0; ; resumes++) {
          try {
            for await (const chunk of answer.Body as Readable) {
              read += chunk.length
              resumes = 0
              yield chunk
            }
            if (length === undefined || read >= length) return
          } catch (error) {
            signal?.throwIfAborted()
            if (!etag || resumes === MAX_RESUMES) throw s3Error(error, what)
          }
          if (resumes === MAX_RESUMES)
            throw new SourceError('unavailable', `${what}: the connection breaks off`)
          await delay(RESUME_DELAY_MS * 2 ** resumes, undefined, signal && { signal }).catch(() =>
            signal?.throwIfAborted(),
          )
          answer = await get(read, etag)
          if (read > 0 && !answer.ContentRange?.startsWith(`bytes ${read}-`))
            throw new SourceError(
              'unavailable',
              `${what}: broke off, and the server can't go on from a range`,
            )
        }
      }

      return Readable.from(bytes(await get(0)), { objectMode: false })
    },

    async close() {
      client.destroy()
    },
  }
}
