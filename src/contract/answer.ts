import type { RequestHandler } from 'express'
import type { OpenApi } from './document.ts'
import { operationOf, routed } from './operation.ts'
import type { ProblemLogger } from './problem.ts'
import type { SchemaCheck } from './schema-check.ts'

/**
 * Holds what goes out by `json`, below 500, to the contract. The library would do so too, but compiles the whole contract anew for each
 * answer that an operation lists: the first call of each took half a second.
 */
export function validateAnswer(
  document: OpenApi,
  checkSchema: SchemaCheck,
  logger: ProblemLogger,
): RequestHandler {
  return (request, response, next) => {
    const { json } = response
    response.json = (body) => {
      response.json = json
      const { openApiRoute } = routed(request)
      const { statusCode } = response
      const method = request.method === 'HEAD' ? 'get' : request.method.toLowerCase()
      const path = ['paths', openApiRoute, method, 'responses']
      const reason =
        statusCode < 500 ? wrongIn(document, checkSchema, [...path, String(statusCode)], body) : null
      const { id } = operationOf(request)
      // A problem is more use to the caller than no answer; a wrong result must not go out.
      if (reason && statusCode >= 400)
        logger.error({ operation: id, reason }, 'problem that is not in the contract')
      else if (reason) {
        next(new Error(`the answer of ${id} does not fit the contract: ${reason}`))
        return response
      }
      return response.json(body)
    }
    next()
  }
}

interface Answer {
  $ref?: string
  content?: Record<string, { schema?: unknown }>
}

/** @param path where the answer stands in the contract */
function wrongIn(document: OpenApi, checkSchema: SchemaCheck, path: string[], body: unknown): string | null {
  const listed = at(document, path)
  if (!listed) return `it has no status ${path.at(-1)}`
  const where = listed.$ref?.slice(2).split('/') ?? path
  const { content = {} } = at(document, where) ?? {}
  const type = Object.keys(content).find((each) => /\bjson\b/.test(each) && content[each]?.schema)
  if (type === undefined) return Object.keys(content).length === 0 ? 'it has no body' : null
  const errors = checkSchema([...where, 'content', type, 'schema'], body)
  return errors.length > 0 ? errors.map(({ path, message }) => `${path} ${message}`).join('; ') : null
}

function at(document: OpenApi, path: string[]): Answer | undefined {
  let found: unknown = document
  for (const step of path) found = (found as Record<string, unknown> | undefined)?.[step]
  return found as Answer | undefined
}
