import {
  type LabelStudio,
  LabelStudioError,
  type LabelStudioTask,
  type LabelStudioWebhook,
  type TaskQuery,
} from '../../src/labeling/client.ts'
import { fromMicroseconds } from '../../src/labeling/instant.ts'
import type { Region } from '../../src/labeling/types.ts'

export interface FakeAnnotation {
  id: number
  task: number
  unique_id: string
  result: Region[]
  was_cancelled: boolean
  ground_truth: boolean
  completed_by: number
  parent_prediction: number | null
  lead_time: number | null
  updated_us: number
}

export interface FakePrediction {
  id: number
  task: number
  model_version: string
  result: Region[]
  created_us: number
}

export interface FakeTask {
  id: number
  project: number
  data: Record<string, unknown>
  meta: Record<string, unknown>
  updated_us: number
}

interface FakeProject {
  id: number
  title: string
  label_config: string
  model_version: string
}

export interface NewTask {
  data?: Record<string, unknown>
  meta?: Record<string, unknown>
  predictions?: { model_version: string; result: Region[] }[]
  annotations?: { result: Region[] }[]
}

type AnnotationFields = Partial<
  Pick<
    FakeAnnotation,
    'result' | 'was_cancelled' | 'ground_truth' | 'completed_by' | 'parent_prediction' | 'lead_time'
  >
>

/**
 * A Label Studio in memory that does what the real one was seen to do: it tells the state that it has when it sends,
 * takes a ground truth away without a word, deletes what belongs to a task with it, and, as on SQLite, gives the ids of
 * deleted tasks, annotations and predictions away again at an import.
 */
export class FakeLabelStudio {
  readonly projects = new Map<number, FakeProject>()
  readonly tasks = new Map<number, FakeTask>()
  readonly annotations = new Map<number, FakeAnnotation>()
  readonly predictions = new Map<number, FakePrediction>()
  readonly hooks = new Map<number, LabelStudioWebhook>()
  /** Why it takes no webhook. */
  refusal: string | null = null
  /** Names of the REST calls that were made. */
  readonly calls: string[] = []
  /** Called while a REST call is under way, before and after its answer is determined. */
  meanwhile: (when: 'before' | 'after') => Promise<void> = async () => {}
  private lastTask = 0
  private lastAnnotation = 0
  private lastUniqueId = 0
  private clockUs: number

  constructor(nowUs = Date.now() * 1000) {
    this.clockUs = nowUs
  }

  private tick(): number {
    this.clockUs += 1 + (this.clockUs % 7919)
    return this.clockUs
  }

  wait(seconds: number): void {
    this.clockUs += seconds * 1_000_000
  }

  // What people do.

  createProject(id: number, label_config: string): void {
    this.projects.set(id, { id, title: `project ${id}`, label_config, model_version: '' })
  }

  updateProject(id: number, fields: Partial<Omit<FakeProject, 'id'>>): void {
    Object.assign(this.project(id), fields)
  }

  /** An import numbers from the greatest id there is, so that ids of deleted ones return. */
  importTasks(project: number, tasks: NewTask[]): number[] {
    const own = this.project(project)
    const ids = tasks.map(({ data = {}, meta = {}, predictions = [], annotations = [] }) => {
      const id = Math.max(0, ...this.tasks.keys()) + 1
      this.lastTask = Math.max(this.lastTask, id)
      this.tasks.set(id, { id, project, data, meta, updated_us: this.tick() })
      for (const prediction of predictions) this.addPrediction(id, prediction)
      for (const { result } of annotations) {
        const annotation = Math.max(0, ...this.annotations.keys()) + 1
        this.lastAnnotation = Math.max(this.lastAnnotation, annotation)
        this.putAnnotation(annotation, id, { result, ground_truth: true })
      }
      return id
    })
    own.model_version ||= tasks.flatMap((task) => task.predictions ?? []).at(-1)?.model_version ?? ''
    return ids
  }

