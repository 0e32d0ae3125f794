import type { Request, RequestHandler } from 'express'
import * as openApiValidator from 'express-openapi-validator'
import { validateAnswer } from './answer.ts'
import { createHoldBody, type HoldBody, invalidRequest, noBody, validateBody } from './body.ts'
import type { OpenApi, SecurityRequirement } from './document.ts'
import { type RequestBody, routed } from './operation.ts'
import { Problem, type ProblemLogger } from './problem.ts'
import { createAnswerCheck, createSchemaCheck, FORMATS } from './schema-check.ts'
import type { Schema, SchemaName } from './types.ts'

export { input, type Operation, operationOf } from './operation.ts'

/** openapi.yaml as something that an Express app can be held to. */
export interface Contract {
  /** Finds the operation of a request: 404 for an unknown path, 405 for another method. Mount it first. */
  route: RequestHandler[]
  /** Holds the request and its answer to the operation. Mount it after the body parsers. */
  validate: RequestHandler[]
  /** Holds a body alone. */
  holdBody: HoldBody
  /**
   * Holds any value to a schema of `components.schemas`.
   * @returns a copy with the defaults filled in
   * @throws Problem `invalid-request` that names each wrong field
   */
  check<Name extends SchemaName>(name: Name, value: unknown): Schema<Name>
}

export function createContract({ document, logger }: { document: OpenApi; logger: ProblemLogger }): Contract {
  const checkSchema = createSchemaCheck(document)
  const middleware = openApiValidator.middleware({
    apiSpec: prepare(document) as never,
    validateApiSpec: false,
    validateSecurity: false,
    fileUploader: false,
    ajvFormats: { mode: 'full' },
    formats: FORMATS,
    validateRequests: { allErrors: true },
    validateResponses: false,
  }) as RequestHandler[]
  const holdBody = createHoldBody(document, checkSchema)
  const first = middleware.findIndex(({ name }) => name === 'metadataMiddleware') + 1
  if (first === 0)
    throw new Error('express-openapi-validator has changed: it has no metadataMiddleware to split at')
  return {
    route: middleware
      .slice(0, first)
      .map((handler, i) => (i === first - 1 ? remembering(handler, document) : handler))
      .map((handler) => headAsGet(withProblems(handler))),
    validate: [
      validateAnswer(document, createAnswerCheck(document), logger),
      ...middleware.slice(first).map(withProblems),
      validateBody(holdBody),
    ],
    holdBody,
    check(name, value) {
      const copy = structuredClone(value)
      const errors = checkSchema(['components', 'schemas', name], copy)
      if (errors.length > 0) throw invalidRequest(errors)
      return copy as Schema<typeof name>
    },
  }
}

/**
 * The library's own copy of the document, which it changes. Bodies are held to it by `validateBody` instead: the library
 * fills in no defaults below `oneOf`, and a discriminator below the top of a body makes it look for the tag at the top.
 */
function prepare(document: OpenApi): OpenApi {
  const copy = structuredClone(document)
  const operations = Object.values(copy.paths).flatMap((item) =>
    Object.entries(item).flatMap(([method, operation]) =>
      method === 'parameters' ? [] : [operation as AnyOperation],
    ),
  )
  const bodies = [
    ...operations.map(({ requestBody }) => requestBody),
    ...Object.values(copy.components.requestBodies ?? {}),
  ]
  for (const body of bodies as (Partial<RequestBody> | undefined)[]) {
    for (const media of Object.values(body?.content ?? {})) media.schema = {}
  }
  for (const operation of operations) {
    operation.security ??= copy.security ?? []
    // A newer Label Studio may send more than we know of.
    if (operation.tags?.includes('Label Studio')) operation['x-eov-allow-unknown-query-parameters'] = true
  }
  return copy
}

interface AnyOperation {
  tags?: string[]
  security?: SecurityRequirement[]
  requestBody?: unknown
  'x-eov-allow-unknown-query-parameters'?: boolean
}

/**
 * Remembers what it finds of paths without parameters: the library compiles a pattern for each path of the contract at each request, in
 * the order of the alphabet, which was a quarter of the time that a webhook took.
 */
