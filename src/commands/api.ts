import type { Config } from '../config.ts'
import { loadConfig } from '../config.ts'
import type { ProblemBody } from '../contract/types.ts'
import type { Io } from './command.ts'

/** The service's HTTP API, as far as commands call it. Every call throws a ServiceError unless it is answered by 2xx. */
export interface Api {
  /** Without a trailing slash. */
  readonly url: string
  get<T>(path: string): Promise<T>
  post<T>(path: string, body?: PostBody): Promise<{ status: number; body: T }>
}

export type PostBody = { json: unknown } | { text: string }

/** The service answered no, or not at all; the message is for the user. */
export class ServiceError extends Error {
  override name = 'ServiceError'
  /** Null when there was no answer. */
  readonly status: number | null
  readonly problem: (ProblemBody & Record<string, unknown>) | null
  constructor(
    message: string,
    status: number | null,
    problem: ServiceError['problem'] = null,
    cause?: unknown,
  ) {
    super(message, { cause })
    this.status = status
    this.problem = problem
  }
}

/** The options of every command that talks to the service. */
export const SERVICE_OPTIONS = { url: { type: 'string' }, token: { type: 'string' } } as const

export const SERVICE_USAGE = `
  --url URL         where the service is; http://HOST:PORT of the environment by default
  --token TOKEN     an API token; by default the first of API_TOKENS that may write`

/** The longest call is a preview, which reads logs for up to a minute. */
const TIMEOUT_MS = 120_000

/** The service that the options and the environment name. Throws a ConfigurationError. */
export function connect(given: { url?: string | undefined; token?: string | undefined }, io: Io): Api {
  const config = given.url && given.token ? null : loadConfig(io.env)
  const url = (given.url ?? (config ? listeningUrl(config) : '')).replace(/\/+$/, '')
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) {
    throw new ServiceError(
      `Expected a URL such as http://127.0.0.1:9090 for --url, got ${JSON.stringify(url)}.`,
      null,
    )
  }
  const token = given.token ?? tokenOf(config?.apiTokens ?? [])
  const request = async (
    method: string,
    path: string,
    body?: PostBody,
  ): Promise<{ status: number; body: unknown }> => {
    const headers: Record<string, string> = { Accept: 'application/json, application/problem+json' }
    if (token) headers.Authorization = `Bearer ${token}`
    if (body) headers['Content-Type'] = 'json' in body ? 'application/json' : 'text/plain; charset=utf-8'
    let response: Response
    let text: string
    try {
      response = await io.fetch(url + path, {
        method,
        headers,
        signal: AbortSignal.any([io.signal, AbortSignal.timeout(TIMEOUT_MS)]),
        ...(body && { body: 'json' in body ? JSON.stringify(body.json) : body.text }),
      })
      text = await response.text()
    } catch (error) {
      io.signal.throwIfAborted()
      throw unreachable(url, error as Error)
    }
    const parsed = parseJson(text)
    if (response.ok && parsed !== undefined) return { status: response.status, body: parsed }
    throw refusal(url, response.status, parsed)
  }
  return {
    url,
    get: async <T>(path: string) => (await request('GET', path)).body as T,
    post: async <T>(path: string, body?: PostBody) =>
      (await request('POST', path, body)) as { status: number; body: T },
  }
}

function listeningUrl({ host, port }: Config): string {
  if (port === 0) throw new ServiceError('PORT is 0, which may be any port: name the service by --url.', null)
  const address = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${address.includes(':') ? `[${address}]` : address}:${port}`
}

function tokenOf(tokens: Config['apiTokens']): string | undefined {
  return (tokens.find(({ scope }) => scope !== 'read') ?? tokens[0])?.token
}

function unreachable(url: string, error: Error): ServiceError {
  if (error.name === 'TimeoutError') {
    return new ServiceError(`The service at ${url} did not answer within ${TIMEOUT_MS / 1000} seconds.`, null)
  }
  const { code, message } = (error.cause ?? error) as NodeJS.ErrnoException
  return new ServiceError(
    `No service answers at ${url} (${code ?? message}): start it with "npm start" or "label-studio-monitor serve", ` +
      'or name another address by --url.',
    null,
    null,
    error,
  )
}

function refusal(url: string, status: number, body: unknown): ServiceError {
  if (!isProblem(body)) {
    return new ServiceError(
      `What answers at ${url} (with status ${status}) is not this service: check --url.`,
      status,
    )
  }
  const errors = (body.errors ?? [])
    // The detail of a problem with few errors says them already.
    .filter(({ path, message }) => !(body.detail.includes(path) && body.detail.includes(message)))
    .map(({ path, message }) => `\n  ${path ? `${path}: ` : ''}${message}`)
  const hint =
    status === 401 || status === 403 ? '\nGive a token by --token, or by API_TOKENS in the environment.' : ''
  return new ServiceError(`${body.title}: ${body.detail}${errors.join('')}${hint}`, status, body)
}

function isProblem(body: unknown): body is ProblemBody & Record<string, unknown> {
  return typeof body === 'object' && body !== null && 'title' in body && 'detail' in body
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
