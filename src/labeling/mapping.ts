import { requiredFields } from './config.ts'
import { parseScore } from './prediction-facts.ts'
import { SELF_REFERENCING } from './tags.ts'
import type { LabelingConfig, Problem } from './types.ts'

/** Which field of a log record fills what. Record fields may be paths into nested JSON: `output.choices[0].text`. */
export interface Mapping {
  /** Key of the task's data → record field. */
  data: Record<string, string>
  /** Name of a control tag, or `relations` → record field. */
  prediction: Record<string, string>
  model_version: string | null
  score: string | null
}

const MODEL_VERSION_FIELDS = ['model_version', 'version']
const SCORE_FIELDS = ['score', 'confidence_level', 'confidence']

/**
 * Completes a mapping for a config from the names of the records' fields, and checks what was given.
 *
 * Data keys that the config shows are derived one by one. `prediction` is derived as a whole, when none was given: who
 * names one control means these controls only. `model_version` and `score` are derived when left out; `null` means
 * none. Names agree when they are the same, or the only ones that are the same without case and punctuation.
 *
 * @param fieldNames fields that occur in the records; empty when none was seen yet, then given fields are not checked
 * @param samples some parsed records: a field is taken as the score only when it holds scores in all of them
 */
export function deriveMapping(
  config: LabelingConfig,
  fieldNames: readonly string[],
  given: Partial<Mapping> = {},
  samples: readonly Record<string, unknown>[] = [],
): { mapping: Mapping; problems: Problem[] } {
  const find = finder(fieldNames)
  const data = { ...given.data }
  for (const key of requiredFields(config)) {
    const field = covers(data, key) ? undefined : find(key)
    if (field !== undefined) data[key] = field
  }
  const chosen = Object.keys(given.prediction ?? {}).length > 0
  const mapping: Mapping = {
    data,
    prediction: chosen ? { ...given.prediction } : derivePrediction(config, data, find),
    model_version:
      given.model_version === undefined ? first(MODEL_VERSION_FIELDS, find) : given.model_version,
    score:
      given.score === undefined
        ? first(SCORE_FIELDS, (name) => scoreField(name, find, samples))
        : given.score,
  }
  return {
    mapping,
    problems: [
      ...dataProblems(config, mapping, fieldNames),
      ...controlProblems(config, mapping, fieldNames),
      ...fieldProblems(mapping, given, fieldNames),
    ],
  }
}

/** The value of a record's field: by its whole name, else by its path (`a.b`, `a[0]`, `a.0`); undefined when there is none. */
export function fieldValue(record: unknown, path: string): unknown {
  if (isObject(record) && Object.hasOwn(record, path)) return record[path]
  let value: unknown = record
  for (const step of stepsOf(path)) {
    if (!isObject(value) || !Object.hasOwn(value, step)) return undefined
    value = value[step]
  }
  return value
}

function derivePrediction(
  config: LabelingConfig,
  data: Record<string, string>,
  find: (name: string) => string | undefined,
): Record<string, string> {
  const shown = new Set(Object.values(data))
  const pairs = config.controls.flatMap((control) => {
    const field = find(control.name)
    // A Chat shows the conversation under its own name; that conversation is no answer of the model.
    const showsItself =
      SELF_REFERENCING.has(control.tag.toLowerCase()) && field !== undefined && shown.has(field)
    return field === undefined || showsItself ? [] : [[control.name, field] as const]
  })
  return Object.fromEntries(pairs)
}

function finder(fieldNames: readonly string[]): (name: string) => string | undefined {
  const plain = (name: string) => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')
  return (name) => {
    if (isKnown(name, fieldNames)) return name
    const alike = fieldNames.filter((field) => plain(field) !== '' && plain(field) === plain(name))
    return alike.length === 1 ? alike[0] : undefined
  }
}

function first(names: string[], find: (name: string) => string | undefined): string | null {
  for (const name of names) {
    const field = find(name)
    if (field !== undefined) return field
  }
  return null
}

function scoreField(
  name: string,
  find: (name: string) => string | undefined,
  samples: readonly Record<string, unknown>[],
): string | undefined {
  const field = find(name)
  if (field === undefined) return undefined
  return samples.every((record) => 'score' in parseScore(fieldValue(record, field))) ? field : undefined
}

function dataProblems(config: LabelingConfig, mapping: Mapping, fieldNames: readonly string[]): Problem[] {
  return requiredFields(config)
    .filter((key) => !covers(mapping.data, key))
    .map((key) => ({
      path: `mapping.data.${key}`,
      message: `${showing(config, key)} shows the data key "${key}", but no record field has this name (${listed(fieldNames)}); name in mapping.data the field that fills it`,
    }))
}

function controlProblems(config: LabelingConfig, mapping: Mapping, fieldNames: readonly string[]): Problem[] {
  const names = config.controls.map((control) => control.name)
  if (Object.keys(mapping.prediction).length === 0) {
    return [
      {
        path: 'mapping.prediction',
        message: `no record field is named like a control tag (${names.map(quoted).join(', ')}; ${listed(fieldNames)}), so there is no prediction; name in mapping.prediction, by control tag, the field that holds its answer`,
      },
    ]
  }
  return Object.keys(mapping.prediction)
    .filter((name) => name !== 'relations' && !names.includes(name))
    .map((name) => ({
      path: `mapping.prediction.${name}`,
      message: `the labeling config has no control tag named "${name}" (there are: ${names.map(quoted).join(', ')})`,
    }))
}

function fieldProblems(mapping: Mapping, given: Partial<Mapping>, fieldNames: readonly string[]): Problem[] {
  if (fieldNames.length === 0) return []
  const used: [string, string | null | undefined][] = [
    ...Object.entries(mapping.data).map(([key, field]): [string, string] => [`data.${key}`, field]),
    ...Object.entries(mapping.prediction).map(([name, field]): [string, string] => [
      `prediction.${name}`,
      field,
    ]),
    ['model_version', given.model_version],
    ['score', given.score],
  ]
  return used.flatMap(([part, field]) =>
    field == null || isKnown(field, fieldNames)
      ? []
      : [{ path: `mapping.${part}`, message: `no record has the field "${field}" (${listed(fieldNames)})` }],
  )
}

/** The tag that shows a data key, as written. */
export function showing(config: LabelingConfig, key: string): string {
  const reference = config.references?.find((candidate) => candidate.field === key)
  if (!reference) return 'the labeling config'
  return `<${reference.tag}${reference.name ? ` name="${reference.name}"` : ''} ${reference.attribute}>`
}

/** Whether the mapping fills a data key, itself (`user.name`) or by a key above it (`user`). */
function covers(data: Record<string, string>, key: string): boolean {
  const steps = key.split('.')
  return steps.some((_, index) => Object.hasOwn(data, steps.slice(0, index + 1).join('.')))
}

/** A path is known when it, or a field above it, occurs in the records. */
function isKnown(path: string, fieldNames: readonly string[]): boolean {
  return (
    fieldNames.includes(path) ||
    fieldNames.some((field) => path.startsWith(`${field}.`) || path.startsWith(`${field}[`))
  )
}

function stepsOf(path: string): string[] {
  return path.replace(/\[(\d+)\]/g, '.$1').split('.')
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function listed(fieldNames: readonly string[]): string {
  if (fieldNames.length === 0) return 'no record was seen'
  const shown = fieldNames.slice(0, 20).map(quoted).join(', ')
  return `record fields: ${shown}${fieldNames.length > 20 ? ', …' : ''}`
}

function quoted(name: string): string {
  return `"${name}"`
}
