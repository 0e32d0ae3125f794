import type { OpenApi } from '../contract/document.ts'

/** What stands in an example for the reader's own secrets. */
export const TOKEN = 'YOUR_TOKEN'
export const WEBHOOK_SECRET = 'YOUR_WEBHOOK_SECRET'

export interface Parameter {
  name: string
  in: 'path' | 'query' | 'header'
  required?: boolean
  description?: string
  schema?: Record<string, unknown>
  examples?: Record<string, { value?: unknown }>
}

interface Body {
  content: Record<string, { examples?: Record<string, unknown> }>
}

export interface ReferenceOperation {
  operationId: string
  tags?: string[]
  summary?: string
  description?: string
  security?: Record<string, string[]>[]
  parameters?: unknown[]
  requestBody?: unknown
  responses?: Record<string, unknown>
}

/** What a `$ref` points to; anything else is itself. */
export function resolved<T>(document: OpenApi, value: unknown): T {
  const { $ref } = (value ?? {}) as { $ref?: string }
  if ($ref === undefined) return value as T
  const parts = $ref.replace(/^#\//, '').split('/')
  const found = parts.reduce<unknown>((at, part) => (at as Record<string, unknown>)[part], document)
  return resolved(document, found)
}

/** The parameters of an operation, those of its path first. */
export function parametersOf(document: OpenApi, path: string, operation: ReferenceOperation): Parameter[] {
  const ofPath = (document.paths[path]?.parameters ?? []) as unknown[]
  return [...ofPath, ...(operation.parameters ?? [])].map((each) => resolved<Parameter>(document, each))
}

/** The first of the examples, followed to what it says. */
export function firstExample(document: OpenApi, examples: Record<string, unknown> | undefined): unknown {
  const [first] = Object.values(examples ?? {})
  return first === undefined ? undefined : resolved<{ value?: unknown }>(document, first).value
}

/**
 * A call that can be pasted into a shell: with the contract's own example values for what must be given, and with a
 * body where the operation takes one.
 *
 * @param origin where the service is, such as `http://localhost:9090`
 */
export function curlExample(
  document: OpenApi,
  call: { method: string; path: string; operation: ReferenceOperation; origin: string },
): string {
  const { method, path, operation, origin } = call
  const parameters = parametersOf(document, path, operation)
  const exampleOf = (parameter: Parameter) => {
    const value = parameter.name === 'secret' ? WEBHOOK_SECRET : firstExample(document, parameter.examples)
    return Array.isArray(value) ? value.join(',') : String(value ?? '')
  }
  const filled = path.replace(/\{(\w+)\}/g, (_, name) =>
    encodeURIComponent(exampleOf(parameters.find((each) => each.name === name) as Parameter)),
  )
  // of a parameter that may be left out, an example shows what it is for only where nothing else must be given
  const isNeeded = ({ required, examples }: Parameter) => required || (examples && !operation.requestBody)
  const query = parameters
    .filter((each) => each.in === 'query' && isNeeded(each))
    .map((each) => `${each.name}=${exampleOf(each)}`)
  const url = `${origin}${filled}${query.length > 0 ? `?${query.join('&')}` : ''}`
  const lines = [
    `curl ${method === 'get' ? '' : `-X ${method.toUpperCase()} `}${quoted(url)}`,
    credentials(document, operation),
  ]
  const body = resolved<Body | undefined>(document, operation.requestBody)
  const [type, media] = Object.entries(body?.content ?? {})[0] ?? []
  const example = firstExample(document, media?.examples)
  if (type && example !== undefined) {
    const text = typeof example === 'string' ? example : JSON.stringify(withToken(example), null, 2)
    lines.push(`-H ${quoted(`Content-Type: ${type}`)}`, `--data-binary ${quoted(text)}`)
  }
  return lines.filter(Boolean).join(' \\\n  ')
}

function credentials(document: OpenApi, operation: ReferenceOperation): string {
  const [needed = {}] = operation.security ?? document.security ?? []
  if ('apiToken' in needed) return `-H ${quoted(`Authorization: Bearer ${TOKEN}`)}`
  return 'webhookHeader' in needed ? `-H ${quoted(`X-Webhook-Secret: ${WEBHOOK_SECRET}`)}` : ''
}

/** A token in an example is the reader's own. */
function withToken(body: unknown): unknown {
  return typeof body === 'object' && body !== null && 'token' in body ? { ...body, token: TOKEN } : body
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
