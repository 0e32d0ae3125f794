import axios, { type AxiosInstance, type AxiosRequestConfig, type AxiosResponse } from 'axios'
import { type Observe, unobserved } from '../telemetry/observe.ts'
import { traceHeaders } from '../telemetry/trace.ts'
import { describe, LabelStudioError, notJson } from './client-error.ts'
import { fromMicroseconds } from './instant.ts'
import type { Region } from './types.ts'

export { LabelStudioError, type LabelStudioErrorKind } from './client-error.ts'

export interface LabelStudioProject {
  id: number
  title: string
  description: string
  label_config: string
  model_version: string
  /** Null in the answer to a creation; a number otherwise. */
  task_number: number | null
  total_predictions_number?: number | null
}

export interface LabelStudioAnnotation {
  id: number
  result: Region[] | null
  was_cancelled: boolean
  ground_truth: boolean
  updated_at: string
  lead_time: number | null
  completed_by: number | { id: number } | null
  parent_prediction: number | null
  unique_id?: string
}

export interface LabelStudioPrediction {
  id: number
  task: number
  result: Region[]
  model_version: string | null
  created_at: string
}

export interface LabelStudioTask {
  id: number
  data: Record<string, unknown>
  meta: Record<string, unknown> | null
  updated_at: string
  annotations: LabelStudioAnnotation[]
  predictions: LabelStudioPrediction[]
  /** How many annotations it has that are not skipped, and that are. */
  total_annotations: number
  cancelled_annotations: number
}

export interface ImportTask {
  data: Record<string, unknown>
  meta: Record<string, unknown>
  predictions: { model_version: string; score?: number; result: Region[] }[]
}

export type NewPrediction = ImportTask['predictions'][number] & { task: number }

export interface LabelStudioWebhook {
  id: number
  url: string
  project: number | null
  headers: Record<string, string>
  is_active: boolean
  send_payload: boolean
  send_for_all_actions: boolean
  actions: string[]
}

export interface TaskQuery {
  /** Counts from 1, which is the default. Pages shift when a task is deleted meanwhile; `afterId` does not. */
  page?: number
  pageSize: number
  /** Only tasks changed after this instant, in microseconds. */
  updatedAfterUs?: number | null
  /** Only tasks with a greater id. */
  afterId?: number
  /** Only these tasks, as far as the project has them; at most some hundred, since they stand in a URL. */
  ids?: number[]
  /** Only ids, meta and counts (fast), or everything with annotations and predictions. */
  fields: 'identity' | 'all'
}

/** Label Studio's REST API, as far as the service needs it; the only code that knows its URLs. */
export interface LabelStudio {
  readonly url: string
  version(): Promise<string>
  whoami(): Promise<{ id: number; email: string }>
  project(id: number): Promise<LabelStudioProject>
  /** Projects whose title contains the text, newest first. */
  projectsTitled(title: string): Promise<LabelStudioProject[]>
  createProject(fields: {
    title: string
    description: string
    label_config: string
  }): Promise<LabelStudioProject>
  updateProject(
    id: number,
    fields: Partial<LabelStudioProject> & { show_collab_predictions?: boolean },
  ): Promise<void>
  /** Imports all tasks or none. @returns their ids in the order given. */
  importTasks(project: number, tasks: ImportTask[]): Promise<number[]>
  /** Adds predictions to tasks that exist. */
  importPredictions(project: number, predictions: NewPrediction[]): Promise<void>
  task(id: number): Promise<LabelStudioTask & { project: number }>
  tasks(project: number, query: TaskQuery): Promise<{ total: number; tasks: LabelStudioTask[] }>
  /** Deletes tasks of one project, all at once. */
  deleteTasks(project: number, ids: number[]): Promise<void>
  deleteProject(id: number): Promise<void>
  webhooks(project: number): Promise<LabelStudioWebhook[]>
  createWebhook(fields: Omit<LabelStudioWebhook, 'id'>): Promise<LabelStudioWebhook>
  updateWebhook(id: number, fields: Partial<LabelStudioWebhook>): Promise<void>
  deleteWebhook(id: number): Promise<void>
  /** Where reviewers go; null where no Label Studio is set. */
  taskUrl(project: number, task: number): string | null
  projectUrl(project: number): string | null
}

