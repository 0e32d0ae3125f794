import express, { type Express, type Request } from 'express'
import helmet from 'helmet'
import type { Logger } from 'pino'
import type { Config } from './config.ts'
import type { ContractDocument } from './contract/document.ts'
import { Problem, problemHandler } from './contract/problem.ts'
import { createContract, operationOf } from './contract/validator.ts'
import { createAccess } from './http/access.ts'
import { type ComparisonRoutes, comparisonRoutes } from './http/comparisons.ts'
import { type EvaluationRoutes, evaluationRoutes } from './http/evaluations.ts'
import { type ExportRoutes, exportRoutes } from './http/exports.ts'
import { type LabelStudioRoutes, labelStudioRoutes } from './http/label-studio.ts'
import { type MonitorRoutes, monitorRoutes } from './http/monitors.ts'
import { observeRequests } from './http/observe-requests.ts'
import { type RunRoutes, runRoutes } from './http/runs.ts'
import { type ServiceRoutes, serviceRoutes } from './http/service.ts'
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
    config: Pick<Config, 'host' | 'apiTokens' | 'webhookSecrets' | 'basicAuth' | 'labelStudio' | 'smtp'>
    document: ContractDocument
    metrics: Metrics
    log: Logger
  }

/** Label Studio sends 5,000 tasks in one body, 3.5 MB of short texts; longer ones must fit too. */
const LABEL_STUDIO_BODY = '50mb'
const BODY = '2mb'

/** The service as an Express app: access → contract → routes → problems. It never listens. */
export function createApp(deps: AppDependencies): Express {
  const contract = createContract({ document: deps.document.json, logger: deps.log })
  const app = express()
  app.disable('x-powered-by')
  app.set('trust proxy', 'loopback')
  app.use(observeRequests(deps.metrics, deps.log))
  app.use(helmet())
  app.use(contract.route)
  app.use(createAccess(deps.config))

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
  app.use(problemHandler({ logger: deps.log, translate }))
  return app
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
