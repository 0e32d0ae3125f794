import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Fault = (request: IncomingMessage, response: ServerResponse, body: Buffer | null) => boolean

export interface S3Server {
  endpoint: string
  objects: Map<string, Buffer>
  /** Requests as `GET /bucket/key bytes=…`. */
  requests: string[]
  /** Asked first for each request; true if it has answered. */
  fault: Fault | null
  close(): Promise<void>
}

export function s3Error(response: ServerResponse, status: number, code: string, message = 'no'): true {
  response.writeHead(status, { 'content-type': 'application/xml' })
  response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`)
  return true
}

const xml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
export const etagOf = (bytes: Buffer) => `"${createHash('md5').update(bytes).digest('hex')}"`

/** The little of S3 that reading logs needs: paged listings, objects, ranges with If-Match. One bucket: `logs`. */
export async function startS3Server(pageSize = 3): Promise<S3Server> {
  const server: S3Server = {
    endpoint: '',
    objects: new Map(),
    requests: [],
    fault: null,
    close: async () => {},
  }

  function list(url: URL, response: ServerResponse): void {
    const after = url.searchParams.get('continuation-token') ?? url.searchParams.get('start-after') ?? ''
    const prefix = url.searchParams.get('prefix') ?? ''
    const keys = [...server.objects.keys()].sort().filter((key) => key.startsWith(prefix) && key > after)
    const page = keys.slice(0, pageSize)
    const more = keys.length > pageSize
    const contents = page.map((key) => {
      const bytes = server.objects.get(key) as Buffer
      return `<Contents><Key>${xml(key)}</Key><Size>${bytes.length}</Size><ETag>${etagOf(bytes)}</ETag></Contents>`
    })
    const next = more ? `<NextContinuationToken>${xml(page.at(-1) ?? '')}</NextContinuationToken>` : ''
    response.writeHead(200, { 'content-type': 'application/xml' })
    response.end(
      `<?xml version="1.0"?><ListBucketResult><IsTruncated>${more}</IsTruncated>${next}${contents.join('')}</ListBucketResult>`,
    )
  }

  const http = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://x')
    const [, bucket, ...rest] = decodeURIComponent(url.pathname).split('/')
    const key = rest.join('/')
    server.requests.push(`${request.method} /${bucket}/${key} ${request.headers.range ?? ''}`.trim())
    const bytes = server.objects.get(key) ?? null
    if (server.fault?.(request, response, bytes)) return
    if (bucket !== 'logs') s3Error(response, 404, 'NoSuchBucket')
    else if (!key) list(url, response)
    else if (!bytes) s3Error(response, 404, 'NoSuchKey')
    else if (request.headers['if-match'] && request.headers['if-match'] !== etagOf(bytes))
      s3Error(response, 412, 'PreconditionFailed')
    else {
      const [, from, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? []
      const body = bytes.subarray(Number(from ?? 0), last ? Number(last) + 1 : bytes.length)
      const end = Number(from) + body.length - 1
      const range = from ? { 'content-range': `bytes ${from}-${end}/${bytes.length}` } : {}
      response.writeHead(from ? 206 : 200, { etag: etagOf(bytes), 'content-length': body.length, ...range })
      response.end(body)
    }
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  server.endpoint = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  server.close = () =>
    new Promise((resolve) => {
      http.close(() => resolve())
      http.closeAllConnections()
    })
  return server
}
