import type {
  AnnotationState,
  ProjectFacts,
  StoredPrediction,
  TaskFacts,
} from '../../src/evaluations/outcome.ts'
import { parseLabelingConfig } from '../../src/labeling/config.ts'
import type { Region } from '../../src/labeling/types.ts'

export const { controls } = parseLabelingConfig(`<View><Text name="q" value="$q"/>
  <TextArea name="answer" toName="q"/>
  <Choices name="topic" toName="q"><Choice value="A"/><Choice value="B"/></Choices>
  <TextArea name="comment" toName="q"/></View>`)

export function project(...names: string[]): ProjectFacts {
  return { predicted: controls.filter(({ name }) => names.includes(name)), model_version: 'v1' }
}
export const model = project('answer', 'topic')

export function text(value: string, from_name = 'answer'): Region {
  return { id: from_name, from_name, to_name: 'q', type: 'textarea', value: { text: [value] } }
}
export function choice(value: string): Region {
  return { id: 'topic', from_name: 'topic', to_name: 'q', type: 'choices', value: { choices: [value] } }
}
export const yes = [text('yes'), choice('A')]
export const no = [text('no'), choice('A')]
export const other = [text('yes'), choice('B')]

export function imported(result: Region[] = yes, model_version: string | null = 'v1'): TaskFacts {
  return { stratum: '2026-11-20', imported: { result, model_version }, predictions: [] }
}
export function foreign(...predictions: Partial<StoredPrediction>[]): TaskFacts {
  const all = predictions.map((each, index) => ({
    prediction_id: index + 1,
    model_version: 'v1',
    result: yes,
    created_us: index,
    ...each,
  }))
  return { stratum: null, imported: null, predictions: all }
}

/** Annotations with the ids 1, 2, 3, … */
export function annotations(...all: Partial<AnnotationState>[]): AnnotationState[] {
  return all.map((each, index) => ({
    annotation_id: index + 1,
    deleted: false,
    result: yes,
    was_cancelled: false,
    ground_truth: false,
    completed_by: 1,
    parent_prediction: null,
    lead_time_ms: null,
    ...each,
  }))
}
export const skipped = { was_cancelled: true }
export const deleted = { deleted: true }