/** Importing 5,000 tasks takes Label Studio 6–12 s and it answers only at the end; a slow machine takes longer. */
const IMPORT_TIMEOUT_MS = 300_000
const CALL_TIMEOUT_MS = 60_000

/**
 * @param url base URL without a trailing slash; null when none is configured: every call then fails and says so
 * @param apiKey legacy token, or personal access token (a refresh JWT, exchanged for access tokens that live 5 minutes)
 * @param observe sees each call by its method and path, ids left out
 */
export function createLabelStudio(
  url: string | null,
  apiKey: string | null,
  observe: Observe = unobserved,
): LabelStudio {
  const http = axios.create({
    ...(url ? { baseURL: url } : {}),
    timeout: CALL_TIMEOUT_MS,
    maxBodyLength: 250 * 1024 * 1024,
    maxContentLength: 1024 * 1024 * 1024,
    proxy: false,
    // A redirect turns a POST into a GET, whose answer looks like the one to the POST.
    maxRedirects: 0,
    headers: { 'User-Agent': 'label-studio-monitor' },
  })
  const authorize = tokenHolder(http, url ?? '', apiKey ?? '')

  const call = <T>(config: AxiosRequestConfig): Promise<T> =>
    observe(`${config.method ?? 'GET'} ${config.url?.replace(/\d+/g, '{id}')}`, () => answerTo<T>(config))

  async function answerTo<T>(config: AxiosRequestConfig): Promise<T> {
    if (!url || !apiKey) {
      throw new LabelStudioError(
        'unset',
        'Label Studio is not configured: set LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY, then start the service again.',
      )
    }
    let refused: string | null = null
    for (;;) {
      let authorization: string | null = null
      try {
        authorization = await authorize(refused)
        const headers = { ...config.headers, ...traceHeaders(), Authorization: authorization }
        const response = await http.request<T>({ ...config, headers })
        if (!isJson(response)) throw notJson(url)
        return response.data
      } catch (error) {
        const status = axios.isAxiosError(error) ? (error.response?.status ?? null) : null
        // An expired access token is answered in the same words as none at all: renew once, then believe it.
        const mayHaveExpired = isPersonalAccessToken(apiKey) && authorization !== null && refused === null
        if (status !== 401 || !mayHaveExpired) throw describe(error, config, url)
        refused = authorization
      }
    }
  }

  return {
    url: url ?? '',
    version: async () => (await call<{ release: string }>({ url: '/api/version' })).release,
    whoami: () => call({ url: '/api/current-user/whoami' }),
    project: (id) => call({ url: `/api/projects/${id}` }),
    async projectsTitled(title) {
      const page = await call<{ results: LabelStudioProject[] }>({
        url: '/api/projects',
        params: { title, page_size: 100 },
      })
      return page.results
    },
    createProject: (fields) => call({ method: 'POST', url: '/api/projects', data: fields }),
    updateProject: (id, fields) => call({ method: 'PATCH', url: `/api/projects/${id}`, data: fields }),
    async importTasks(project, tasks) {
      const answer = await call<{ task_ids: number[] }>({
        method: 'POST',
        url: `/api/projects/${project}/import`,
        params: { return_task_ids: true },
        data: tasks,
        timeout: IMPORT_TIMEOUT_MS,
      })
      if (!Array.isArray(answer.task_ids) || answer.task_ids.length !== tasks.length) {
        throw new LabelStudioError(
          'unavailable',
          'Label Studio did not answer the import with one id per task.',
        )
      }
      return answer.task_ids
    },
    importPredictions: (project, predictions) =>
      call({
        method: 'POST',
        url: `/api/projects/${project}/import/predictions`,
        data: predictions,
        timeout: IMPORT_TIMEOUT_MS,
      }),
    task: (id) => call({ url: `/api/tasks/${id}/` }),
    tasks: (project, query) =>
      call({ url: '/api/tasks', params: taskParams(project, query), timeout: IMPORT_TIMEOUT_MS }),
    deleteTasks: (project, ids) =>
      call({
        method: 'POST',
        url: '/api/dm/actions',
        params: { id: 'delete_tasks', project },
        data: { project: String(project), selectedItems: { all: false, included: ids }, ordering: [] },
        timeout: IMPORT_TIMEOUT_MS,
      }),
    deleteProject: (id) => call({ method: 'DELETE', url: `/api/projects/${id}/` }),
    webhooks: (project) => call({ url: '/api/webhooks/', params: { project } }),
    createWebhook: (fields) => call({ method: 'POST', url: '/api/webhooks/', data: fields }),
    updateWebhook: (id, fields) => call({ method: 'PATCH', url: `/api/webhooks/${id}/`, data: fields }),
    deleteWebhook: (id) => call({ method: 'DELETE', url: `/api/webhooks/${id}/` }),
    taskUrl: (project, task) => (url ? `${url}/projects/${project}/data?task=${task}` : null),
    projectUrl: (project) => (url ? `${url}/projects/${project}/data` : null),
  }
}

