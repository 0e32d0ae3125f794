import type { Call } from '../../../demo/services/label-studio-api.ts'
import type { Evaluation } from '../../../src/contract/types.ts'
import {
  type Annotation,
  type LabelStudioTask,
  type Prediction,
  type Region,
  tasksOf,
} from './label-studio-tasks.ts'
import { isSame, similarity } from './similarity.ts'

export interface OnePassOptions {
  /** What the model predicts: control tag → type of its regions. */
  controls: Record<string, string>
  /** The run's strata; none in a project that no run made. */
  strata?: { key: string; seen: number }[]
}

interface Vote {
  annotation: Annotation
  prediction: Prediction
  changed: boolean
  controls: Record<string, { changed: boolean; similarity: number }>
}

interface Compared {
  changed: boolean
  similarity: number
  version: string
  stratum: string | null
  controls: Vote['controls']
  votes: Vote[]
}

/** The evaluation of a project, computed from nothing but what Label Studio's own API tells now. */
export async function evaluateInOnePass(call: Call, project: number, options: OnePassOptions) {
  const { model_version } = await call<{ model_version: string }>('GET', `/api/projects/${project}`)
  const tasks = await tasksOf(call, project)
  const live = (task: LabelStudioTask) => task.annotations.filter((annotation) => !annotation.was_cancelled)
  const reviewed = tasks.filter((task) => live(task).length > 0)
  const compared = reviewed.flatMap((task) => compare(task, live(task), model_version, options.controls))
  const firstRegions = tasks.flatMap(({ annotations }) => {
    const [first] = annotations.toSorted((a, b) => a.id - b.id)
    return first ? [first.result?.[0]] : []
  })
  const seedChanged = firstRegions.filter((region) => region?.origin === 'prediction-changed').length

  return rounded({
    coverage: {
      tasks: tasks.length,
      reviewed: reviewed.length,
      skipped: tasks.filter((task) => task.annotations.length > 0 && live(task).length === 0).length,
      not_comparable: reviewed.length - compared.length,
    },
    change_rate: { ...share(compared), interval: wilson(compared) },
    weighted: options.strata ? weighted(compared, options.strata) : null,
    similarity: mean(compared.map((task) => task.similarity)),
    controls: Object.keys(options.controls)
      .map((name) => {
        const outcomes = compared.map((task) => task.controls[name] as Vote['controls'][string])
        return { name, ...share(outcomes), similarity: mean(outcomes.map((outcome) => outcome.similarity)) }
      })
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    by_model_version: grouped(compared, ({ version }) => version).map(([key, own]) => ({
      key,
      ...share(own),
      interval: wilson(own),
    })),
    by_stratum: (options.strata ?? []).map(({ key }) => {
      const own = compared.filter(({ stratum }) => stratum === key)
      return { key, ...share(own), interval: wilson(own) }
    }),
    by_annotator: grouped(
      compared.flatMap(({ votes }) =>
        grouped(votes, ({ annotation }) => String(annotation.completed_by)).map(([key, own]) => ({
          key,
          changed: majority(own).changed,
          times: own.flatMap(({ annotation }) => annotation.lead_time ?? []),
        })),
      ),
      ({ key }) => key,
    ).map(([key, own]) => ({
      key,
      ...share(own),
      lead_time_median_s: median(own.flatMap(({ times }) => times)),
    })),
    seed_metric: {
      changed: seedChanged,
      total: firstRegions.length,
      percent: firstRegions.length === 0 ? null : (100 * seedChanged) / firstRegions.length,
    },
  })
}