function remembering(find: RequestHandler, { paths }: OpenApi): RequestHandler {
  const known = new Map<string, object>()
  return (request, response, next) => {
    const path = request.originalUrl.split('?')[0] as string
    const key = `${request.method} ${path}`
    const found = known.get(key)
    if (found) {
      Object.assign(request, { openapi: { ...found, pathParams: {} }, params: {} })
      next()
      return
    }
    find(request, response, (error?: unknown) => {
      const { openapi } = request as { openapi?: object }
      if (!error && openapi && Object.hasOwn(paths, path) && !path.includes('{')) known.set(key, openapi)
      next(error)
    })
  }
}

/** The contract has no HEAD: whatever takes GET takes HEAD. */
function headAsGet(handler: RequestHandler): RequestHandler {
  return (request, response, next) => {
    const { method } = request
    if (method === 'HEAD') request.method = 'GET'
    return handler(request, response, (error?: unknown) => {
      request.method = method
      next(error)
    })
  }
}

function withProblems(handler: RequestHandler): RequestHandler {
  return (request, response, next) =>
    handler(request, response, (error?: unknown) => (error ? next(problemOf(error, request)) : next()))
}

function problemOf(error: unknown, request: Request): unknown {
  const { NotFound, MethodNotAllowed, UnsupportedMediaType, BadRequest } = openApiValidator.error
  if (error instanceof NotFound) return notFound(error)
  if (error instanceof MethodNotAllowed) return methodNotAllowed(error, request)
  if (error instanceof UnsupportedMediaType) return unsupportedMediaType(error, request)
  if (error instanceof BadRequest) return badRequest(error, request)
  return error
}

function notFound(cause: unknown): Problem {
  return new Problem('not-found', 'There is nothing at this path. /docs lists every call.', { cause })
}

function methodNotAllowed(cause: { headers?: { Allow?: string } }, request: Request): Problem {
  const allowed = (cause.headers?.Allow ?? '').split(', ')
  const Allow = (allowed.includes('GET') ? [...allowed, 'HEAD'] : allowed).join(', ')
  const detail = `This path takes ${Allow}, not ${request.method}.`
  return new Problem('method-not-allowed', detail, { cause, headers: { Allow } })
}

function unsupportedMediaType(cause: unknown, request: Request): Problem {
  const types = Object.keys(routed(request).schema.requestBody?.content ?? {})
  const { 'content-type': given, 'content-length': length, 'transfer-encoding': encoding } = request.headers
  if (given === undefined && encoding === undefined && (length === undefined || length === '0'))
    return noBody(types)
  const detail = `Send the body as ${types.join(' or ')} and name that in Content-Type, which is ${given ?? 'missing'}.`
  return new Problem('unsupported-media-type', detail, { cause })
}

/** The library's paths begin with the part of the request. */
const PART = /^\/(query|headers|params)\//
/** In characters, of what came. */
const MAX_SHOWN = 100
const PART_NAMES: Record<string, string> = { query: 'query', headers: 'header' }

function badRequest(cause: { errors: { path: string; message: string }[] }, request: Request): Problem {
  const given = new URL(request.originalUrl, 'http://any').searchParams
  const parts = cause.errors.map(({ path, message }) => ({ part: PART.exec(path)?.[1], path, message }))
  // An id or a name that can't be one names nothing.
  if (parts.some(({ part }) => part === 'params')) return notFound(cause)
  const errors = parts.flatMap(({ part, path, message }) => {
    if (part === undefined) return []
    const name = path.slice(part.length + 2)
    const values = part === 'query' ? given.getAll(name) : []
    return [{ path: `${PART_NAMES[part]}.${name}`, message: plain(message, values) }]
  })
  if (errors.length > 0) return invalidRequest(errors, cause)
  return new Problem('invalid-request', 'The path has a percent sign that stands for no character.', {
    cause,
  })
}

/** The library's messages on query parameters name them once more, and do not say what came. */
function plain(message: string, values: string[]): string {
  if (message.startsWith('Unknown query parameter')) return 'is an unknown parameter'
  if (message.startsWith('Empty value found')) return 'is empty'
  if (message.startsWith('Parameter ')) return 'has reserved characters; percent-encode them'
  const came = values.map((value) => JSON.stringify(value.slice(0, MAX_SHOWN))).join(' and ')
  return message.replace('must be integer', 'must be an integer') + (came && `, not ${came}`)
}
