import { isDeepStrictEqual } from 'node:util'
import type { Call } from './label-studio-api.ts'

export type Region = { id: string; type: string; value: Record<string, unknown>; origin?: string } & Record<
  string,
  unknown
>
export type Annotation = {
  id: number
  result: Region[]
  was_cancelled: boolean
  ground_truth: boolean
  parent_prediction: number | null
}
export type Task = { id: number; project: number; data: Record<string, unknown>; predictions: Prediction[] }
type Prediction = { id: number; model_version: string; result: Region[] }

/** What a person does with the regions that the editor shows; they may be changed in place. */
export type Edit = (regions: Region[], task: Task) => Region[]

export type Reviewer = {
  /** The task that the label stream hands out next, null when none is left. */
  next(project: number): Promise<Task | null>
  /** Submits the prediction untouched. */
  accept(task: number): Promise<Annotation>
  edit(task: number, edit: Edit): Promise<Annotation>
  /** The editor's Skip: a cancelled annotation that carries the prediction's regions. */
  skip(task: number): Promise<Annotation>
  /** Updates an annotation that was submitted before. */
  update(annotation: number, edit: (regions: Region[]) => Region[]): Promise<Annotation>
  unskip(annotation: number): Promise<Annotation>
  setGroundTruth(annotation: number, value: boolean): Promise<Annotation>
  remove(annotation: number): Promise<void>
}

/**
 * A reviewer who sends what Label Studio's editor sends: it shows the prediction whose model version is the
 * project's, copies its regions and marks each as untouched, changed or new.
 */
export function createReviewer(call: Call, leadTimeS = 5): Reviewer {
  const submit = async (id: number, edit: Edit, wasCancelled = false) => {
    const task = await call<Task>('GET', `/api/tasks/${id}/`)
    const shown = await shownPrediction(call, task)
    const untouched = shown?.result ?? []
    return call<Annotation>('POST', `/api/tasks/${id}/annotations/`, {
      result: withOrigins(untouched, edit(structuredClone(untouched), task)),
      was_cancelled: wasCancelled,
      parent_prediction: shown?.id ?? null,
      parent_annotation: null,
      lead_time: leadTimeS,
      started_at: new Date(Date.now() - leadTimeS * 1000).toISOString(),
      unique_id: crypto.randomUUID(),
      project: task.project,
    })
  }
  const patch = (id: number, body: Partial<Annotation>) =>
    call<Annotation>('PATCH', `/api/annotations/${id}/`, body)
  return {
    next: (project) =>
      call<Task>('GET', `/api/projects/${project}/next`).catch((error: Error) => {
        if (error.message.includes('answered 404')) return null
        throw error
      }),
    accept: (task) => submit(task, (regions) => regions),
    edit: submit,
    skip: (task) => submit(task, (regions) => regions, true),
    update: async (id, edit) => {
      const { result } = await call<Annotation>('GET', `/api/annotations/${id}/`)
      return patch(id, { result: withOrigins(result, edit(structuredClone(result))) })
    },
    unskip: (id) => patch(id, { was_cancelled: false }),
    setGroundTruth: (id, value) => patch(id, { ground_truth: value }),
    remove: async (id) => {
      await call('DELETE', `/api/annotations/${id}/`)
    },
  }
}

async function shownPrediction(call: Call, task: Task): Promise<Prediction | undefined> {
  const { model_version } = await call<{ model_version: string }>('GET', `/api/projects/${task.project}`)
  const predictions = await call<Prediction[]>('GET', `/api/predictions/?task=${task.id}`)
  return predictions.find((prediction) => prediction.model_version === model_version)
}

function withOrigins(before: Region[], after: Region[]): Region[] {
  return after.map((region) => {
    const original = before.find(({ id, from_name }) => id === region.id && from_name === region.from_name)
    if (!original) return { ...region, origin: 'manual' }
    const untouched = isDeepStrictEqual(original.value, region.value)
    return { ...region, origin: untouched ? (original.origin ?? 'prediction') : 'prediction-changed' }
  })
}