/** The same part of the service's own evaluation. */
export function inShort(evaluation: Evaluation, options: OnePassOptions) {
  const { change_rate } = evaluation
  const pick = <T extends { changed: number; reviewed: number; value: number | null }>({
    changed,
    reviewed,
    value,
  }: T) => ({ changed, reviewed, value })
  return rounded({
    coverage: evaluation.coverage,
    change_rate: { ...pick(change_rate), interval: change_rate.interval },
    weighted: options.strata
      ? {
          value: change_rate.weighted?.value ?? null,
          missing_share: change_rate.weighted?.missing_share ?? null,
        }
      : null,
    similarity: evaluation.similarity,
    controls: evaluation.controls
      .map((control) => ({ name: control.name, ...pick(control), similarity: control.similarity }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    by_model_version: sortedByKey(evaluation.by_model_version).map((row) => ({
      key: row.key,
      ...pick(row),
      interval: row.interval,
    })),
    by_stratum: evaluation.by_stratum.map((row) => ({ key: row.key, ...pick(row), interval: row.interval })),
    by_annotator: sortedByKey(evaluation.by_annotator).map((row) => ({
      key: row.key,
      ...pick(row),
      lead_time_median_s: row.lead_time_median_s,
    })),
    seed_metric: evaluation.seed_metric,
  })
}

/** No outcome where there is no prediction to compare with. */
function compare(
  task: LabelStudioTask,
  live: Annotation[],
  projectVersion: string,
  controls: Record<string, string>,
): Compared[] {
  const votes = live
    .toSorted((a, b) => a.id - b.id)
    .flatMap((annotation): Vote[] => {
      const prediction = predictionFor(annotation, task.predictions, projectVersion)
      return prediction ? [{ annotation, prediction, ...against(prediction, annotation, controls) }] : []
    })
  if (votes.length === 0) return []
  const truth = votes.filter(({ annotation }) => annotation.ground_truth)
  const deciding = truth.length > 0 ? truth : votes
  const outcome = majority(deciding)
  const decided = Object.keys(controls).map((name) => {
    const { changed, side } = majority(
      deciding.map((vote) => vote.controls[name] as Vote['controls'][string]),
    )
    return [name, { changed, similarity: mean(side.map((each) => each.similarity)) as number }] as const
  })
  return [
    {
      changed: outcome.changed,
      similarity: mean(decided.map(([, control]) => control.similarity)) as number,
      version: task.meta.model_version ?? (outcome.side[0] as Vote).prediction.model_version,
      stratum: task.meta.stratum ?? null,
      controls: Object.fromEntries(decided),
      votes,
    },
  ]
}

/** The one that the annotation began with, else the newest of the project's version, else the newest. */
function predictionFor(annotation: Annotation, predictions: Prediction[], projectVersion: string) {
  const newestFirst = predictions.toSorted(
    (a, b) => Date.parse(b.created_at) - Date.parse(a.created_at) || b.id - a.id,
  )
  return (
    newestFirst.find(({ id }) => id === annotation.parent_prediction) ??
    newestFirst.find((prediction) => prediction.model_version === projectVersion) ??
    newestFirst[0]
  )
}

function against(prediction: Prediction, annotation: Annotation, controls: Record<string, string>) {
  const outcomes = Object.entries(controls).map(([name, type]) => {
    const [predicted, annotated] = [
      answerOf(prediction.result, name),
      answerOf(annotation.result ?? [], name),
    ]
    const changed = !isSame(predicted, annotated)
    return [name, { changed, similarity: similarity(type, predicted, annotated) }] as const
  })
  return { controls: Object.fromEntries(outcomes), changed: outcomes.some(([, { changed }]) => changed) }
}

/** What the one region of a control says; the choices of several in one order; null without a region. */
function answerOf(result: Region[], control: string): unknown {
  const region = result.find(({ from_name }) => from_name === control)
  const [value] = Object.values(region?.value ?? {})
  if (value === undefined) return null
  return region?.type === 'choices' ? (value as string[]).toSorted() : value
}

/** More than half decides, and a tie is a change. */
function majority<T extends { changed: boolean }>(votes: T[]): { changed: boolean; side: T[] } {
  const changed = votes.filter((vote) => vote.changed).length * 2 >= votes.length
  return { changed, side: votes.filter((vote) => vote.changed === changed) }
}

function share(outcomes: { changed: boolean }[]) {
  const changed = outcomes.filter((outcome) => outcome.changed).length
  const reviewed = outcomes.length
  return { changed, reviewed, value: reviewed === 0 ? null : changed / reviewed }
}

/** The Wilson score interval at 95 %. */
function wilson(outcomes: { changed: boolean }[]): [number, number] | null {
  const { reviewed: n, value: p } = share(outcomes)
  if (p === null) return null
  const z = 1.959963984540054
  const centre = p + (z * z) / (2 * n)
  const half = z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n))
  const shrink = 1 + (z * z) / n
  return [Math.max(0, (centre - half) / shrink), Math.min(1, (centre + half) / shrink)]
}

/** The share of changes over all records seen, and how much of them lies in strata that nobody reviewed. */
function weighted(compared: Compared[], strata: { key: string; seen: number }[]) {
  const parts = strata.map(({ key, seen }) => ({
    seen,
    value: share(compared.filter(({ stratum }) => stratum === key)).value,
  }))
  const all = parts.reduce((sum, { seen }) => sum + seen, 0)
  const known = parts.filter(({ value }) => value !== null)
  const seen = known.reduce((sum, part) => sum + part.seen, 0)
  const sum = known.reduce((total, part) => total + part.seen * (part.value as number), 0)
  return { value: seen === 0 ? null : sum / seen, missing_share: 1 - seen / all }
}

function grouped<T>(items: T[], key: (item: T) => string): [string, T[]][] {
  return [...Map.groupBy(items, key)].sort(([a], [b]) => (a < b ? -1 : 1))
}

function sortedByKey<T extends { key: string }>(rows: T[]): T[] {
  return rows.toSorted((a, b) => (a.key < b.key ? -1 : 1))
}

function mean(values: number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length
}

function median(values: number[]): number | null {
  const inOrder = values.toSorted((a, b) => a - b)
  const middle = (inOrder.length - 1) / 2
  return mean([Math.floor(middle), Math.ceil(middle)].flatMap((index) => inOrder[index] ?? []))
}

/** Sums of other orders differ in their last digits. */
function rounded<T>(value: T): T {
  return JSON.parse(
    JSON.stringify(value, (_, part) => (typeof part === 'number' ? Math.round(part * 1e6) / 1e6 : part)),
  )
}
