import { microseconds } from '../labeling/instant.ts'
import type { Region } from '../labeling/types.ts'

/** One annotation as Label Studio describes it in an event, an export or a task. */
export interface AnnotationFacts {
  annotation_id: number
  task_id: number
  unique_id: string | null
  result: Region[]
  was_cancelled: boolean
  ground_truth: boolean
  completed_by: number | null
  parent_prediction: number | null
  lead_time_ms: number | null
  updated_us: number
}

/** What the service keeps of a project as Label Studio has it. */
export interface ProjectState {
  title: string
  label_config: string
  model_version: string
}

/**
 * What a webhook says, in Label Studio's terms. An event is a statement about the newest state, not a step:
 * it can come twice, late, or never.
 */
export interface Event {
  action: string
  /** Null when the body names none (a webhook registered with `send_payload: false`). */
  project: number | null
  annotations: AnnotationFacts[]
  deletedAnnotations: number[]
  createdTasks: number[]
  deletedTasks: number[]
  /** Tasks to read from Label Studio, because the event about them can't be understood. */
  unclearTasks: number[]
  /** The whole project is to be read from Label Studio. */
  unclear: boolean
  /** The project as it was when the event was sent; null when the body does not hold it. */
  projectState: ProjectState | null
}

type Json = Record<string, unknown>

const utf8 = new TextDecoder()

/** The JSON of a body as it came. @throws SyntaxError */
export function readEventBody(raw: Uint8Array): unknown {
  return JSON.parse(utf8.decode(raw))
}

/** Reads a webhook body; never throws, whatever the body holds. Actions that move no number give an empty event. */
export function parseEvent(body: Json): Event {
  const project = isObject(body.project) ? id(body.project.id) : null
  const event: Event = {
    action: typeof body.action === 'string' ? body.action : '',
    project,
    annotations: [],
    deletedAnnotations: [],
    createdTasks: [],
    deletedTasks: [],
    unclearTasks: [],
    unclear: false,
    projectState: readProject(body.project),
  }
  switch (event.action) {
    case 'ANNOTATION_CREATED':
    case 'ANNOTATION_UPDATED':
    case 'ANNOTATIONS_CREATED':
      // A list comes under the singular key.
      readAnnotations(event, listOf(body.annotation), listOf(body.task))
      break
    case 'ANNOTATIONS_DELETED':
      readIds(event, event.deletedAnnotations, body.annotations)
      break
    case 'TASKS_CREATED':
      readIds(event, event.createdTasks, body.tasks)
      break
    case 'TASKS_DELETED':
      readIds(event, event.deletedTasks, body.tasks)
      break
    case 'PROJECT_UPDATED':
      event.unclear = event.projectState === null
      break
    case 'PROJECT_DELETED':
      event.unclear = true
      break
  }
  return event
}

function readAnnotations(event: Event, annotations: unknown[], tasks: unknown[]): void {
  if (annotations.length === 0) event.unclear = true
  annotations.forEach((raw, index) => {
    const facts = readAnnotation(raw)
    const elsewhere = isObject(raw) && id(raw.project) !== null && id(raw.project) !== event.project
    if (facts && !elsewhere) {
      event.annotations.push(facts)
      return
    }
    const beside = tasks[index]
    const task =
      facts?.task_id ?? (isObject(raw) ? id(raw.task) : null) ?? (isObject(beside) ? id(beside.id) : null)
    if (task === null) event.unclear = true
    else event.unclearTasks.push(task)
  })
}

/**
 * @param taskId the task, where the place of the annotation tells it
 * @returns null without integer ids, without a time, which decides what is newest, or without any word of a result
 */
export function readAnnotation(raw: unknown, taskId?: number): AnnotationFacts | null {
  if (!isObject(raw)) return null
  const annotation_id = id(raw.id)
  const task_id = taskId ?? id(raw.task)
  const updated_us = microseconds(raw.updated_at)
  if (annotation_id === null || task_id === null || !('result' in raw)) return null
  // After the year 2255 microseconds are no exact number.
  if (updated_us === null || !Number.isSafeInteger(updated_us)) return null
  const author = isObject(raw.completed_by) ? raw.completed_by.id : raw.completed_by
  const lead = raw.lead_time
  return {
    annotation_id,
    task_id,
    unique_id: typeof raw.unique_id === 'string' ? raw.unique_id : null,
    result: readRegions(raw.result),
    was_cancelled: raw.was_cancelled === true,
    ground_truth: raw.ground_truth === true,
    completed_by: id(author),
    parent_prediction: id(raw.parent_prediction),
    // Longer than a year is no time that anybody spent on a task; it would only spoil the sums.
    lead_time_ms: typeof lead === 'number' && lead >= 0 && lead < 3e7 ? Math.round(lead * 1000) : null,
    updated_us,
  }
}

/** Of a result only its objects: Label Studio stores whatever it is given. */
export function readRegions(result: unknown): Region[] {
  return Array.isArray(result) ? result.filter(isObject) : []
}

/** @returns null without a labeling config, i.e. where only the project's id is told */
export function readProject(raw: unknown): ProjectState | null {
  if (!isObject(raw) || typeof raw.label_config !== 'string') return null
  return {
    title: typeof raw.title === 'string' ? raw.title : '',
    label_config: raw.label_config,
    model_version: typeof raw.model_version === 'string' ? raw.model_version : '',
  }
}

function readIds(event: Event, target: number[], list: unknown): void {
  const items = listOf(list)
  if (items.length === 0) event.unclear = true
  for (const item of items) {
    const itemId = isObject(item) ? id(item.id) : id(item)
    if (itemId === null) event.unclear = true
    else target.push(itemId)
  }
}

function listOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value
  return value === undefined || value === null ? [] : [value]
}

function id(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
