import fc from 'fast-check'
import type { Region } from '../../src/labeling/types.ts'
import type { FakeLabelStudio } from './fake-label-studio.ts'
import {
  annotationEvent,
  annotationsCreatedEvent,
  type Body,
  idsEvent,
  projectEvent,
} from './fake-webhooks.ts'

const object = '<Text name="q" value="$q"/>'
const answer = '<TextArea name="answer" toName="q"/>'
const topic = '<Choices name="topic" toName="q"><Choice value="A"/><Choice value="B"/></Choices>'
const comment = '<TextArea name="comment" toName="q"/>'

export const CONFIGS = [
  `<View>${object}${answer}${topic}${comment}</View>`,
  `<View>${object}${answer}${comment}</View>`,
  `<View>${object}${topic}${answer}${comment}<Rating name="stars" toName="q"/></View>`,
]
export const VERSIONS = ['v1', 'v2', 'v3']

const TEXTS = ['yes', 'no', 'caf\u00e9', 'cafe\u0301']
const CHOICES = [[], ['A'], ['B'], ['A', 'B']]

/** One of some hundred results: two controls that the model fills, and one that only reviewers do. */
export function resultOf(n: number): Region[] {
  const origin = n % 5 === 0 ? 'prediction-changed' : 'prediction'
  const text = (n >> 1) % 6
  const choices = CHOICES[(n >> 4) % 4] as string[]
  const regions: Region[] = []
  if (text < TEXTS.length) {
    regions.push({
      id: 'a',
      from_name: 'answer',
      to_name: 'q',
      type: 'textarea',
      value: { text: [TEXTS[text]] },
    })
  }
  if (choices.length > 0) {
    regions.push({ id: 't', from_name: 'topic', to_name: 'q', type: 'choices', value: { choices } })
  }
  if (n % 3 === 0) {
    regions.push({ id: 'c', from_name: 'comment', to_name: 'q', type: 'textarea', value: { text: ['hm'] } })
  }
  return regions.map((region) => ({ ...region, origin }))
}

/** What a model says: no comments, no origins. */
export function predictionOf(n: number): { model_version: string; result: Region[] } {
  const result = resultOf(n)
    .filter(({ from_name }) => from_name !== 'comment')
    .map(({ origin: _, ...region }) => region)
  return { model_version: VERSIONS[n % VERSIONS.length] as string, result }
}

const TOLD = [
  'annotate',
  'edit',
  'edit nothing',
  'edit twice at once',
  'skip or take it back',
  'mark as ground truth',
  'unmark',
  'delete annotations',
  'predictions to annotations',
  'import',
  'import with annotations',
  'create a task',
  'delete tasks',
  'change the config',
  'change the model version',
  'rename',
] as const
const SILENT = [
  'change data',
  'add a prediction',
  'change a prediction',
  'delete a prediction',
  'turn into a draft',
  'import elsewhere',
] as const

export type Kind = (typeof TOLD)[number] | (typeof SILENT)[number] | 'hint' | 'reconcile'

/** One thing that somebody does, what becomes of the event about it, and what the service does afterwards. */
export interface Move {
  kind: Kind
  /** Chooses what it is done to, and how. */
  a: number
  b: number
  /** How many moves later the event arrives, and for a second time. */
  delay: number
  again: number | null
  isLost: boolean
  /** Whether the event is built only after the next move, from the state there is then. */
  isLate: boolean
  /** Whether this waits for a reading of the service: until just before Label Studio looks, or until it has looked. */
  whileReading: 'no' | 'before' | 'after'
  /** Whether stored events are processed, and a job done. */
  sweep: boolean
  work: boolean
}

/**
 * Histories each of a few kinds of moves only, because what is dangerous is the same few things again and again.
 *
 * @param events whether events get lost, and Label Studio keeps to itself what it does not tell
 */
export function moves(events: 'all told' | 'some lost'): fc.Arbitrary<Move[]> {
  const kinds: Kind[] =
    events === 'all told' ? [...TOLD, 'import elsewhere', 'hint'] : [...TOLD, ...SILENT, 'hint', 'reconcile']
  const sometimes = (times: number) => fc.nat(9).map((n) => n < times)
  const delay = fc.oneof(fc.constant(0), fc.nat(2), fc.nat(10))
  return fc.subarray(kinds, { minLength: 2, maxLength: 5 }).chain((chosen) =>
    fc.array(
      fc.record({
        kind: fc.constantFrom<Kind>('annotate', ...chosen),
        a: fc.nat(999),
        b: fc.nat(999),
        delay,
        again: fc.option(delay, { freq: 2 }),
        isLost: events === 'all told' ? fc.constant(false) : sometimes(3),
        isLate: sometimes(1),
        whileReading: fc.constantFrom('no', 'before', 'after'),
        sweep: fc.boolean(),
        work: fc.boolean(),
      }),
      { minLength: 1, maxLength: 30, size: 'max' },
    ),
  )
}

