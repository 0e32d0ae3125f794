import type { ControlTag, Region } from '../labeling/types.ts'
import { compareResults } from '../metrics/compare.ts'
import { seedOutcome } from './offline.ts'
import { type Replacements, replacementsOf } from './replacement.ts'

/** The newest known state of one annotation. */
export interface AnnotationState {
  annotation_id: number
  deleted: boolean
  result: Region[]
  was_cancelled: boolean
  ground_truth: boolean
  completed_by: number | null
  parent_prediction: number | null
  lead_time_ms: number | null
}

/** A prediction that Label Studio keeps for a task. */
export interface StoredPrediction {
  prediction_id: number
  model_version: string
  result: Region[]
  created_us: number
}

/** What an annotation can be compared with. */
export interface TaskFacts {
  stratum: string | null
  /** The production model's answer that this service imported; null for a task that it did not make. */
  imported: { result: Region[]; model_version: string | null } | null
  /** Label Studio's own predictions of the task, used when nothing was imported. */
  predictions: StoredPrediction[]
}

export interface ProjectFacts {
  /** The controls that the model predicts; only these can make a task changed. */
  predicted: ControlTag[]
  model_version: string
}

export interface ControlOutcome {
  changed: boolean
  /** In [0, 1]; 1 exactly when unchanged. */
  similarity: number
  metric: string
}

export interface TaskOutcome {
  state: 'unreviewed' | 'skipped' | 'not_comparable' | 'compared'
  stratum: string | null
  /** As the original `evaluate.py` counts; null when the task has no annotation at all. */
  seed: 'changed' | 'unchanged' | null
  compared: {
    changed: boolean
    similarity: number
    model_version: string
    controls: Record<string, ControlOutcome>
    /** By control, what became what by the first annotation that decides on it. */
    replacements: Record<string, Replacements>
    /** The deciding annotation with the lowest id. */
    annotation_id: number
    prediction: Region[]
    annotators: { key: string; changed: boolean; lead_times_ms: number[] }[]
  } | null
}

interface Vote {
  annotation: AnnotationState
  prediction: { result: Region[]; model_version: string }
  controls: Record<string, ControlOutcome>
  changed: boolean
}

/** Label Studio's own word for a prediction without a version. */
const NO_VERSION = 'undefined'

/**
 * What the annotations of one task say about its prediction. Pure, and blind to the order of its inputs: the same
 * facts give the same outcome, however they arrived.
 */
export function taskOutcome(
  task: TaskFacts,
  annotations: AnnotationState[],
  project: ProjectFacts,
): TaskOutcome {
  const inOrder = annotations
    .filter(({ deleted }) => !deleted)
    .sort((a, b) => a.annotation_id - b.annotation_id)
  const base = {
    stratum: task.stratum,
    seed: seedOutcome(inOrder.map(({ annotation_id, result }) => ({ id: annotation_id, result }))),
  }
  const live = inOrder.filter((annotation) => !annotation.was_cancelled)
  if (live.length === 0) {
    return { state: inOrder.length === 0 ? 'unreviewed' : 'skipped', ...base, compared: null }
  }
  const votes = live.flatMap((annotation) => vote(annotation, task, project))
  // Label Studio allows one ground truth, except that an import may bring several.
  const groundTruths = votes.filter(({ annotation }) => annotation.ground_truth)
  const deciding = groundTruths.length > 0 ? groundTruths : votes
  const decision = majority(deciding, (each) => each.changed)
  const decider = decision.side[0]
  if (!decider) return { state: 'not_comparable', ...base, compared: null }

  const decided = project.predicted.map((control) => ({ control, ...decideControl(control, deciding) }))
  const controls = Object.fromEntries(decided.map(({ control, outcome }) => [control.name, outcome]))
  return {
    state: 'compared',
    ...base,
    compared: {
      changed: decision.changed,
      similarity: mean(Object.values(controls).map((control) => control.similarity)),
      model_version: decider.prediction.model_version,
      controls,
      replacements: Object.fromEntries(
        decided.map(({ control, replacements }) => [control.name, replacements]),
      ),
      annotation_id: decider.annotation.annotation_id,
      prediction: decider.prediction.result,
      annotators: byAnnotator(votes),
    },
  }
}

/** One annotation against its prediction; none when there is nothing to compare with. */
function vote(annotation: AnnotationState, task: TaskFacts, project: ProjectFacts): Vote[] {
  const prediction = predictionFor(annotation, task, project)
  if (!prediction || project.predicted.length === 0) return []
  const controls = compareResults(prediction.result, annotation.result, project.predicted)
  return [
    { annotation, prediction, controls, changed: Object.values(controls).some((control) => control.changed) },
  ]
}

/**
 * What the service imported; else the prediction that the annotation names as its parent; else the newest of the
 * project's model version; else the newest.
 */
function predictionFor(annotation: AnnotationState, task: TaskFacts, project: ProjectFacts) {
  if (task.imported) {
    return { result: task.imported.result, model_version: task.imported.model_version ?? NO_VERSION }
  }
  const newestFirst = [...task.predictions].sort(
    (a, b) => b.created_us - a.created_us || b.prediction_id - a.prediction_id,
  )
  return (
    newestFirst.find((prediction) => prediction.prediction_id === annotation.parent_prediction) ??
    newestFirst.find((prediction) => prediction.model_version === project.model_version) ??
    newestFirst[0]
  )
}

/** The larger side decides; a tie counts as changed. */
function majority<T>(votes: T[], changed: (vote: T) => boolean): { changed: boolean; side: T[] } {
  const sideChanged = votes.filter(changed)
  const isChanged = sideChanged.length * 2 >= votes.length
  return { changed: isChanged, side: isChanged ? sideChanged : votes.filter((vote) => !changed(vote)) }
}

function decideControl(control: ControlTag, votes: Vote[]) {
  const { changed, side } = majority(votes, (each) => outcomeOf(each, control).changed)
  const [first] = side as [Vote, ...Vote[]]
  const outcome: ControlOutcome = {
    changed,
    similarity: mean(side.map((each) => outcomeOf(each, control).similarity)),
    metric: outcomeOf(first, control).metric,
  }
  return { outcome, replacements: replacementsOf(control, first.prediction.result, first.annotation.result) }
}

function outcomeOf(vote: Vote, control: ControlTag): ControlOutcome {
  return vote.controls[control.name] as ControlOutcome
}

function byAnnotator(votes: Vote[]) {
  const grouped = Map.groupBy(votes, ({ annotation }) => String(annotation.completed_by ?? 'unknown'))
  return [...grouped].map(([key, own]) => ({
    key,
    changed: majority(own, (each) => each.changed).changed,
    lead_times_ms: own.flatMap(({ annotation }) => annotation.lead_time_ms ?? []),
  }))
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
