import { Problem } from '../contract/problem.ts'
import { metricProblem } from '../evaluations/metric.ts'
import { LabelingConfigError, parseLabelingConfig } from '../labeling/config.ts'
import { deriveMapping } from '../labeling/mapping.ts'
import type { LabelingConfig } from '../labeling/types.ts'
import { checkDefinition } from '../logs/check.ts'
import { compileWhere, WhereError } from '../logs/where.ts'
import { complete, givenMapping, type MonitorDraft } from './monitor.ts'

interface FieldError {
  path: string
  message: string
}

/**
 * Holds a monitor that fits the contract to what the contract can't say, without asking anybody: its labeling config,
 * its key pattern, its filter, what its mapping and thresholds name.
 *
 * @throws Problem that names each wrong field
 */
export function checkMonitor(draft: MonitorDraft): void {
  const errors: FieldError[] = [
    ...checkLogs(draft),
    ...checkCredentials(draft),
    ...checkWhere(draft),
    ...checkThresholds(draft),
  ]
  const { config, copy_from_project } = draft.labeling
  if (config == null && copy_from_project == null) {
    errors.push({
      path: '/labeling',
      message:
        'Give a labeling config (config), or a Label Studio project to copy it from (copy_from_project).',
    })
  }
  if (config != null) errors.push(...checkLabeling(config, draft))
  if (errors.length > 0) {
    throw new Problem(
      'invalid-monitor',
      errors.map(({ path, message }) => `${path}: ${message}`).join('; '),
      { errors },
    )
  }
}

function checkLogs(draft: MonitorDraft): FieldError[] {
  const { source, format } = complete(draft)
  return checkDefinition(source, format)
}

/** What an S3 client sends in a header. A placeholder or a key pasted with its line end would fail only when a run begins. */
function checkCredentials({ source }: MonitorDraft): FieldError[] {
  if (source.type !== 's3' || !source.credentials) return []
  const { access_key_id, session_token } = source.credentials
  return Object.entries({ access_key_id, session_token }).flatMap(([name, value]) =>
    value == null || /^[\x21-\x7e]+$/.test(value)
      ? []
      : [
          {
            path: `/source/credentials/${name}`,
            message: 'Expected visible ASCII characters alone; it holds others, a space or a line end.',
          },
        ],
  )
}

function checkWhere({ sample }: MonitorDraft): FieldError[] {
  try {
    if (sample?.where != null) compileWhere(sample.where)
    return []
  } catch (error) {
    if (!(error instanceof WhereError)) throw error
    return [{ path: '/sample/where', message: error.message }]
  }
}

function checkThresholds({ thresholds = [] }: MonitorDraft): FieldError[] {
  return thresholds.flatMap((threshold, index) => {
    const errors: FieldError[] = []
    const problem = metricProblem(threshold)
    if (problem) errors.push({ path: `/thresholds/${index}/${problem.field}`, message: problem.message })
    if (threshold.max == null && threshold.min == null) {
      errors.push({ path: `/thresholds/${index}`, message: 'A threshold needs max, min or both.' })
    }
    errors.push(...checkBounds(threshold).map((message) => ({ path: `/thresholds/${index}`, message })))
    return errors
  })
}

/** Bounds that no value keeps, and a warning that could come only after the failure. */
function checkBounds({ max, min, warn }: { max?: number | null; min?: number | null; warn?: number | null }) {
  const problems: string[] = []
  if (max != null && min != null && max < min)
    problems.push(`max ${max} is below min ${min}: nothing passes.`)
  if (warn != null && max != null && warn > max)
    problems.push(`warn ${warn} is above max ${max}: it has to come first.`)
  if (warn != null && max == null && min != null && warn < min)
    problems.push(`warn ${warn} is below min ${min}: it has to come first.`)
  return problems
}

function checkLabeling(text: string, draft: MonitorDraft): FieldError[] {
  let config: LabelingConfig
  try {
    config = parseLabelingConfig(text)
  } catch (error) {
    if (!(error instanceof LabelingConfigError)) throw error
    return error.problems.map(({ path, message }) => ({
      path: '/labeling/config',
      message: path ? `${path}: ${message}` : message,
    }))
  }
  // No record is known yet: only what the mapping itself names can be wrong.
  const given = givenMapping(draft.mapping ?? null)
  const { problems } = deriveMapping(config, [], given)
  return problems
    .filter(({ path }) => path?.startsWith('mapping.prediction.') && given.prediction)
    .map(({ path, message }) => ({ path: `/${path?.replaceAll('.', '/')}`, message }))
}
