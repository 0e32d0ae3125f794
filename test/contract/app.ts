import express, { type Express, type RequestHandler } from 'express'
import { type OpenApi, readContractDocument } from '../../src/contract/document.ts'
import { type ProblemHandlerOptions, problemHandler } from '../../src/contract/problem.ts'
import { createContract } from '../../src/contract/validator.ts'

export const { json: openapi, yaml: openapiText } = readContractDocument()

export interface Log {
  level: 'error' | 'warn'
  fields: Record<string, unknown>
  message: string
}

/** An app held to a contract, in which every request gets to one handler. */
export function appWith(
  handler: RequestHandler,
  {
    document = openapi,
    limit = '1mb',
    translate,
  }: { document?: OpenApi; limit?: string } & Partial<ProblemHandlerOptions> = {},
): { app: Express; logs: Log[] } {
  const logs: Log[] = []
  const keep = (level: Log['level']) => (fields: object, message: string) => {
    logs.push({ level, fields: { ...fields }, message })
  }
  const logger = { error: keep('error'), warn: keep('warn') }
  const contract = createContract({ document, logger })
  const app = express()
  app.use(contract.route)
  app.use(
    express.json({ type: ['json', '+json'], strict: false, limit }),
    express.text({ type: '*/*', limit }),
  )
  app.use(contract.validate)
  app.use(handler)
  app.use(problemHandler({ logger, ...(translate && { translate }) }))
  return { app, logs }
}

/** The value of an example of openapi.yaml. */
export function example(name: string): Record<string, unknown> {
  const { examples = {} } = openapi.components
  return structuredClone((examples[name] as { value: Record<string, unknown> }).value)
}
