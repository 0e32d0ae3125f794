import type { ErrorObject } from 'ajv'
import type { FieldError } from './types.ts'

/** More than anybody reads; a list of thousands of wrong items must not become an answer of megabytes. */
const MOST = 50

const EXAMPLES: Record<string, string> = {
  date: 'a calendar date such as 2024-11-12',
  'date-time': 'a time such as 2024-11-12T08:30:00Z',
  email: 'an e-mail address such as ml@example.org',
  uri: 'a URL such as https://example.org/logs',
  uuid: 'an id such as 0b6cf0a2-3e2f-4b3a-9a56-1f9a54f6f0d1',
  'time-zone': 'an IANA time zone such as Europe/Berlin',
}

/**
 * Says what the validator (run with `verbose`) found, in words for the person who wrote the value: what was expected and
 * what came. Texts that came are not repeated, because they may be secrets, except where only a few were allowed.
 * @returns paths are JSON pointers into the value
 */
export function explain(errors: ErrorObject[]): FieldError[] {
  return errors.slice(0, MOST).map((error) => ({ path: pathOf(error), message: messageOf(error) }))
}

function pathOf({ keyword, instancePath, params }: ErrorObject): string {
  const { missingProperty, additionalProperty, tag } = params as Record<string, string>
  const property = {
    required: missingProperty,
    additionalProperties: additionalProperty,
    discriminator: tag,
  }[keyword]
  return property === undefined ? instancePath : `${instancePath}/${escapePointer(property)}`
}

function messageOf({ keyword, params, message, data, parentSchema }: ErrorObject): string {
  const schema = (parentSchema ?? {}) as JsonSchema
  switch (keyword) {
    case 'required':
      return 'is required'
    case 'additionalProperties':
      return `is an unknown field; known are ${Object.keys(schema.properties ?? {}).join(', ')}`
    case 'type':
      return `must be ${[params.type].flat().join(' or ')}, is ${typeOf(data)}`
    case 'enum':
      return `must be one of ${list(params.allowedValues)}, is ${short(data)}`
    case 'const':
      return `must be ${short(params.allowedValue)}, is ${short(data)}`
    case 'discriminator':
      return `must be one of ${list(schema.discriminator?.values ?? [])}, is ${short(params.tagValue)}`
    case 'pattern':
      return schema.description ?? `must match ${params.pattern}`
    case 'format':
      return `must be ${EXAMPLES[params.format] ?? params.format}`
    case 'uniqueItems':
      return 'must not have the same item twice'
    case 'minLength':
    case 'maxLength':
      return `${message}, has ${[...String(data)].length}`
    case 'minItems':
    case 'maxItems':
      return `${message}, has ${(data as unknown[]).length}`
    case 'minimum':
    case 'maximum':
      return `${message}, is ${data}`
    default:
      return message ?? `does not fit ${keyword}`
  }
}

interface JsonSchema {
  description?: string
  properties?: Record<string, unknown>
  discriminator?: { values?: string[] }
}

function list(values: unknown[]): string {
  return values.map(short).join(', ')
}

function short(value: unknown): string {
  if (typeof value === 'object' && value !== null) return typeOf(value)
  const text = JSON.stringify(value) ?? 'missing'
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

function typeOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}

function escapePointer(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1')
}
