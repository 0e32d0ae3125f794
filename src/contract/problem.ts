import { randomUUID } from 'node:crypto'
import type { ErrorRequestHandler, Request, Response } from 'express'
import type { FieldError, ProblemBody } from './types.ts'

/** Everything that can go wrong for a caller. `ProblemType` in openapi.yaml has the same ids. */
export const PROBLEMS = {
  'invalid-request': { status: 400, title: 'The request does not fit the contract' },
  'invalid-body': { status: 400, title: 'The body can not be read' },
  unauthenticated: {
    status: 401,
    title: 'No valid token or secret',
    headers: { 'WWW-Authenticate': 'Bearer' },
  },
  forbidden: { status: 403, title: 'The token may not do this' },
  'not-found': { status: 404, title: 'There is no such thing' },
  'method-not-allowed': { status: 405, title: 'The path does not take this method' },
  'name-taken': { status: 409, title: 'The name is taken' },
  'run-state': { status: 409, title: 'The run is in another state' },
  'gate-failed': { status: 409, title: 'A threshold is crossed' },
  'gate-inconclusive': { status: 409, title: 'The thresholds are not decided yet' },
  'version-mismatch': { status: 412, title: 'The monitor has changed since it was read' },
  'body-too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, title: 'The body comes in a form that is not taken' },
  'invalid-monitor': { status: 422, title: 'The monitor can not work' },
  'invalid-labeling-config': { status: 422, title: 'The labeling config can not be used' },
  'invalid-config-ini': { status: 422, title: 'The config.ini can not be used' },
  'invalid-window': { status: 422, title: 'The window can not be used' },
  'invalid-where': { status: 422, title: 'The expression in where can not be used' },
  'nothing-failed': { status: 422, title: 'There is no failure to have more of' },
  'idempotency-key-reused': { status: 422, title: 'The idempotency key was used for another request' },
  'too-many-requests': {
    status: 429,
    title: 'Too many calls',
    headers: { 'Retry-After': '60' },
  },
  internal: { status: 500, title: 'The service failed' },
  'label-studio-refused': { status: 502, title: 'Label Studio refused the call' },
  'label-studio-unavailable': {
    status: 503,
    title: 'Label Studio can not be reached',
    headers: { 'Retry-After': '10' },
  },
  'database-unavailable': {
    status: 503,
    title: 'The database can not be reached',
    headers: { 'Retry-After': '5' },
  },
  'not-ready': { status: 503, title: 'The service can not do its work', headers: { 'Retry-After': '5' } },
} as const satisfies Record<string, { status: number; title: string; headers?: Record<string, string> }>

export type ProblemId = keyof typeof PROBLEMS

export interface ProblemOptions {
  /** Each field that is wrong. */
  errors?: FieldError[]
  /** More members of the answer, for example `verdict`. */
  extra?: Record<string, unknown>
  headers?: Record<string, string>
  cause?: unknown
}

/** An answer that says what went wrong. Throw it anywhere; `detail` is for the caller: no secrets. */
export class Problem extends Error {
  readonly id: ProblemId
  readonly status: number
  readonly title: string
  readonly detail: string
  readonly errors: FieldError[] | undefined
  readonly extra: Record<string, unknown>
  readonly headers: Record<string, string>

  constructor(
    id: ProblemId,
    detail: string,
    { errors, extra = {}, headers = {}, cause }: ProblemOptions = {},
  ) {
    super(detail, { cause })
    const kind: { status: number; title: string; headers?: Record<string, string> } = PROBLEMS[id]
    this.name = 'Problem'
    this.id = id
    this.status = kind.status
    this.title = kind.title
    this.detail = detail
    this.errors = errors
    this.extra = extra
    this.headers = { ...kind.headers, ...headers }
  }
}

/** The stable name of a problem, in answers and in openapi.yaml. It holds on every host, so it is no URL. */
export function problemType(id: ProblemId): ProblemBody['type'] {
  return `urn:label-studio-monitor:problem:${id}`
}

/** A pino logger, or anything with its two methods used here. */
export interface ProblemLogger {
  error(fields: object, message: string): void
  warn(fields: object, message: string): void
}

export interface ProblemHandlerOptions {
  logger: ProblemLogger
  /** Says what the errors of other parts mean for a caller; undefined for one that it does not know. */
  translate?: (error: unknown) => Problem | undefined
}

/** The one error handler of the app: anything thrown becomes `application/problem+json`. */
export function problemHandler({ logger, translate }: ProblemHandlerOptions): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    const problem = translate?.(error) ?? toProblem(error)
    const instance = `urn:label-studio-monitor:request:${requestId(request)}`
    const fields = {
      instance,
      method: request.method,
      operation: operationId(request),
      error: describe(error),
    }
    if (problem.status === 500) logger.error(fields, 'request failed')
    // Who asks whether the service is ready asks again and again; the answer says it all.
    else if (problem.status > 500 && problem.id !== 'not-ready') logger.warn(fields, problem.title)
    if (response.headersSent) {
      // A stream that has begun can only be cut off, so that nobody takes it for complete.
      response.destroy()
      return
    }
    send(response, problem, instance)
  }
}