/** Tasks always come in the order of their ids. */
function taskParams(project: number, query: TaskQuery): Record<string, unknown> {
  const params: Record<string, unknown> = { project, page: query.page ?? 1, page_size: query.pageSize }
  // `include` trims annotations and predictions by the same names as tasks, so full tasks are read without it.
  if (query.fields === 'all') params.fields = 'all'
  else params.include = 'id,meta,updated_at,total_annotations,cancelled_annotations'
  const items: Record<string, unknown>[] = []
  if (query.updatedAfterUs != null) {
    const value = fromMicroseconds(query.updatedAfterUs)
    items.push({ filter: 'filter:tasks:updated_at', operator: 'greater', type: 'Datetime', value })
  }
  if (query.afterId !== undefined) {
    items.push({ filter: 'filter:tasks:id', operator: 'greater', type: 'Number', value: query.afterId })
  }
  params.query = JSON.stringify({
    filters: { conjunction: 'and', items },
    ordering: ['tasks:id'],
    ...(query.ids && { selectedItems: { all: false, included: query.ids } }),
  })
  return params
}

/** Whatever is read is an object or a list; what is deleted is answered by nothing. */
function isJson({ data, config }: AxiosResponse<unknown>): boolean {
  if (config.method === 'delete') return typeof data !== 'string' || data === ''
  return typeof data === 'object' && data !== null
}

/** A personal access token is a JWT (three parts); a legacy token is 40 hexadecimal digits. */
function isPersonalAccessToken(key: string | null): boolean {
  return key?.split('.').length === 3
}

/**
 * Gives the Authorization header, another one than that which was refused. A personal access token is exchanged, once for
 * all calls that wait for it, and the result is used until it is refused.
 */
function tokenHolder(
  http: AxiosInstance,
  url: string,
  apiKey: string,
): (refused: string | null) => Promise<string> {
  if (!isPersonalAccessToken(apiKey)) return async () => `Token ${apiKey}`
  let access: Promise<string> | null = null
  const renew = async () => {
    const response = await http.post<{ access: string }>('/api/token/refresh/', { refresh: apiKey })
    if (typeof response.data?.access !== 'string') throw notJson(url)
    return `Bearer ${response.data.access}`
  }
  return async (refused) => {
    const before = access
    const known = await before?.catch(() => null)
    if (access === before && (known == null || known === refused)) access = renew()
    return access as Promise<string>
  }
}