  createTask(project: number): number {
    const id = ++this.lastTask
    this.tasks.set(id, { id, project, data: {}, meta: {}, updated_us: this.tick() })
    return id
  }

  /** Annotations and predictions go with it. */
  deleteTask(id: number): void {
    this.tasks.delete(id)
    for (const each of this.annotations.values()) if (each.task === id) this.annotations.delete(each.id)
    for (const each of this.predictions.values()) if (each.task === id) this.predictions.delete(each.id)
  }

  patchTask(id: number, data: Record<string, unknown>): void {
    ;(this.tasks.get(id) as FakeTask).data = data
    this.touch(id)
  }

  addPrediction(
    task: number,
    { model_version, result }: { model_version: string; result: Region[] },
  ): number {
    const id = Math.max(0, ...this.predictions.keys()) + 1
    this.predictions.set(id, { id, task, model_version, result, created_us: this.tick() })
    return id
  }

  patchPrediction(id: number, result: Region[]): void {
    const prediction = this.predictions.get(id) as FakePrediction
    prediction.result = result
    this.touch(prediction.task)
  }

  /** Annotations that began with it forget that. */
  deletePrediction(id: number): void {
    const prediction = this.predictions.get(id) as FakePrediction
    this.predictions.delete(id)
    for (const each of this.annotations.values())
      if (each.parent_prediction === id) each.parent_prediction = null
    this.touch(prediction.task)
  }

  annotate(task: number, fields: AnnotationFields): number {
    const id = ++this.lastAnnotation
    this.putAnnotation(id, task, fields)
    if (fields.ground_truth) this.takeGroundTruthFromOthers(id)
    this.touch(task)
    return id
  }

  patchAnnotation(id: number, fields: AnnotationFields): void {
    const annotation = this.annotations.get(id) as FakeAnnotation
    Object.assign(annotation, fields, { updated_us: this.tick() })
    if (fields.ground_truth) this.takeGroundTruthFromOthers(id)
    this.touch(annotation.task)
  }

  /**
   * Two saves at once: the one that began first is written last, and stays, with its older time.
   *
   * @param between called when only the second is written
   */
  patchAnnotationAtOnce(
    id: number,
    first: AnnotationFields,
    second: AnnotationFields,
    between: () => void,
  ): void {
    const startedUs = this.tick()
    this.patchAnnotation(id, second)
    between()
    this.patchAnnotation(id, first)
    ;(this.annotations.get(id) as FakeAnnotation).updated_us = startedUs
  }

  deleteAnnotation(id: number): void {
    const { task } = this.annotations.get(id) as FakeAnnotation
    this.annotations.delete(id)
    this.touch(task)
  }

  addWebhook(fields: Omit<LabelStudioWebhook, 'id'>): LabelStudioWebhook {
    const hook = { ...fields, id: Math.max(0, ...this.hooks.keys()) + 1 }
    this.hooks.set(hook.id, hook)
    return hook
  }

  // What it answers.

  /** As far as the service needs it to follow a project. */
  readonly api = {
    url: 'http://label-studio.test',
    project: (id: number) =>
      this.answer('project', () => {
        const project = this.projects.get(id)
        if (!project) throw new LabelStudioError('missing', `Label Studio has no project ${id}.`, 404)
        const task_number = [...this.tasks.values()].filter((task) => task.project === id).length
        return { ...project, description: '', task_number }
      }),
    tasks: (project: number, query: TaskQuery) =>
      this.answer(`tasks ${query.ids ? 'by id' : query.fields}`, () => this.list(project, query)),
    webhooks: (project: number) =>
      this.answer('webhooks', () => [...this.hooks.values()].filter((hook) => hook.project === project)),
    createWebhook: (fields: Omit<LabelStudioWebhook, 'id'>) =>
      this.answer('create webhook', () => {
        if (this.refusal) throw new LabelStudioError('refused', this.refusal, 403)
        return this.addWebhook(fields)
      }),
    updateWebhook: (id: number, fields: Partial<LabelStudioWebhook>) =>
      this.answer('update webhook', () => void Object.assign(this.hooks.get(id) as object, fields)),
    deleteWebhook: (id: number) =>
      this.answer('delete webhook', () => {
        if (!this.hooks.delete(id)) throw new LabelStudioError('missing', 'No such webhook.', 404)
      }),
    taskUrl: (project: number, task: number) =>
      `http://label-studio.test/projects/${project}/data?task=${task}`,
    projectUrl: (project: number) => `http://label-studio.test/projects/${project}/data`,
  } satisfies Partial<LabelStudio> as unknown as LabelStudio