/** Does it. @returns for each event about it a function that builds its body from the state there is then */
export function act(
  fake: FakeLabelStudio,
  project: number,
  { kind, a, b }: Pick<Move, 'kind' | 'a' | 'b'>,
): (() => Body | null)[] {
  const tasks = [...fake.tasks.values()].filter((task) => task.project === project).map(({ id }) => id)
  const own = new Set(tasks)
  const annotations = [...fake.annotations.values()].filter(({ task }) => own.has(task)).map(({ id }) => id)
  const predictions = [...fake.predictions.values()].filter(({ task }) => own.has(task)).map(({ id }) => id)
  const task = pick(tasks, a)
  const annotation = pick(annotations, a)
  const prediction = pick(predictions, a)
  const patch = (fields: Parameters<FakeLabelStudio['patchAnnotation']>[1]) => {
    if (annotation === undefined) return []
    fake.patchAnnotation(annotation, fields)
    return [() => annotationEvent(fake, 'ANNOTATION_UPDATED', annotation)]
  }
  const patchProject = (fields: Parameters<FakeLabelStudio['updateProject']>[1]) => {
    fake.updateProject(project, fields)
    return [() => projectEvent(fake, project)]
  }
  const ids = (action: Parameters<typeof idsEvent>[1], list: number[]) => [
    () => idsEvent(fake, action, project, list),
  ]

  switch (kind) {
    case 'import':
    case 'import with annotations': {
      const annotated = [{ result: resultOf(b) }, { result: resultOf(a) }].slice(0, 1 + (a % 2))
      const news = Array.from({ length: 1 + (a % 3) }, (_, index) => ({
        data: { q: `${a}` },
        predictions: b % 5 === 0 ? [] : [predictionOf(a + index), predictionOf(b + index)].slice(b % 2),
        annotations: kind === 'import' ? [] : annotated,
      }))
      return ids('TASKS_CREATED', fake.importTasks(project, news))
    }
    case 'create a task':
      return ids('TASKS_CREATED', [fake.createTask(project)])
    case 'delete tasks': {
      const chosen = tasks.slice(-1 - (a % 2)) // Only ids of the last ones can be given away again.
      const deleted = b % 3 === 0 && task !== undefined ? [task] : chosen
      for (const id of deleted) fake.deleteTask(id)
      return deleted.length > 0 ? ids('TASKS_DELETED', deleted) : []
    }
    case 'annotate': {
      if (task === undefined) return []
      const parent = pick(b % 2 === 0 ? fake.predictionsOf(task).map(({ id }) => id) : predictions, b)
      const predicted = parent === undefined ? undefined : fake.predictions.get(parent)?.result
      const id = fake.annotate(task, {
        result: a % 3 === 0 && predicted ? predicted : resultOf(b),
        was_cancelled: b % 7 === 0,
        ground_truth: b % 11 === 0,
        completed_by: 1 + (a % 3),
        parent_prediction: parent ?? null,
        lead_time: b % 4 === 0 ? null : (a % 90) + 0.125,
      })
      return [() => annotationEvent(fake, 'ANNOTATION_CREATED', id)]
    }
    case 'edit':
      return patch({ result: resultOf(b), lead_time: b })
    case 'edit nothing':
      return patch({})
    case 'edit twice at once': {
      if (annotation === undefined) return []
      const tell = () => annotationEvent(fake, 'ANNOTATION_UPDATED', annotation)
      let told: Body | null = null
      fake.patchAnnotationAtOnce(annotation, { result: resultOf(a) }, { result: resultOf(b) }, () => {
        told = tell()
      })
      return [() => told, tell]
    }
    case 'skip or take it back':
      return patch({
        was_cancelled: annotation !== undefined && !fake.annotations.get(annotation)?.was_cancelled,
      })
    case 'mark as ground truth':
      return patch({ ground_truth: true })
    case 'unmark':
      return patch({ ground_truth: false })
    case 'delete annotations': {
      const deleted =
        b % 2 === 0 ? annotations.slice(-1 - (a % 2)) : annotation === undefined ? [] : [annotation]
      for (const id of deleted) fake.deleteAnnotation(id)
      return deleted.length > 0 ? ids('ANNOTATIONS_DELETED', deleted) : []
    }
    case 'predictions to annotations': {
      const made = tasks.slice(-2).flatMap((id) => {
        const [first] = fake.predictionsOf(id)
        return first ? fake.annotate(id, { result: first.result, parent_prediction: first.id }) : []
      })
      return [() => annotationsCreatedEvent(fake, made)]
    }
    case 'change the config':
      return patchProject({ label_config: CONFIGS[a % CONFIGS.length] as string })
    case 'change the model version':
      return patchProject({ model_version: VERSIONS[a % VERSIONS.length] as string })
    case 'rename':
      return patchProject({ title: `title ${a}` })
    case 'change data':
      if (task !== undefined) fake.patchTask(task, { q: `${b}` })
      return []
    case 'add a prediction':
      // Label Studio marks the task as changed.
      if (task !== undefined) {
        fake.addPrediction(task, predictionOf(b))
        fake.patchTask(task, {})
      }
      return []
    case 'change a prediction':
      if (prediction !== undefined) fake.patchPrediction(prediction, predictionOf(b).result)
      return []
    case 'delete a prediction':
      if (prediction !== undefined) fake.deletePrediction(prediction)
      return []
    case 'turn into a draft':
      if (annotation !== undefined) fake.deleteAnnotation(annotation)
      return []
    case 'import elsewhere':
      fake.importTasks(project + 1, [{ annotations: [{ result: resultOf(b) }] }])
      return []
    case 'hint':
      return [() => ({ action: 'ANNOTATION_UPDATED' })]
    case 'reconcile':
      return []
  }
}

function pick<T>(list: T[], n: number): T | undefined {
  return list[n % Math.max(1, list.length)]
}
