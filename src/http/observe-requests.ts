import { AsyncResource } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'
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

/**
 * Gives each request an id (the caller's `X-Request-Id`, if there is one), which its log lines, its answer and its problem
 * carry; counts and times it by its route; and makes it a span of the caller's trace. A path or a query may hold a
 * secret, so neither is told anywhere. Mount it first.
 */
export function observeRequests(metrics: Metrics, log: Logger): RequestHandler {
  return (request, response, next) => {
    const given = request.get('x-request-id')
    const id = given && REQUEST_ID.test(given) ? given : randomUUID()
    Object.assign(request, { id })
    response.set('X-Request-Id', id)
    const { method } = request
    const span = openSpan(method, {
      kind: 'server',
      parent: request.headers,
      attributes: { 'http.request.method': method, 'label_studio_monitor.request_id': id },
    })
    const start = performance.now()
    const done = () => {
      const seconds = (performance.now() - start) / 1000
      const status = response.writableFinished ? response.statusCode : GONE
      const { operation, route } = whatItWas(request)
      metrics.request({ method, route, status, seconds })
      log.debug({ operation, status, ms: Math.round(seconds * 1000) }, 'request')
      span.rename(`${method} ${route}`)
      span.set({ 'http.route': route, 'http.response.status_code': status })
      span.end(status >= 500 ? { kind: String(status) } : undefined)
    }
    withLogFields({ request: id }, () =>
      span.within(() => {
        // Events come without the context of who listens to them.
        response.on('close', AsyncResource.bind(done))
        next()
      }),
    )
  }
}

/** A path that names nothing has no route; the paths themselves would be endless. */
function whatItWas(request: Request): { operation: string | null; route: string } {
  if (!(request as { openapi?: object }).openapi) return { operation: null, route: 'unmatched' }
  const { id, route } = operationOf(request)
  return { operation: id, route }
}
