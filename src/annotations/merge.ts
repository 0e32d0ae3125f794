import type { AnnotationFacts } from './event.ts'

/** An annotation as the service keeps it. A deleted one stays, so that a late event can't bring it back. */
export interface StoredAnnotation extends Omit<AnnotationFacts, 'task_id'> {
  /** Null when only its deletion was heard of. */
  task_id: number | null
  deleted: boolean
  ground_truth_us: number | null
}

export interface Merge {
  /** What to keep from now on; null when the event brought nothing new. */
  next: StoredAnnotation | null
  /** Only Label Studio can tell what is true. */
  unclear: boolean
}

/**
 * Joins what an event says with what is known. The newest `updated_at` wins and an equal one is a repetition, so
 * that any order and any number of repetitions of the same events ends in the same state.
 */
export function mergeAnnotation(stored: StoredAnnotation | null, facts: AnnotationFacts): Merge {
  const heard: StoredAnnotation = {
    ...facts,
    deleted: false,
    ground_truth_us: facts.ground_truth ? facts.updated_us : null,
  }
  if (!stored) return { next: heard, unclear: false }
  if (stored.deleted) {
    // Label Studio gives the ids of deleted annotations away again; `unique_id` tells one from the other.
    const known = stored.unique_id !== null && facts.unique_id !== null
    if (known && stored.unique_id !== facts.unique_id) return { next: heard, unclear: false }
    return { next: null, unclear: !known }
  }
  const ground_truth_us = later(stored.ground_truth_us, heard.ground_truth_us)
  if (facts.updated_us > stored.updated_us) {
    return {
      // REST answers hold no unique_id: one that is known is kept.
      next: { ...heard, unique_id: facts.unique_id ?? stored.unique_id, ground_truth_us },
      unclear: false,
    }
  }
  const learnt =
    ground_truth_us !== stored.ground_truth_us || (stored.unique_id === null && facts.unique_id !== null)
  return {
    next: learnt ? { ...stored, ground_truth_us, unique_id: stored.unique_id ?? facts.unique_id } : null,
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
        ground_truth_us: null,
      }
}

function later(a: number | null, b: number | null): number | null {
  if (a === null) return b
  return b === null ? a : Math.max(a, b)
}
