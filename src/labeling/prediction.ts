import { findTag } from './config.ts'
import { fieldValue, type Mapping } from './mapping.ts'
import { buildData } from './prediction-data.ts'
import { clean, parseModelVersion, parseScore } from './prediction-facts.ts'
import { buildResult } from './prediction-result.ts'
import type { LabelingConfig, ObjectTag, Problem, Region } from './types.ts'
import { attribute } from './xml.ts'

/** A task with the production model's prediction, ready for Label Studio's import. */
export interface BuiltTask {
  data: Record<string, unknown>
  meta: Record<string, unknown>
  /** Empty when the record holds nothing for any predicted control. */
  result: Region[]
  modelVersion: string | null
  score: number | null
}

/**
 * Turns one log record into a task with its prediction. Nothing is guessed: a value that the config does not allow, or
 * that does not fit the data, is a problem that names the record's field and the tag. A field that is missing or null
 * gives no region.
 *
 * NUL characters and halves of surrogate pairs, which Label Studio and PostgreSQL refuse, become U+FFFD.
 *
 * @param fields the record's fields; nested JSON is reached by paths in the mapping
 * @param task.key the service's own name of the task; it goes into `meta.key`, and region ids follow from it
 */
export function buildTask(
  config: LabelingConfig,
  mapping: Mapping,
  fields: Record<string, unknown>,
  task: { key: string; extraMeta?: Record<string, unknown> },
): BuiltTask | { problems: Problem[] } {
  const { data, problems } = buildData(config, mapping, fields)
  const score = parseScore(mapping.score === null ? null : fieldValue(fields, mapping.score))
  if ('problem' in score) problems.push(fieldProblem(mapping.score, score.problem))
  const version = parseModelVersion(
    mapping.model_version === null ? null : fieldValue(fields, mapping.model_version),
  )
  if ('problem' in version) problems.push(fieldProblem(mapping.model_version, version.problem))

  const predicted = predictedFields(mapping, fields, problems)
  const dataOf = (name: string) => shownBy(findTag(config.objects, name), data)
  const result = buildResult({ config, mapping, dataOf, key: task.key, regions: [], problems }, predicted)
  if (problems.length > 0 || 'problem' in score || 'problem' in version) return { problems }
  const modelVersion = clean(version.modelVersion)
  const meta = clean({ ...task.extraMeta, key: task.key, model_version: modelVersion })
  return { data, meta, result, modelVersion, score: score.score }
}

/** The fields that predictions are made of, cleaned; what can't be cleaned is a problem. */
function predictedFields(
  mapping: Mapping,
  fields: Record<string, unknown>,
  problems: Problem[],
): Record<string, unknown> {
  const pairs = [...new Set(Object.values(mapping.prediction))].flatMap((field) => {
    try {
      return [[field, clean(fieldValue(fields, field))]]
    } catch (error) {
      problems.push(fieldProblem(field, (error as Error).message))
      return []
    }
  })
  return Object.fromEntries(pairs)
}

/** What an object tag shows, as far as the task holds it: not behind a URL, and not one item of a Repeater. */
function shownBy(object: ObjectTag | undefined, data: Record<string, unknown>): unknown {
  if (!object || object.field === null || object.field.includes('[')) return undefined
  return attribute(object, 'valueType') === 'url' ? undefined : fieldValue(data, object.field)
}

function fieldProblem(field: string | null, message: string): Problem {
  return { path: field ?? '', message: `field "${field}": ${message}` }
}