  private list(project: number, query: TaskQuery): { total: number; tasks: LabelStudioTask[] } {
    const { page = 1, pageSize, updatedAfterUs, afterId, ids, fields } = query
    if (!this.projects.has(project)) {
      throw new LabelStudioError('missing', `Label Studio has no project ${project}.`, 404)
    }
    const matching = [...this.tasks.values()]
      .filter((task) => task.project === project)
      .filter((task) => updatedAfterUs == null || task.updated_us > updatedAfterUs)
      .filter((task) => afterId === undefined || task.id > afterId)
      .filter((task) => !ids || ids.includes(task.id))
      .sort((a, b) => a.id - b.id)
    const tasks = matching.slice((page - 1) * pageSize, page * pageSize)
    return { total: matching.length, tasks: tasks.map((task) => this.told(task, fields)) }
  }

  private told({ id, data, meta, updated_us }: FakeTask, fields: TaskQuery['fields']): LabelStudioTask {
    const own = this.annotationsOf(id)
    const cancelled_annotations = own.filter(({ was_cancelled }) => was_cancelled).length
    const counts = { total_annotations: own.length - cancelled_annotations, cancelled_annotations }
    const identity = { id, meta, updated_at: fromMicroseconds(updated_us), ...counts }
    if (fields === 'identity') return identity as unknown as LabelStudioTask
    const annotations = own.map(({ unique_id: _, updated_us: us, ...annotation }) => ({
      ...annotation,
      updated_at: fromMicroseconds(us),
    }))
    const predictions = this.predictionsOf(id).map(({ created_us, ...prediction }) => ({
      ...prediction,
      created_at: fromMicroseconds(created_us),
    }))
    return { ...identity, data, annotations, predictions }
  }

  annotationsOf(task: number): FakeAnnotation[] {
    return [...this.annotations.values()].filter((each) => each.task === task).sort((a, b) => a.id - b.id)
  }

  predictionsOf(task: number): FakePrediction[] {
    return [...this.predictions.values()].filter((each) => each.task === task).sort((a, b) => a.id - b.id)
  }

  private async answer<T>(call: string, compute: () => T): Promise<T> {
    this.calls.push(call)
    await this.meanwhile('before')
    const answer = structuredClone(compute())
    await this.meanwhile('after')
    return answer
  }

  private project(id: number): FakeProject {
    return this.projects.get(id) as FakeProject
  }

  private touch(task: number): void {
    ;(this.tasks.get(task) as FakeTask).updated_us = this.tick()
  }

  private putAnnotation(id: number, task: number, fields: AnnotationFields): void {
    this.annotations.set(id, {
      id,
      task,
      unique_id: `uid-${++this.lastUniqueId}`,
      result: [],
      was_cancelled: false,
      ground_truth: false,
      completed_by: 1,
      parent_prediction: null,
      lead_time: null,
      ...fields,
      updated_us: this.tick(),
    })
  }

  private takeGroundTruthFromOthers(id: number): void {
    const { task } = this.annotations.get(id) as FakeAnnotation
    for (const other of this.annotationsOf(task)) {
      if (other.id !== id) (this.annotations.get(other.id) as FakeAnnotation).ground_truth = false
    }
  }
}
