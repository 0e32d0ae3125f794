import { CONFIG } from '../project.ts'

/** After so many tasks the facts of their events repeat themselves, but for the ids. */
const KINDS = 400
/** A multiple of the kinds, whose digits stand for nothing else. */
const MARK = 7_654_321_200

/**
 * Bodies of events as Label Studio sends them when somebody has submitted an annotation, 3.5 KB each. They are prepared,
 * because writing them is not what is measured.
 */
export function annotationsCreated(project: number): (task: number) => Buffer {
  const kinds = Array.from({ length: KINDS }, (_, kind) =>
    annotationCreated(project, MARK + kind).split(`${MARK + kind}`),
  )
  return (task) => Buffer.from((kinds[task % KINDS] as string[]).join(`${task}`), 'latin1')
}

function annotationCreated(project: number, task: number): string {
  const now = new Date().toISOString().replace('Z', '000Z')
  const region = (text: string) => ({
    ...{ id: 'answer', from_name: 'answer', to_name: 'question', type: 'textarea', value: { text: [text] } },
  })
  const predicted = `The capital is city ${task}.`
  const answer = task % 10 === 0 ? `The chief town is city ${task}.` : predicted
  return JSON.stringify({
    action: 'ANNOTATION_CREATED',
    annotation: {
      ...{
        id: task,
        result: [{ ...region(answer), origin: 'prediction' }],
        result_count: 1,
        task,
        project,
      },
      ...{
        was_cancelled: false,
        ground_truth: false,
        created_at: now,
        updated_at: now,
        draft_created_at: null,
      },
      ...{
        lead_time: 5 + (task % KINDS) / 10,
        unique_id: `00000000-0000-4000-8000-${task}`,
        import_id: null,
        last_action: null,
      },
      ...{ completed_by: 1 + (task % 5), updated_by: 1 + (task % 5), parent_prediction: task },
      ...{ bulk_created: false, parent_annotation: null, last_created_by: null },
      prediction: {
        ...{ id: task, result: [region(predicted)], model_version: 'v1.0.0', score: 0.87, task, project },
        ...{ created_ago: '0 minutes', cluster: null, neighbors: null, mislabeling: 0, model: null },
        ...{ created_at: now, updated_at: now, model_run: null },
      },
    },
    project: { id: project, ...PROJECT },
    task: {
      ...{ id: task, data: { question: `What is the capital of country ${task}?` }, meta: {}, project },
      ...{
        created_at: now,
        updated_at: now,
        is_labeled: true,
        allow_skip: true,
        overlap: 1,
        inner_id: task,
      },
      ...{ total_annotations: 1, cancelled_annotations: 0, total_predictions: 1, comment_count: 0 },
      ...{ precomputed_agreement: null, unresolved_comment_count: 0, last_comment_updated_at: null },
      ...{ updated_by: 1, file_upload: null, comment_authors: [] },
    },
  })
}

/** Label Studio adds the whole project to each event. */
const PROJECT = {
  ...{ title: 'bench', description: '', label_config: CONFIG, model_version: 'v1.0.0', color: '#FFFFFF' },
  ...{ task_number: 20_000, finished_task_number: 200, total_predictions_number: 20_000, result_count: 0 },
  ...{ total_annotations_number: 200, num_tasks_with_annotations: 200, useful_annotation_number: 200 },
  ...{ ground_truth_number: 0, skipped_annotations_number: 0, label_config_hash: -1293104394558219 },
  parsed_label_config: {
    answer: {
      ...{ type: 'TextArea', to_name: ['question'], labels: [], labels_attrs: {} },
      inputs: [{ type: 'Text', valueType: null, value: 'question' }],
    },
  },
  ...{
    expert_instruction: '',
    show_instruction: false,
    show_skip_button: true,
    enable_empty_annotation: true,
  },
  ...{ reveal_preannotations_interactively: false, show_annotation_history: false, is_draft: false },
  ...{ show_collab_predictions: true, evaluate_predictions_automatically: false, is_published: false },
  ...{ token: 'x'.repeat(40), maximum_annotations: 1, min_annotations_to_start_training: 0 },
  control_weights: { answer: { overall: 1, type: 'TextArea', labels: {} } },
  ...{ data_types: { question: 'Text' }, sampling: 'Sequential sampling', skip_queue: 'REQUEUE_FOR_OTHERS' },
  ...{ created_at: '2026-03-14T09:51:55.417640Z', updated_at: '2026-03-14T09:51:55.571525Z' },
  ...{ show_ground_truth_first: false, annotator_evaluation_enabled: false, show_overlap_first: false },
  ...{ overlap_cohort_percentage: 100, task_data_login: null, task_data_password: null, pinned_at: null },
  ...{ custom_task_lock_ttl: null, deleted_at: null, purge_at: null, search_vector: null },
  ...{ organization: 1, created_by: 1, deleted_by: null },
}
