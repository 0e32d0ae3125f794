import { randomUUID } from 'node:crypto'
import express, { type Express, type Request, type RequestHandler } from 'express'
import helmet from 'helmet'
import type { Logger } from 'pino'
import type { Config } from './config.ts'
import type { ContractDocument } from './contract/document.ts'
import { Problem, problemHandler } from './contract/problem.ts'
import { createContract, operationOf } from './contract/validator.ts'
import { assets } from './dashboard/assets.ts'
import { IMPORT_MAP_HASH } from './dashboard/page.ts'
import { type AccessSettings, createAccess } from './http/access.ts'
import { type ComparisonRoutes, comparisonRoutes } from './http/comparisons.ts'
import { type EvaluationRoutes, evaluationRoutes } from './http/evaluations.ts'
import { type ExportRoutes, exportRoutes } from './http/exports.ts'
import { type LabelStudioRoutes, labelStudioRoutes } from './http/label-studio.ts'
import { type MonitorRoutes, monitorRoutes } from './http/monitors.ts'
import { type RunRoutes, runRoutes } from './http/runs.ts'
import { type ServiceRoutes, serviceRoutes } from './http/service.ts'
import { sessionRoutes } from './http/session.ts'
import { LabelStudioError } from './labeling/client.ts'
import { UnreadableSecretError } from './monitors/secrets.ts'

export type AppDependencies = Omit<MonitorRoutes, 'contract'> &
  RunRoutes &
  ComparisonRoutes &
  EvaluationRoutes &
  ExportRoutes &
  LabelStudioRoutes &
  Omit<ServiceRoutes, 'document'> & {
    config: AccessSettings & Pick<Config, 'labelStudio' | 'smtp' | 'trustProxy'>
    document: ContractDocument
    log: Logger
  }

/** Label Studio sends 5,000 tasks in one body, 3.5 MB of short texts; longer ones must fit too. */
const LABEL_STUDIO_BODY = '50mb'
const BODY = '2mb'

/** The service as an Express app: access → contract → routes → problems. It never listens. */
export function createApp(deps: AppDependencies): Express {
  const contract = createContract({ document: deps.document.json, logger: deps.log })
  const access = createAccess(deps.config)
  const app = express()
  app.disable('x-powered-by')
  app.set('trust proxy', deps.config.trustProxy)
  app.use((request, response, next) => {
    const id = randomUUID()
    Object.assign(request, { id })
    response.set('X-Request-Id', id)
    next()
  })
  app.use('/assets', assets())
  app.use(securityHeaders())
  app.use(contract.route)
  app.use(logRequests(deps.log))
  app.use(access.check)

  const keepRaw = (request: object, _response: unknown, buffer: Buffer) => {
    Object.assign(request, { rawBody: buffer })
  }
  const json = express.json({ limit: BODY, type: isJson, strict: false })
  const labelStudioJson = express.json({
    limit: LABEL_STUDIO_BODY,
    type: isJson,
    strict: false,
    verify: keepRaw,
  })
  const text = express.text({ limit: BODY, type: () => true })
  app.use((request, response, next) => {
    const { id, route } = operationOf(request)
    const parse =
      id === 'importMonitor' ? text : /\/(webhook|predict|setup)$/.test(route) ? labelStudioJson : json
    parse(request, response, next)
  })
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
  return app
}

/** Nothing in a page comes from, or goes to, another host; and no script runs that the service did not bring. */
function securityHeaders(): RequestHandler {
  return helmet({
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

/** One line per request, by its operation: a path may hold a secret, a query may too. */
function logRequests(log: Logger): RequestHandler {
  return (request, response, next) => {
    const start = performance.now()
    const { id: operation } = operationOf(request)
    response.on('close', () => {
      const { id } = request as { id?: string }
      const ms = Math.round(performance.now() - start)
      log.debug({ request: id, operation, status: response.statusCode, ms }, 'request')
    })
    next()
  }
}

function isJson(request: object): boolean {
  return Boolean((request as Request).is(['json', '+json']))
}

/** What the errors of other parts mean for a caller. */
function translate(error: unknown): Problem | undefined {
  if (error instanceof LabelStudioError) {
    const away = error.kind === 'unavailable' || error.kind === 'unset'
    return new Problem(away ? 'label-studio-unavailable' : 'label-studio-refused', error.message, {
      cause: error,
    })
  }
  if (error instanceof UnreadableSecretError)
    return new Problem('invalid-monitor', error.message, { cause: error })
  return undefined
}
