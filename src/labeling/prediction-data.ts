import { requiredFields } from './config.ts'
import { fieldValue, type Mapping, showing } from './mapping.ts'
import { clean, parsedJson, quote } from './prediction-facts.ts'
import { shownAs } from './tags.ts'
import type { DataReference, LabelingConfig, Problem } from './types.ts'

/**
 * The `data` of a task: every mapped key in the form that Label Studio's import takes for the tag that shows it. Text
 * that is JSON becomes the structure that a tag such as Paragraphs or List needs; numbers and structures become text
 * where only text is taken.
 */
export function buildData(
  config: LabelingConfig,
  mapping: Mapping,
  fields: Record<string, unknown>,
): { data: Record<string, unknown>; problems: Problem[] } {
  const problems: Problem[] = []
  const data: Record<string, unknown> = {}
  const required = new Set(requiredFields(config))
  const refused = new Set<string>()
  for (const [key, field] of Object.entries(mapping.data)) {
    const value = fieldValue(fields, field)
    if (value === undefined || value === null) continue
    const tags = (config.references ?? []).filter((reference) => reference.field === key).map(showingTag)
    try {
      put(data, required.has(key) ? key.split('.') : [key], clean(tags.reduce(asShown, value)))
    } catch (error) {
      refused.add(key)
      problems.push({
        path: field,
        message: `field "${field}" for the data key "${key}" ${(error as Error).message}`,
      })
    }
  }
  for (const key of required) {
    const value = fieldValue(data, key)
    if (refused.has(key) || (value !== undefined && value !== null)) continue
    const field = mapping.data[key] ?? mapping.data[key.split('.')[0] as string]
    const source =
      field === undefined ? 'no record field is mapped to it' : `field "${field}" is missing or null`
    problems.push({
      path: field ?? key,
      message: `${showing(config, key)} needs the data key "${key}": ${source}`,
    })
  }
  return { data, problems }
}

/** What `$pages[{{idx}}]` shows is an item; the key itself holds a list, as for the Repeater around it. */
function showingTag({ tag, field, attribute }: DataReference): string {
  return attribute.includes(`$${field}[`) ? 'Repeater' : tag
}

function asShown(value: unknown, tag: string): unknown {
  const shown = shownAs(tag)
  if (shown === 'structure') {
    const structure = typeof value === 'string' ? parsedJson(value) : value
    if (typeof structure === 'object' || typeof structure === 'string') return structure
    throw new Error(`must be a list, an object or a URL, because <${tag}> shows it, not ${quote(value)}`)
  }
  if (shown === 'list' && typeof value === 'string') return parsedJson(value)
  if (typeof value !== 'object' || value === null) return shown === 'scalar' ? value : String(value)
  const isList = Array.isArray(value) && value.every((item) => typeof item !== 'object' || item === null)
  return isList && shown !== 'text' ? value : JSON.stringify(value, null, 2)
}

/** Sets a value in nested objects, making those that lack. */
function put(data: Record<string, unknown>, path: string[], value: unknown): void {
  const [step, ...rest] = path as [string, ...string[]]
  const inner = Object.hasOwn(data, step) ? data[step] : undefined
  const isBranch = typeof inner === 'object' && inner !== null
  const branch = isBranch ? (inner as Record<string, unknown>) : {}
  if (rest.length > 0) put(branch, rest, value)
  // Plain assignment would take a key named `__proto__` as something else.
  const own = {
    value: rest.length > 0 ? branch : value,
    enumerable: true,
    configurable: true,
    writable: true,
  }
  Object.defineProperty(data, step, own)
}
