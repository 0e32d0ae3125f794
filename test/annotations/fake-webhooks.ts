import { fromMicroseconds } from '../../src/labeling/instant.ts'
import type { FakeAnnotation, FakeLabelStudio, FakeTask } from './fake-label-studio.ts'

/** What a webhook sends. */
export type Body = Record<string, unknown>

/** @returns null for an annotation that is gone before its event is sent, as all that follow */
export function annotationEvent(
  fake: FakeLabelStudio,
  action: 'ANNOTATION_CREATED' | 'ANNOTATION_UPDATED',
  id: number,
): Body | null {
  const annotation = fake.annotations.get(id)
  if (!annotation) return null
  const task = taskOf(fake, annotation)
  const sent = { annotation: asSent(fake, annotation), task: { id: task.id, data: task.data } }
  return event(fake, action, task.project, sent)
}

/** The annotations come as a list, under the singular key. */
export function annotationsCreatedEvent(fake: FakeLabelStudio, ids: number[]): Body | null {
  const annotations = ids.flatMap((id) => fake.annotations.get(id) ?? [])
  const [first] = annotations
  if (!first) return null
  return event(fake, 'ANNOTATIONS_CREATED', taskOf(fake, first).project, {
    annotation: annotations.map((annotation) => asSent(fake, annotation)),
    task: annotations.map(({ task }) => ({ id: task })),
  })
}

/** Of what is deleted only the ids are told. */
export function idsEvent(
  fake: FakeLabelStudio,
  action: 'ANNOTATIONS_DELETED' | 'TASKS_DELETED' | 'TASKS_CREATED',
  project: number,
  ids: number[],
): Body {
  const key = action.startsWith('TASKS') ? 'tasks' : 'annotations'
  return event(fake, action, project, { [key]: ids.map((id) => ({ id })) })
}

export function projectEvent(fake: FakeLabelStudio, project: number): Body {
  return event(fake, 'PROJECT_UPDATED', project, {})
}

/** Every event carries the project as it is at that moment. */
function event(fake: FakeLabelStudio, action: string, project: number, body: Body): Body {
  return structuredClone({ action, project: fake.projects.get(project), ...body })
}

function asSent(fake: FakeLabelStudio, annotation: FakeAnnotation): Body {
  const { updated_us, ...fields } = annotation
  return { ...fields, project: taskOf(fake, annotation).project, updated_at: fromMicroseconds(updated_us) }
}

function taskOf(fake: FakeLabelStudio, { task }: FakeAnnotation): FakeTask {
  return fake.tasks.get(task) as FakeTask
}
