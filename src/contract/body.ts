import type { RequestHandler } from 'express'
import type { OpenApi } from './document.ts'
import { routed } from './operation.ts'
import { Problem } from './problem.ts'
import type { SchemaCheck } from './schema-check.ts'
import type { FieldError } from './types.ts'

/** More levels than anything that people or Label Studio write, and far fewer than recursive code can take. */
const MOST_LEVELS = 200

/**
 * Holds a body to what an operation takes in a media type, and fills in its defaults.
 * @throws Problem `invalid-request` that names each wrong field
 */
export type HoldBody = (route: string, method: string, body: unknown, type?: string) => void

export function createHoldBody(document: OpenApi, checkSchema: SchemaCheck): HoldBody {
  return (route, method, body, type = 'application/json') => {
    if (isDeeper(body, MOST_LEVELS)) {
      throw invalidRequest([{ path: '', message: `is nested more than ${MOST_LEVELS} levels deep` }])
    }
    const where = bodyPointer(document, route, method)
    const errors = checkSchema([...where, 'content', type, 'schema'], body)
    if (errors.length > 0) throw invalidRequest(errors)
  }
}

/** Holds the bodies of requests to the contract. */
export function validateBody(holdBody: HoldBody): RequestHandler {
  return (request, _response, next) => {
    const { openApiRoute, schema } = routed(request)
    const { requestBody } = schema
    if (!requestBody) return next()
    const types = Object.keys(requestBody.content)
    // Express's parser takes an empty body for an empty object.
    if (request.body === undefined || request.headers['content-length'] === '0') {
      if (requestBody.required) throw noBody(types)
      request.body = undefined
      return next()
    }
    const type = types.find((each) => request.is(each))
    if (type !== undefined) holdBody(openApiRoute, request.method.toLowerCase(), request.body, type)
    next()
  }
}

function bodyPointer(document: OpenApi, route: string, method: string): string[] {
  const operation = document.paths[route]?.[method] as { requestBody: { $ref?: string } }
  return operation.requestBody.$ref?.slice(2).split('/') ?? ['paths', route, method, 'requestBody']
}

/** No deeper itself than the levels that it looks at. */
function isDeeper(value: unknown, levels: number): boolean {
  if (!isNested(value)) return false
  if (levels === 0) return true
  for (const part of Array.isArray(value) ? value : Object.values(value))
    if (isNested(part) && isDeeper(part, levels - 1)) return true
  return false
}

function isNested(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/** @param types the media types that would do */
export function noBody(types: string[]): Problem {
  return new Problem('invalid-body', `A body is needed, as ${types.join(' or ')}.`)
}

export function invalidRequest(errors: FieldError[], cause?: unknown): Problem {
  const [first] = errors
  const detail =
    errors.length === 1 && first
      ? `${first.path || 'The body'} ${first.message.replace(/\.$/, '')}.`
      : `${errors.length} fields are wrong; \`errors\` has each of them.`
  return new Problem('invalid-request', detail, { errors, cause })
}
