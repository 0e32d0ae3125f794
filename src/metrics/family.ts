import type { ControlTag, Region } from '../labeling/types.ts'

/** What comparing one control of a prediction with that of an annotation gives. */
export interface Outcome {
  changed: boolean
  /** In [0, 1]. */
  similarity: number
  metric: string
}

/** Labels, or texts, of one answer or region on either side; empty where that side has none. */
export interface Sides {
  predicted: string[]
  corrected: string[]
}

/** How the regions of one kind of control tag are compared. */
export interface Family {
  compare(control: ControlTag, prediction: Region[], annotation: Region[]): Outcome
  /** The labels of what belongs together; empty for kinds without labels. */
  labels(control: ControlTag, prediction: Region[], annotation: Region[]): Sides[]
  /** The texts of what belongs together; empty for kinds that are no free text. */
  texts(control: ControlTag, prediction: Region[], annotation: Region[]): Sides[]
}

/**
 * Elementary steps that the similarity of one control may take, shared by its pairs: about a second. What would take
 * more is compared in less detail, as the families say; whether a control is changed does not depend on it.
 */
export const STEPS = 2e8
