import express from 'express'
import * as openApiValidator from 'express-openapi-validator'
import request from 'supertest'
import { describe, expect, it } from 'vitest'
import { PROBLEMS, problemType } from '../../src/contract/problem.ts'
import { createSchemaCheck, FORMATS } from '../../src/contract/schema-check.ts'
import { QUERY_DEFAULTS } from '../../src/contract/types.ts'
import { openapi, openapiText } from './app.ts'

interface Operation {
  operationId: string
  summary?: string
  tags?: string[]
  parameters?: unknown[]
  security?: Record<string, string[]>[]
  requestBody?: unknown
  responses: Record<string, unknown>
}

const operations = Object.entries(openapi.paths).flatMap(([path, item]) =>
  Object.entries(item)
    .filter(([method]) => method !== 'parameters')
    .map(([method, operation]) => ({
      call: `${method.toUpperCase()} ${path}`,
      path,
      ...(operation as Operation),
    })),
)

function resolve(value: unknown): unknown {
  const ref = (value as { $ref?: string }).$ref
  if (ref === undefined) return value
  return ref
    .slice(2)
    .split('/')
    .reduce((at, step) => (at as Record<string, unknown>)[step], openapi as unknown)
}

describe('openapi.yaml', () => {
  it('is OpenAPI 3.1', async () => {
    const app = express()
    app.use(
      openApiValidator.middleware({
        apiSpec: structuredClone(openapi) as never,
        validateApiSpec: true,
        formats: FORMATS,
      }),
    )
    app.get('/health', (_request, response) => response.json({ status: 'UP' }))
    await request(app).get('/health').expect(200)
  })

  it('gives each operation its own id', () => {
    const ids = operations.map(({ operationId }) => operationId)
    expect(ids).toEqual([...new Set(ids)])
  })

  it.each(operations)(
    'describes $call with a summary, a tag and what a server problem looks like',
    (operation) => {
      expect(operation.summary).toBeTruthy()
      expect(operation.tags).toHaveLength(1)
      expect(Object.keys(operation.responses)).toContain('5XX')
    },
  )

  it.each(operations)('lists for $call the problems that can come of what it asks for', (operation) => {
    const security = operation.security ?? openapi.security ?? []
    const statuses = Object.keys(operation.responses)
    const bySecret = operation.path.startsWith('/ml/')
    const takesAnyQuery = operation.tags?.includes('Label Studio')
    const expected = (status: string, when: boolean) =>
      expect(statuses.includes(status), `${status} ${when ? 'is missing' : 'can not come'}`).toBe(when)
    const authenticates = security.length > 0 || bySecret || operation.operationId === 'createSession'
    expected('401', authenticates)
    expected('429', authenticates)
    expected(
      '403',
      security.some((each) => /write|admin/.test(String(each.apiToken))),
    )
    expected('400', operation.requestBody !== undefined || !takesAnyQuery)
    expected('413', operation.requestBody !== undefined)
    expected('415', operation.requestBody !== undefined)
    if (operation.path.includes('{') && !bySecret) expected('404', true)
  })

  it('uses every component', () => {
    const unused = Object.entries(openapi.components)
      .filter(([kind]) => kind !== 'securitySchemes')
      .flatMap(([kind, entries]) => Object.keys(entries).map((name) => `#/components/${kind}/${name}`))
      .filter((ref) => !openapiText.includes(`'${ref}'`))
    expect(unused).toEqual([])
  })

  it('names the problems of the catalogue, in its order', () => {
    const { enum: types } = resolve({ $ref: '#/components/schemas/ProblemType' }) as { enum: string[] }
    expect(types).toEqual(Object.keys(PROBLEMS).map((id) => problemType(id as keyof typeof PROBLEMS)))
  })

  it('gives each problem a title of its own', () => {
    const titles = Object.values(PROBLEMS).map(({ title }) => title)
    expect(titles).toEqual([...new Set(titles)])
  })

  it('has defaults for the query parameters of which types.ts says so', () => {
    const parameters = operations.flatMap(({ path, parameters: own = [] }) => [
      ...own,
      ...((openapi.paths[path]?.parameters as unknown[] | undefined) ?? []),
    ])
    const withDefault = parameters
      .map((parameter) => resolve(parameter) as { in: string; name: string; schema: { default?: unknown } })
      .filter((parameter) => parameter.in === 'query' && parameter.schema.default !== undefined)
    expect(new Set(withDefault.map(({ name }) => name))).toEqual(new Set(QUERY_DEFAULTS))
  })
})

describe('the examples of openapi.yaml', () => {
  const check = createSchemaCheck(openapi)
  const examples = operations.flatMap(({ call, path, requestBody, responses }) => {
    const method = call.split(' ')[0]?.toLowerCase() ?? ''
    const bodies: { where: string; pointer: string[]; value: unknown }[] = []
    if (requestBody) bodies.push({ where: `${call}, body`, pointer: ['requestBody'], value: requestBody })
    for (const [status, response] of Object.entries(responses)) {
      bodies.push({ where: `${call}, ${status}`, pointer: ['responses', status], value: response })
    }
    return bodies.flatMap(({ where, pointer, value }) => {
      const ref = (value as { $ref?: string }).$ref
      const base = ref ? ref.slice(2).split('/') : ['paths', path, method, ...pointer]
      const { content = {} } = resolve(value) as {
        content?: Record<string, { examples?: Record<string, unknown> }>
      }
      return Object.entries(content).flatMap(([type, media]) =>
        Object.entries(media.examples ?? {}).map(([name, entry]) => ({
          where: `${where}, ${name}`,
          pointer: [...base, 'content', type, 'schema'],
          value: (resolve(entry) as { value: unknown }).value,
        })),
      )
    })
  })

  it('are there for each JSON body and each JSON answer', () => {
    const without = operations.filter(({ requestBody, responses }) =>
      [requestBody, responses['200'], responses['201'], responses['202']].some((entry) => {
        const { content } = resolve(entry ?? {}) as { content?: Record<string, { examples?: unknown }> }
        return (
          content !== undefined && Object.values(content).every(({ examples: given }) => given === undefined)
        )
      }),
    )
    expect(without.map(({ operationId }) => operationId)).toEqual([
      'getContractYaml',
      'getContractJson',
      'getDocs',
    ])
  })

  it.each(examples)('fit: $where', ({ pointer, value }) => {
    expect(check(pointer, structuredClone(value))).toEqual([])
  })
})
