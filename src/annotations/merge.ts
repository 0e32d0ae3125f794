import type { AnnotationFacts } from './event.ts'

/** An annotation as the service keeps it. A deleted one stays, so that a late event can't bring it back. */
export interface StoredAnnotation extends Omit<AnnotationFacts, 'task_id'> {
  /** Null when only its deletion was heard of. */
  task_id: number | null
  deleted: boolean
}

export interface Merge {
  /** What to keep from now on; null when the event brought nothing new. */
  next: StoredAnnotation | null
  /** Only Label Studio can tell what is true. */
  unclear: boolean
}

/** Of two saves at once Label Studio may keep the one that bears the older `updated_at`; under load a save takes 3 s. */
const AT_ONCE_US = 5_000_000

/**
 * Joins what an event says with what is known. The newest `updated_at` wins, so that any order and any number of
 * repetitions of the same events ends in the same state. Behind an equal one stands the same state, but for what Label
 * Studio takes away without moving `updated_at`: the ground truth that another annotation got, the parent prediction
 * that was deleted. Whoever no longer has it knows more.
 */
export function mergeAnnotation(stored: StoredAnnotation | null, facts: AnnotationFacts): Merge {
  const heard: StoredAnnotation = { ...facts, deleted: false }
  if (!stored) return { next: heard, unclear: false }
  if (stored.deleted) {
    // Label Studio gives the ids of deleted annotations away again; `unique_id` tells one from the other.
    const isSame = stored.unique_id !== null && stored.unique_id === facts.unique_id
    return { next: null, unclear: !isSame }
  }
  const unique_id = facts.unique_id ?? stored.unique_id
  const laterUs = facts.updated_us - stored.updated_us
  if (laterUs !== 0) {
    return {
      next: laterUs > 0 ? { ...heard, unique_id } : null,
      unclear: Math.abs(laterUs) < AT_ONCE_US,
    }
  }
  const ground_truth = stored.ground_truth && facts.ground_truth
  const parent_prediction = facts.parent_prediction === null ? null : stored.parent_prediction
  const isRepetition =
    ground_truth === stored.ground_truth &&
    parent_prediction === stored.parent_prediction &&
    unique_id === stored.unique_id
  return {
    next: isRepetition ? null : { ...stored, ground_truth, parent_prediction, unique_id },
    unclear: false,
  }
}

/** The stone over a deleted annotation. */
export function tombstone(stored: StoredAnnotation | null, annotation_id: number): StoredAnnotation {
  return stored
    ? { ...stored, deleted: true }
    : {
        annotation_id,
        task_id: null,
        unique_id: null,
        result: [],
        was_cancelled: false,
        ground_truth: false,
        completed_by: null,
        parent_prediction: null,
        lead_time_ms: null,
        updated_us: 0,
        deleted: true,
      }
}
