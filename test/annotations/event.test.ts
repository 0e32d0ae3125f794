import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Event, parseEvent, readAnnotation } from '../../src/annotations/event.ts'

type Json = Record<string, unknown>

const captures = readFileSync(join(import.meta.dirname, 'fixtures/captures.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as { name: string; body: Json })

function captured(name: string): Json {
  const found = captures.find((capture) => capture.name === name)
  if (!found) throw new Error(`There is no capture ${name}`)
  return found.body
}

const NOTHING = {
  annotations: [],
  deletedAnnotations: [],
  createdTasks: [],
  deletedTasks: [],
  unclearTasks: [],
  unclear: false,
}

/** What an event says besides its action and its project. */
function saysOf(event: Event): Partial<Event> {
  const { action: _, project: __, projectState: ___, ...says } = event
  return Object.fromEntries(
    Object.entries(says).filter(([, value]) => (Array.isArray(value) ? value.length > 0 : value)),
  )
}

describe('each of the captured requests', () => {
  test.each(captures.map(({ name, body }) => [name, body] as const))('%s is understood', (name, body) => {
    const event = parseEvent(body)
    const project = body.project as Json | undefined
    expect(event.action).toBe(body.action)
    expect(event.project).toBe(project?.id ?? null)
    expect(event.unclearTasks).toEqual([])
    const raw = [body.annotation ?? []].flat() as Json[]
    expect(event.annotations.map((facts) => facts.annotation_id)).toEqual(raw.map(({ id }) => id))
    expect(event.annotations.map((facts) => facts.task_id)).toEqual(raw.map(({ task }) => task))
    expect(event.annotations.map((facts) => facts.unique_id)).toEqual(raw.map(({ unique_id }) => unique_id))
    expect(event.annotations.map((facts) => facts.result)).toEqual(raw.map(({ result }) => result))
    expect(event.annotations.map((facts) => facts.was_cancelled)).toEqual(
      raw.map(({ was_cancelled }) => was_cancelled),
    )
    expect(event.projectState?.title).toBe(project?.title)
    expect(event.unclear).toBe(/send-payload-false|PROJECT_DELETED/.test(name))
  })

  test('they are all actions that Label Studio sends to a webhook or a model', () => {
    expect([...new Set(captures.map(({ body }) => body.action))].sort()).toEqual([
      'ANNOTATIONS_CREATED',
      'ANNOTATIONS_DELETED',
      'ANNOTATION_CREATED',
      'ANNOTATION_UPDATED',
      'LABEL_LINK_DELETED',
      'PROJECT_CREATED',
      'PROJECT_DELETED',
      'PROJECT_UPDATED',
      'START_TRAINING',
      'TASKS_CREATED',
      'TASKS_DELETED',
    ])
  })
})

describe('an event', () => {
  test.each<[sentence: string, body: Json, says: Partial<Event>]>([
    [
      'that deletes an annotation names its id only',
      captured('edge__ANNOTATIONS_DELETED__single-delete'),
      { deletedAnnotations: [68] },
    ],
    [
      'that deletes tasks names their ids',
      captured('edge__TASKS_DELETED__bulk-delete-tasks-action'),
      { deletedTasks: [71, 72, 73] },
    ],
    [
      'of created tasks names them',
      captured('edge__TASKS_CREATED__single-task-post'),
      { createdTasks: [75] },
    ],
    [
      'of a project that is deleted leaves it to Label Studio',
      captured('edge__PROJECT_DELETED__project-deleted--organization-webhook'),
      { unclear: true },
    ],
    ['without payload is a hint', { action: 'ANNOTATION_UPDATED' }, { unclear: true }],
    ['of training moves nothing', captured('15-webhook__START_TRAINING'), {}],
    ['of a label link moves nothing', captured('label-link__LABEL_LINK_DELETED__deleted'), {}],
    [
      'of an action that nobody knows moves nothing',
      { action: 'ANNOTATION_SOLD', annotation: { id: 1 } },
      {},
    ],
    ['without an action moves nothing', {}, {}],
    [
      'whose ids are no numbers is unclear',
      { action: 'TASKS_DELETED', tasks: [{ id: '7' }, { id: 8 }] },
      { deletedTasks: [8], unclear: true },
    ],
    ['with an empty list is unclear', { action: 'ANNOTATIONS_DELETED', annotations: [] }, { unclear: true }],
    [
      'with bare ids is understood',
      { action: 'ANNOTATIONS_DELETED', annotations: [1, 2] },
      { deletedAnnotations: [1, 2] },
    ],
    [
      'with ids that no number holds exactly is unclear',
      { action: 'TASKS_CREATED', tasks: [{ id: 2 ** 53 }, { id: -1 }, { id: 1.5 }] },
      { unclear: true },
    ],
    [
      'of a project without its labeling config is unclear',
      { action: 'PROJECT_UPDATED', project: { id: 3 } },
      { unclear: true },
    ],
  ])('%s', (_sentence, body, says) => {
    expect(saysOf(parseEvent(body))).toEqual(says)
  })

  test('several annotations come as a list under the singular key', () => {
    const event = parseEvent(captured('edge__ANNOTATIONS_CREATED__predictions-to-annotations-action'))
    expect(event.annotations.map(({ annotation_id, task_id }) => [annotation_id, task_id])).toEqual([
      [79, 71],
      [80, 72],
      [81, 73],
    ])
  })

  test('the project is told as it is, whatever the event is about', () => {
    const { projectState } = parseEvent(captured('edge__ANNOTATIONS_DELETED__single-delete'))
    expect(projectState).toMatchObject({ title: 'edge choices', model_version: 'model-v2' })
    expect(projectState?.label_config).toMatch(/^<View>/)
  })
})

const good = {
  id: 7,
  task: 5,
  project: 1,
  result: [{ id: 'a', value: { text: ['x'] } }],
  was_cancelled: false,
  ground_truth: true,
  updated_at: '2026-11-23T09:53:55.358746Z',
  unique_id: 'u',
  completed_by: 3,
  lead_time: 1.1,
  parent_prediction: 9,
}

describe('an annotation', () => {
  test('is read with its time to the microsecond and its lead time in milliseconds', () => {
    expect(readAnnotation(good)).toEqual({
      annotation_id: 7,
      task_id: 5,
      unique_id: 'u',
      result: good.result,
      was_cancelled: false,
      ground_truth: true,
      completed_by: 3,
      parent_prediction: 9,
      lead_time_ms: 1100,
      updated_us: Date.parse('2026-11-23T09:53:55Z') * 1000 + 358746,
    })
  })

  test.each<[sentence: string, change: Json, read: Json]>([
    [
      'of a person as an object, as GET /api/tasks/{id} has it',
      { completed_by: { id: 4 } },
      { completed_by: 4 },
    ],
    ['of nobody', { completed_by: null }, { completed_by: null }],
    ['made over the API takes no time', { lead_time: null }, { lead_time_ms: null }],
    ['of less than no time', { lead_time: -1 }, { lead_time_ms: null }],
    ['of longer than a year', { lead_time: 4e7 }, { lead_time_ms: null }],
    ['with a time that is no number', { lead_time: '12' }, { lead_time_ms: null }],
    ['without a result', { result: null }, { result: [] }],
    ['with a result that is no list', { result: { a: 1 } }, { result: [] }],
    ['with regions that are none', { result: [null, 1, 'x', [], { id: 'b' }] }, { result: [{ id: 'b' }] }],
    ['without a unique id, as REST has it', { unique_id: undefined }, { unique_id: null }],
    [
      'with a time in another zone',
      { updated_at: '2026-11-23T10:53:55.358746+01:00' },
      { updated_us: Date.parse('2026-11-23T09:53:55Z') * 1000 + 358746 },
    ],
    [
      'with a time of whole seconds',
      { updated_at: '2026-11-23T09:53:55Z' },
      { updated_us: Date.parse('2026-11-23T09:53:55Z') * 1000 },
    ],
  ])('%s', (_sentence, change, read) => {
    expect(readAnnotation({ ...good, ...change })).toMatchObject(read)
  })

  test.each<[sentence: string, change: Json, task: number | null]>([
    ['no id', { id: undefined }, 5],
    ['an id that is no number', { id: '7' }, 5],
    ['an id beyond what a number holds exactly', { id: 1e17 }, 5],
    ['no time', { updated_at: undefined }, 5],
    ['a time that nobody can read', { updated_at: 'yesterday' }, 5],
    ['a time of the month 13', { updated_at: '2026-13-01T00:00:00Z' }, 5],
    ['a time beyond what a number holds in microseconds', { updated_at: '2300-01-01T00:00:00Z' }, 5],
    ['no word of a result', { result: undefined }, 5],
    ['another project', { project: 2 }, 5],
    ['no task, while the one beside it has an id', { task: undefined }, 6],
    ['a task that is no number, while the one beside it has an id', { task: 'x' }, 6],
  ])('with %s moves no number: its task is read', (_sentence, change, task) => {
    const annotation = JSON.parse(JSON.stringify({ ...good, ...change }))
    const body = { action: 'ANNOTATION_UPDATED', annotation, task: { id: 6 }, project: { id: 1 } }
    expect(saysOf(parseEvent(body))).toEqual({ unclearTasks: [task] })
  })

  test('without any task has the project read', () => {
    const body = { action: 'ANNOTATION_UPDATED', annotation: { ...good, task: null }, project: { id: 1 } }
    expect(saysOf(parseEvent(body))).toEqual({ unclear: true })
  })
})

describe('nothing that a body can hold makes it throw', () => {
  const keys = [
    'action',
    'project',
    'annotation',
    'annotations',
    'task',
    'tasks',
    'id',
    'updated_at',
    'result',
  ]
  const actions = [...new Set(captures.map(({ body }) => body.action))]

  test('any JSON under the keys that are looked at', () => {
    const body = fc.dictionary(fc.constantFrom(...keys), fc.jsonValue())
    fc.assert(
      fc.property(fc.constantFrom(...actions), body, (action, rest) => {
        expect(parseEvent({ ...(rest as Json), action })).toMatchObject({ action })
      }),
      { numRuns: 2_000 },
    )
  })

  test('a captured request with any one value replaced', () => {
    fc.assert(
      fc.property(fc.constantFrom(...captures), fc.nat(), fc.jsonValue(), (capture, place, value) => {
        const body = structuredClone(capture.body)
        const places = placesIn(body)
        const [holder, key] = places[place % places.length] as [Json, string]
        holder[key] = value
        expect(Object.keys(parseEvent(body))).toEqual(expect.arrayContaining(Object.keys(NOTHING)))
      }),
      { numRuns: 2_000 },
    )
  })
})

/** Every object in a value, with each of its keys. */
function placesIn(value: unknown): [Json, string][] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => [
    [value as Json, key] as [Json, string],
    ...placesIn(inner),
  ])
}
