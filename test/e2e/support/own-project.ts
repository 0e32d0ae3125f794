import type { Call } from '../../../demo/services/label-studio-api.ts'
import { type RunningService, WEBHOOK_SECRET } from './service.ts'

/** Makes a project as a user does, who knows nothing of the service. @returns its id */
export async function makeProject(call: Call, title: string, label_config: string): Promise<number> {
  return (await call<{ id: number }>('POST', '/api/projects', { title, label_config })).id
}

/** @returns the ids of the tasks, in the order given */
export async function importTasks(call: Call, project: number, tasks: unknown[]): Promise<number[]> {
  const path = `/api/projects/${project}/import?return_task_ids=true`
  return (await call<{ task_ids: number[] }>('POST', path, tasks)).task_ids
}

/** Registers the service's webhook by hand, as `webhook-url` tells a user to. */
export function registerWebhook(call: Call, project: number, service: RunningService): Promise<unknown> {
  return call('POST', '/api/webhooks/', {
    project,
    url: `http://localhost:${service.port}/webhook`,
    headers: { 'X-Webhook-Secret': WEBHOOK_SECRET },
    send_payload: true,
    send_for_all_actions: false,
    actions: [
      'ANNOTATION_CREATED',
      'ANNOTATION_UPDATED',
      'ANNOTATIONS_CREATED',
      'ANNOTATIONS_DELETED',
      'TASKS_CREATED',
      'TASKS_DELETED',
      'PROJECT_UPDATED',
    ],
  })
}

export interface Prediction {
  task: number
  model_version: string
  score: number | null
  result: { from_name: string; value: Record<string, unknown> }[]
}

/** All predictions of a project, by the order of their tasks. */
export async function predictionsOf(call: Call, project: number): Promise<Prediction[]> {
  const predictions = await call<Prediction[]>('GET', `/api/predictions/?project=${project}`)
  return predictions.sort((a, b) => a.task - b.task)
}
