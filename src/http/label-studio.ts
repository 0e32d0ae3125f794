import { type Request, type RequestHandler, Router } from 'express'
import type { Intake } from '../annotations/intake.ts'
import type { Schema } from '../contract/types.ts'
import { input } from '../contract/validator.ts'
import type { Database } from '../db/database.ts'
import { knownPredictions, knownVersions } from '../evaluations/known-predictions.ts'

export interface LabelStudioRoutes {
  database: Database
  intake: Intake
  version: string
}

/** The name under which Label Studio shows the service as a model, and the version of a project that uses it. */
const MODEL_CLASS = 'label-studio-monitor'

/** What Label Studio calls: its webhooks, and the protocol of its ML backends, also below `/ml/{secret}`. */
export function labelStudioRoutes({ database, intake, version }: LabelStudioRoutes): Router {
  const router = Router()
  const receive = receiveEvent(intake)

  const health: RequestHandler = (_request, response) => {
    response.json({ status: 'UP', model_class: MODEL_CLASS, version })
  }
  const setup: RequestHandler = (_request, response) => {
    response.json({ model_version: MODEL_CLASS })
  }
  const versions: RequestHandler = async (_request, response) => {
    response.json({ versions: await knownVersions(database.kysely) })
  }
  const predict: RequestHandler = async (request, response) => {
    const { tasks, label_config } = input<'predict'>(request).body as {
      tasks?: unknown
      label_config?: unknown
    }
    const list = Array.isArray(tasks) ? tasks : []
    const config = typeof label_config === 'string' ? label_config : null
    response.json({ results: await knownPredictions(database.kysely, list, config) })
  }

  router.get('/health', health)
  router.get('/ml/:secret', health)
  for (const base of ['', '/ml/:secret']) {
    if (base) router.get(`${base}/health`, health)
    router.post(`${base}/setup`, setup)
    router.get(`${base}/versions`, versions)
    router.post(`${base}/predict`, predict)
    router.post(`${base}/webhook`, receive)
  }
  return router
}

/** Stores an event, then acknowledges it. */
function receiveEvent(intake: Intake): RequestHandler {
  return async (request, response) => {
    await intake.receive(rawBody(request), request.body as Record<string, unknown>)
    response.writeHead(202, ACCEPTED_HEADERS).end(ACCEPTED)
  }
}

/** The answer to an event, and its headers. */
export const ACCEPTED = JSON.stringify({ accepted: true } satisfies Schema<'EventReceipt'>)
export const ACCEPTED_HEADERS = [
  'Content-Type',
  'application/json; charset=utf-8',
  'Content-Length',
  String(ACCEPTED.length),
]

/** The body as it came; whoever reads that of an event keeps it, because events are stored untouched. */
interface WithRawBody {
  rawBody?: Buffer
}

function rawBody(request: Request & WithRawBody): Buffer {
  if (!request.rawBody) throw new Error('the reader of an event keeps the raw body')
  return request.rawBody
}
