import type { Call } from '../../../demo/services/label-studio-api.ts'

export interface Region {
  id?: string
  from_name?: string
  to_name?: string
  type?: string
  value?: Record<string, unknown>
  origin?: string
}

export interface Annotation {
  id: number
  result: Region[] | null
  was_cancelled: boolean
  ground_truth: boolean
  completed_by: number
  parent_prediction: number | null
  lead_time: number | null
}

export interface Prediction {
  id: number
  model_version: string
  score: number | null
  result: Region[]
  created_at: string
}

export interface LabelStudioTask {
  id: number
  data: Record<string, unknown>
  meta: { model_version?: string; stratum?: string } & Record<string, unknown>
  annotations: Annotation[]
  predictions: Prediction[]
}

/** All tasks of a project with annotations and predictions, in the order of their ids. */
export async function tasksOf(call: Call, project: number): Promise<LabelStudioTask[]> {
  const tasks: LabelStudioTask[] = []
  for (let page = 1, total = 1; tasks.length < total; page++) {
    const answer = await call<{ total: number; tasks: LabelStudioTask[] }>(
      'GET',
      `/api/tasks?project=${project}&fields=all&page_size=500&page=${page}`,
    )
    total = answer.total
    tasks.push(...answer.tasks)
    if (answer.tasks.length === 0) break
  }
  return tasks.sort((a, b) => a.id - b.id)
}
