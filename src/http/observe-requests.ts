import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Request, RequestHandler } from 'express'
import type { Logger } from 'pino'
import { operationOf } from '../contract/validator.ts'
import { withLogFields } from '../telemetry/log-fields.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { openSpan } from '../telemetry/trace.ts'

/** An id that a caller may give: it goes into headers, logs and the `instance` of problems. */
const REQUEST_ID = /^[\w.:~-]{1,128}$/
/** As nginx has it: whoever asked was gone before the answer was complete. */
const GONE = 499

/** What a request turned out to be. A path or a query may hold a secret, so neither is told anywhere. */
export interface Asked {
  operation: string | null
  /** The path as in openapi.yaml. */
  route: string
}

/**
 * Gives a request an id (the caller's `X-Request-Id`, if there is one), which its log lines and its problem carry; counts and
 * times it by its route; and makes it a span of the caller's trace.
 * @param asked tells what it was, once it is answered
 * @param work is given the id, for the answer
 */
export type Observe = (
  request: IncomingMessage,
  response: ServerResponse,
  asked: () => Asked,
  work: (id: string) => void,
) => void

export function createObserve(metrics: Pick<Metrics, 'request'>, log: Pick<Logger, 'debug'>): Observe {
  return (request, response, asked, work) => {
    const given = request.headers['x-request-id']
    const id = typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID()
    Object.assign(request, { id })
    const method = request.method as string
    const span = openSpan(method, {
      kind: 'server',
      parent: request.headers,
      attributes: { 'http.request.method': method, 'label_studio_monitor.request_id': id },
    })
    const start = performance.now()
    const done = () => {
      const seconds = (performance.now() - start) / 1000
      const status = response.writableFinished ? response.statusCode : GONE
      const { operation, route } = asked()
      metrics.request({ method, route, status, seconds })
      log.debug({ operation, status, ms: Math.round(seconds * 1000) }, 'request')
      span.rename(`${method} ${route}`)
      span.set({ 'http.route': route, 'http.response.status_code': status })
      span.end(status >= 500 ? { kind: String(status) } : undefined)
    }
    const within = (then: () => void) => withLogFields({ request: id }, () => span.within(then))
    // Events come without the context of who listens to them.
    response.on('close', () => within(done))
    within(() => work(id))
  }
}

/** Observes each request that is not observed yet. Mount it first. */
export function observeRequests(observe: Observe): RequestHandler {
  return (request, response, next) => {
    const { id } = request as { id?: string }
    const go = (given: string) => {
      response.set('X-Request-Id', given)
      next()
    }
    if (id === undefined) observe(request, response, () => whatItWas(request), go)
    else go(id)
  }
}

/** A path that names nothing has no route; the paths themselves would be endless. */
function whatItWas(request: Request): Asked {
  if (!(request as { openapi?: object }).openapi) return { operation: null, route: 'unmatched' }
  const { id, route } = operationOf(request)
  return { operation: id, route }
}
