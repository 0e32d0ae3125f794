/** What the original script reads of an annotation. */
export interface SeedAnnotation {
  id: number
  result: unknown
  was_cancelled?: boolean
}

/** The figures of the original script; `percent` (0 to 100) is null when no task has an annotation. */
export interface OfflineEvaluation {
  changed: number
  total: number
  percent: number | null
  passed: boolean
}

/** The file is no Label Studio JSON export; the message says what it is instead, and how to get one. */
export class ExportError extends Error {
  override name = 'ExportError'
}

/** The threshold of the original script, in percent. */
export const SEED_MAX_CHANGED = 75

/**
 * How the original script counts one task: changed when the first region of the first annotation (the one with the
 * lowest id, cancelled or not) has the origin `prediction-changed`. Null for a task without annotations.
 */
export function seedOutcome(annotations: readonly SeedAnnotation[]): 'changed' | 'unchanged' | null {
  if (annotations.length === 0) return null
  const first = annotations.reduce((lowest, each) => (each.id < lowest.id ? each : lowest))
  const region: unknown = Array.isArray(first.result) ? first.result[0] : undefined
  return isObject(region) && region.origin === 'prediction-changed' ? 'changed' : 'unchanged'
}

/**
 * The share of changed predictions in a Label Studio JSON export, as the original script computes it. Passed while
 * the percentage is below `maxChanged`; an export without any annotation does not pass, because it shows nothing.
 * Throws an ExportError for anything that is not such an export.
 */
export function evaluateExport(text: string, { maxChanged = SEED_MAX_CHANGED } = {}): OfflineEvaluation {
  if (!Number.isFinite(maxChanged)) {
    throw new RangeError(`The largest allowed percentage must be a number, e.g. 75, but it is ${maxChanged}.`)
  }
  const outcomes = readTasks(text)
    .map(readAnnotations)
    .map(seedOutcome)
    .filter((outcome) => outcome !== null)
  const total = outcomes.length
  const changed = outcomes.filter((outcome) => outcome === 'changed').length
  const percent = total === 0 ? null : (100 * changed) / total
  return { changed, total, percent, passed: percent !== null && percent < maxChanged }
}

const HOW_TO_EXPORT =
  'Export the project in Label Studio with Export > JSON (the first format), and give that file.'

function readTasks(text: string): unknown[] {
  let parsed: unknown
  try {
    // Some editors put a byte order mark in front, which JSON does not allow.
    parsed = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    throw new ExportError(
      `Expected a Label Studio JSON export, but the file is not JSON (${(error as Error).message}). ${HOW_TO_EXPORT}`,
    )
  }
  if (!Array.isArray(parsed)) {
    throw new ExportError(
      `Expected a list of tasks, as in a Label Studio JSON export, but the file holds ${kindOf(parsed)}. ${HOW_TO_EXPORT}`,
    )
  }
  return parsed
}

function readAnnotations(task: unknown, index: number): SeedAnnotation[] {
  const where = `Task ${index + 1} of the file`
  if (!isObject(task)) {
    throw new ExportError(`${where} is ${kindOf(task)}, but an object was expected. ${HOW_TO_EXPORT}`)
  }
  if (!Array.isArray(task.annotations)) {
    const hint =
      'annotation_id' in task ? ' The file looks like JSON-MIN, which leaves out what is needed.' : ''
    throw new ExportError(`${where} has no list of annotations.${hint} ${HOW_TO_EXPORT}`)
  }
  return task.annotations.map((annotation: unknown) => {
    if (!isObject(annotation) || !Number.isInteger(annotation.id)) {
      throw new ExportError(`${where} has an annotation without a whole number as its id. ${HOW_TO_EXPORT}`)
    }
    return { id: annotation.id as number, result: annotation.result }
  })
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'one object' : `a ${typeof value}`
}
