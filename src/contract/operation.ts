import type { Request } from 'express'
import type { SecurityRequirement } from './document.ts'
import type { Body, OperationId, PathParameters, Query } from './types.ts'

export interface Operation {
  id: OperationId
  /** The path as in openapi.yaml, `/monitors/{monitor}`; safe to log. */
  route: string
  /** One of these must hold; none are needed when the list is empty. */
  security: SecurityRequirement[]
}

/** The operation that a routed request is for. */
export function operationOf(request: Request): Operation {
  const { openApiRoute, schema } = routed(request)
  return { id: schema.operationId as OperationId, route: openApiRoute, security: schema.security ?? [] }
}

/** What a validated request brings, with its defaults and numbers as numbers. The caller names its operation. */
export function input<Id extends OperationId>(
  request: Request,
): { path: PathParameters<Id>; query: Query<Id>; body: Body<Id> } {
  return {
    path: routed(request).pathParams as PathParameters<Id>,
    query: request.query as unknown as Query<Id>,
    body: request.body as Body<Id>,
  }
}

interface Route {
  openApiRoute: string
  pathParams: Record<string, unknown>
  schema: { operationId: string; security?: SecurityRequirement[]; requestBody?: RequestBody }
}

export interface RequestBody {
  required?: boolean
  content: Record<string, { schema?: unknown }>
}

/** What the contract's `route` found. */
export function routed(request: Request): Route {
  const { openapi } = request as { openapi?: Route }
  if (!openapi) throw new Error('the request has no operation: mount `route` of the contract before this')
  return openapi
}
