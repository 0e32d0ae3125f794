import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import type { OpenApi } from './document.ts'
import { explain } from './explain.ts'
import type { FieldError } from './types.ts'

/** Formats of openapi.yaml beyond those of JSON Schema. */
export const FORMATS = { 'time-zone': isTimeZone }

/**
 * Holds a value to a schema of the contract.
 * @param pointer where the schema is in the contract, as unescaped steps
 * @param value changed where defaults are used: they are filled in
 * @returns what is wrong; empty when nothing is
 */
export type SchemaCheck = (pointer: string[], value: unknown) => FieldError[]

export function createSchemaCheck(document: OpenApi): SchemaCheck {
  return schemaCheck(document, { useDefaults: true }, explain)
}

/** Fills in nothing, and tells nothing of the value: it is what the service itself wants to say, and may be a secret. */
export function createAnswerCheck(document: OpenApi): SchemaCheck {
  return schemaCheck(document, { useDefaults: false }, (errors) =>
    errors.map(({ instancePath, message }) => ({ path: instancePath, message: message ?? 'is wrong' })),
  )
}

function schemaCheck(
  document: OpenApi,
  { useDefaults }: { useDefaults: boolean },
  tell: (errors: ErrorObject[]) => FieldError[],
): SchemaCheck {
  const ajv = new Ajv2020({
    // The document around the schemas has keywords that are not JSON Schema's.
    strict: false,
    validateSchema: false,
    allErrors: true,
    verbose: true,
    useDefaults,
    discriminator: true,
    formats: FORMATS,
  })
  addFormats.default(ajv, { mode: 'full' })
  ajv.addSchema(withoutMappings(document), 'contract')
  const compiled = new Map<string, ValidateFunction>()
  function find(pointer: string[]): ValidateFunction {
    const fragment = pointer.map((step) =>
      encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1')),
    )
    const validate = ajv.getSchema(`contract#/${fragment.join('/')}`)
    if (!validate) throw new Error(`openapi.yaml has no schema at ${pointer.join(' / ')}`)
    return validate
  }
  return (pointer, value) => {
    const key = pointer.join('\n')
    const validate = compiled.get(key) ?? find(pointer)
    compiled.set(key, validate)
    return validate(value) ? [] : tell(validate.errors ?? [])
  }
}

/** The validator finds a discriminator's values by itself and refuses `mapping`; its keys are kept for messages. */
function withoutMappings(document: OpenApi): OpenApi {
  return JSON.parse(JSON.stringify(document), (key, value) =>
    key === 'discriminator' && value?.mapping
      ? { propertyName: value.propertyName, values: Object.keys(value.mapping) }
      : value,
  )
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}
