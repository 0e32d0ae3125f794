import axios, { type AxiosRequestConfig } from 'axios'

/** What went wrong, for the caller to decide: try again, ask the operator, tell the user, or go on without it. */
export type LabelStudioErrorKind = 'unavailable' | 'unauthorized' | 'refused' | 'missing' | 'unset'

/** A call to Label Studio that failed. The message says what to do, and holds no credential. */
export class LabelStudioError extends Error {
  readonly kind: LabelStudioErrorKind
  readonly status: number | null
  /** How long Label Studio, or a proxy before it, asks to be left alone. */
  readonly retryAfterMs: number | null
  constructor(
    kind: LabelStudioErrorKind,
    message: string,
    status: number | null = null,
    retryAfterMs: number | null = null,
  ) {
    super(message)
    this.name = 'LabelStudioError'
    this.kind = kind
    this.status = status
    this.retryAfterMs = retryAfterMs
  }
}

/** A login page, or a proxy's. */
export function notJson(url: string): LabelStudioError {
  return new LabelStudioError(
    'unavailable',
    `${url} answered with a page instead of JSON; check that LABEL_STUDIO_URL is Label Studio's own address and that no proxy stands before it.`,
  )
}

/** What a failed call means, and what to do. */
export function describe(error: unknown, config: AxiosRequestConfig, url: string): Error {
  if (!axios.isAxiosError(error)) return error as Error
  const what = `${config.method ?? 'GET'} ${config.url}`
  // An answer that is cut off has a status, which says nothing then.
  if (!error.response || error.response.status < 300) {
    return new LabelStudioError(
      'unavailable',
      `Label Studio at ${url} did not answer ${what} (${error.code ?? 'no connection'}); check that it runs and that LABEL_STUDIO_URL is right.`,
    )
  }
  const { status, data, headers } = error.response
  if (status < 400) {
    const to = URL.parse(String(headers.location), url)?.origin
    return new LabelStudioError(
      'unavailable',
      `${url} redirects ${what}${to ? ` to ${to}` : ''}, which is not followed; set LABEL_STUDIO_URL to Label Studio's own address.`,
      status,
    )
  }
  if (status === 401 || status === 403) return refusedAccess(status, data, what)
  if (status === 404) return new LabelStudioError('missing', `Label Studio has nothing at ${what}.`, status)
  if (status === 429 || status >= 500) {
    return new LabelStudioError(
      'unavailable',
      `Label Studio answered ${status} to ${what}${reason(data)}.`,
      status,
      retryAfter(headers['retry-after']),
    )
  }
  return new LabelStudioError(
    'refused',
    `Label Studio refused ${what} with ${status}${reason(data)}.`,
    status,
  )
}

function refusedAccess(status: number, data: unknown, what: string): LabelStudioError {
  const text = reason(data)
  if (text.includes('legacy token authentication has been disabled')) {
    return new LabelStudioError(
      'unauthorized',
      'Label Studio has legacy tokens switched off for this organization: use a personal access token as LABEL_STUDIO_API_KEY, or switch legacy tokens on under Organization → API token settings.',
      status,
    )
  }
  // A refused webhook host is a 403 too, but not about the key.
  if (text.includes('reserved network address')) return new LabelStudioError('refused', text.slice(2), status)
  return new LabelStudioError(
    'unauthorized',
    `Label Studio answered ${status} to ${what}${text}: check LABEL_STUDIO_API_KEY and what its user may do.`,
    status,
  )
}

/** Seconds or a date (RFC 9110, 10.2.3), in ms from now. */
function retryAfter(header: unknown): number | null {
  const text = typeof header === 'string' ? header : ''
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.now()
  return Number.isFinite(ms) && ms > 0 ? ms : null
}

/** What Label Studio's error body says, cut to a readable length; HTML pages say nothing. */
function reason(data: unknown): string {
  if (typeof data !== 'object' || data === null) return ''
  const body = data as Record<string, unknown>
  const detail = body.validation_errors ?? body.detail ?? body
  const text = typeof detail === 'string' ? detail : JSON.stringify(detail)
  return text ? `: ${text.slice(0, 500)}` : ''
}
