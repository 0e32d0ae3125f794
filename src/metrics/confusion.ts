import type { ControlTag, Region } from '../labeling/types.ts'
import { readControl } from './compare.ts'
import { readResult } from './read.ts'

/** A predicted label and what the reviewer made of it; null where there was none, or none was left. */
export interface LabelPair {
  predicted: string | null
  corrected: string | null
}

/** How often a label was predicted, how often the reviewers gave it, and how often both. */
export interface LabelCounts {
  predicted: number
  corrected: number
  both: number
}

/**
 * The rows of a confusion table: the labels of a Choices, Taxonomy or Pairwise answer or of regions that belong
 * together (by id, by value, by place). A label on both sides is right; one taken away and one added where the other
 * stood is a confusion; more than one of either cannot be told apart and stand alone. Empty for tags without labels.
 */
export function labelPairs(control: ControlTag, prediction: Region[], annotation: Region[]): LabelPair[] {
  const { before, after, family } = readControl(control, readResult(prediction), readResult(annotation))
  return family.labels(control, before, after).flatMap(({ predicted, corrected }): LabelPair[] => {
    const [old, fresh] = [new Set(predicted), new Set(corrected)]
    const kept = predicted
      .filter((label) => fresh.has(label))
      .map((label) => ({ predicted: label, corrected: label }))
    const removed = predicted.filter((label) => !fresh.has(label))
    const added = corrected.filter((label) => !old.has(label))
    if (removed.length === 1 && added.length === 1) {
      return [...kept, { predicted: removed[0] as string, corrected: added[0] as string }]
    }
    return [
      ...kept,
      ...removed.map((label) => ({ predicted: label, corrected: null })),
      ...added.map((label) => ({ predicted: null, corrected: label })),
    ]
  })
}

/** Counts as shares: null where there is nothing to take a share of. F1 is the harmonic mean of precision and recall. */
export function labelFigures({ predicted, corrected, both }: LabelCounts) {
  const share = (part: number, whole: number) => (whole === 0 ? null : part / whole)
  return {
    predicted,
    support: corrected,
    correct: both,
    precision: share(both, predicted),
    recall: share(both, corrected),
    f1: share(2 * both, predicted + corrected),
  }
}