function send(response: Response, problem: Problem, instance: string): void {
  for (const name of ABOUT_THE_ANSWER) response.removeHeader(name)
  const body: ProblemBody = {
    ...problem.extra,
    type: problemType(problem.id),
    title: problem.title,
    status: problem.status,
    detail: problem.detail,
    instance,
    ...(problem.errors && { errors: problem.errors }),
  }
  response.status(problem.status).set(problem.headers).type('application/problem+json').json(body)
}

/** Headers that a handler may have set for the answer that it could not give. */
const ABOUT_THE_ANSWER = [
  'Cache-Control',
  'Content-Disposition',
  'Content-Encoding',
  'ETag',
  'Last-Modified',
  'Location',
]

/** What an error means for a caller. Whatever is not known is `internal`, with nothing of the cause in it. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (!(error instanceof Error)) return internal(error)
  if (error instanceof URIError) {
    return new Problem('invalid-request', 'The URL has a broken percent sign; write it as %25.', {
      cause: error,
    })
  }
  const { status, expose } = error as { status?: unknown; expose?: unknown }
  if (typeof status === 'number' && status >= 400 && status < 500 && expose === true)
    return ofHttpError(error, status)
  if (isDatabaseAway(error)) {
    return new Problem(
      'database-unavailable',
      'The database can not be reached, or can not write. Try again later.',
      {
        cause: error,
      },
    )
  }
  return internal(error)
}

function internal(cause: unknown): Problem {
  return new Problem('internal', 'This is a fault of the service. Its log has the cause under `instance`.', {
    cause,
  })
}

/** Errors of Express and its body parsers. Their messages may quote the body, so they are not passed on. */
function ofHttpError(error: Error, status: number): Problem {
  const { type, limit } = error as { type?: unknown; limit?: unknown }
  switch (status) {
    case 404:
      return new Problem('not-found', 'There is nothing at this path.', { cause: error })
    case 413: {
      const most = typeof limit === 'number' ? ` It takes at most ${limit} bytes.` : ''
      return new Problem('body-too-large', `The body is larger than this call takes.${most}`, {
        cause: error,
      })
    }
    case 415:
      return new Problem(
        'unsupported-media-type',
        'The charset or the content encoding of the body is not known here. Send UTF-8, plain or gzip.',
        { cause: error },
      )
  }
  if (type === 'entity.parse.failed') {
    return notJson(error)
  }
  if (type === undefined && status !== 400) {
    return new Problem('invalid-request', 'The request can not be answered as it is.', { cause: error })
  }
  return new Problem('invalid-body', 'The body can not be read: it is cut off or badly compressed.', {
    cause: error,
  })
}

export function notJson(cause: unknown): Problem {
  return new Problem('invalid-body', 'The body is not JSON: an object in {} was expected.', { cause })
}

/**
 * PostgreSQL: connection exceptions (08), shutting down or starting up (57P), out of disk, memory or connections (53),
 * I/O errors (58), a read-only server (25006) or file system (42501: the service owns its tables, so rights are no cause).
 */
const DATABASE_CODE = /^(08\w{3}|57P0\d|53\w{3}|58\w{3}|25006|42501)$/
const NETWORK_CODES = [
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]
/** What `pg` says, without a code, of connections that broke or could not be made. */
const CONNECTION_LOST =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/

/** Only the database's errors come here raw: callers of other services throw errors of their own. */
function isDatabaseAway(error: Error): boolean {
  const { code, syscall, isAxiosError, $metadata } = error as unknown as Record<string, unknown>
  if (isAxiosError !== undefined || $metadata !== undefined) return false
  if (typeof code !== 'string') return CONNECTION_LOST.test(error.message)
  return (
    DATABASE_CODE.test(code) || NETWORK_CODES.includes(code) || (code === 'ENOENT' && syscall === 'connect')
  )
}

/** Name, message and stack only: other properties of errors hold requests, headers and rows. */
function describe(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) }
  const { code } = error as { code?: unknown }
  return {
    name: error.name,
    message: error.message,
    ...(typeof code === 'string' && { code }),
    stack: error.stack,
    ...(error.cause !== undefined && { cause: describe(error.cause) }),
  }
}

function requestId(request: Request): string {
  const { id } = request as { id?: unknown }
  return typeof id === 'string' && id !== '' ? id : randomUUID()
}

/** Not the path: that of `/ml/{secret}` holds a secret. */
function operationId(request: Request): string | undefined {
  return (request as { openapi?: { schema?: { operationId?: string } } }).openapi?.schema?.operationId
}
