import type { RequestListener } from 'node:http'
import express, { type Request, type RequestHandler } from 'express'
import helmet from 'helmet'
import type { Logger } from 'pino'
import type { Config } from './config.ts'
import type { ContractDocument } from './contract/document.ts'
import { Problem, problemHandler } from './contract/problem.ts'
import { createContract, operationOf } from './contract/validator.ts'
import { assets } from './dashboard/assets.ts'
import { IMPORT_MAP_HASH } from './dashboard/page.ts'
import { type AccessSettings, createAccess } from './http/access.ts'
import { bodyLimitOf } from './http/body-limits.ts'
import { type ComparisonRoutes, comparisonRoutes } from './http/comparisons.ts'
import { compress } from './http/compress.ts'
import { type EvaluationRoutes, evaluationRoutes } from './http/evaluations.ts'
import { eventDoor, refusedAtDoor } from './http/event-door.ts'
import { type ExportRoutes, exportRoutes } from './http/exports.ts'
import { type LabelStudioRoutes, labelStudioRoutes } from './http/label-studio.ts'
import { type MonitorRoutes, monitorRoutes } from './http/monitors.ts'
import { createObserve, observeRequests } from './http/observe-requests.ts'
import { type RunRoutes, runRoutes } from './http/runs.ts'
import { type ServiceRoutes, serviceRoutes } from './http/service.ts'
import { sessionRoutes } from './http/session.ts'
import { LabelStudioError } from './labeling/client.ts'
import { UnreadableSecretError } from './monitors/secrets.ts'
import type { Metrics } from './telemetry/metrics.ts'

export type AppDependencies = Omit<MonitorRoutes, 'contract'> &
  RunRoutes &
  ComparisonRoutes &
  EvaluationRoutes &
  ExportRoutes &
  LabelStudioRoutes &
  Omit<ServiceRoutes, 'document'> & {
    config: AccessSettings & Pick<Config, 'labelStudio' | 'smtp' | 'trustProxy'>
    document: ContractDocument
    metrics: Metrics
    log: Logger
  }

/** The service as a door for events before an Express app: access → contract → routes → problems. It never listens. */
export function createApp(deps: AppDependencies): RequestListener {
  const contract = createContract({ document: deps.document.json, logger: deps.log })
  const access = createAccess(deps.config)
  const observe = createObserve(deps.metrics, deps.log)
  const headers = securityHeaders()
  const app = express()
  app.disable('x-powered-by')
  app.set('trust proxy', deps.config.trustProxy)
  app.use('/assets', assets())
  app.use(observeRequests(observe))
  app.use(headers)
  app.use(compress())
  app.use(contract.route)
  app.use(refusedAtDoor)
  app.use(access.check)

  app.use(readBody())
  app.use(contract.validate)

  app.use(monitorRoutes({ ...deps, contract }))
  app.use(runRoutes(deps))
  app.use(comparisonRoutes(deps))
  app.use(evaluationRoutes(deps))
  app.use(exportRoutes(deps))
  app.use(labelStudioRoutes(deps))
  app.use(serviceRoutes(deps))
  app.use(sessionRoutes({ access }))
  app.use(problemHandler({ logger: deps.log, translate }))
  return eventDoor({ ...deps, access, contract, observe, headers }, app)
}

/**
 * Nothing in a page comes from, or goes to, another host, and no script runs that the service did not bring. Whether the
 * host is to be reached by https alone is for the proxy to say that speaks it: the rule would hold for every port of it.
 */
function securityHeaders(): RequestHandler {
  return helmet({
    strictTransportSecurity: false,
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'", IMPORT_MAP_HASH],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        connectSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
  })
}

/** Reads the body, as far as the call takes one of its size. */
function readBody(): RequestHandler {
  const json = bySize((limit) => express.json({ limit, type: isJson, strict: false, verify: keepRaw }))
  const text = bySize((limit) => express.text({ limit, type: () => true }))
  return (request, response, next) => {
    const { id } = operationOf(request)
    const parse = id === 'importMonitor' ? text : json
    parse(bodyLimitOf(id))(request, response, next)
  }
}

function bySize(make: (limit: number) => RequestHandler): (limit: number) => RequestHandler {
  const made = new Map<number, RequestHandler>()
  return (limit) => {
    const parser = made.get(limit) ?? make(limit)
    made.set(limit, parser)
    return parser
  }
}

/** Events are stored as they came. */
function keepRaw(request: object, _response: unknown, buffer: Buffer): void {
  Object.assign(request, { rawBody: buffer })
}

function isJson(request: object): boolean {
  return Boolean((request as Request).is(['json', '+json']))
}

/** What the errors of other parts mean for a caller. */
function translate(error: unknown): Problem | undefined {
  if (error instanceof LabelStudioError) {
    const away = error.kind === 'unavailable' || error.kind === 'unset'
    const seconds = error.retryAfterMs === null ? null : Math.ceil(error.retryAfterMs / 1000)
    return new Problem(away ? 'label-studio-unavailable' : 'label-studio-refused', error.message, {
      cause: error,
      ...(away && seconds !== null && { headers: { 'Retry-After': String(seconds) } }),
    })
  }
  if (error instanceof UnreadableSecretError)
    return new Problem('invalid-monitor', error.message, { cause: error })
  return undefined
}
