import type { ControlTag, Region } from '../labeling/types.ts'
import { labelPairs } from '../metrics/confusion.ts'
import { textEdits } from '../metrics/edits.ts'

/** What the model said, what the reviewer made of it, and how often in one task. */
export type Replacement<T extends string | null> = [from: T, to: T, count: number]

/** What became what in one control of one task. */
export interface Replacements {
  /** Labels, kept ones included; null is none on that side. */
  labels: Replacement<string | null>[]
  /** Words of free texts. */
  edits: Replacement<string>[]
}

/** What counts of one control of one task: of more, those that occur most often in it. */
const MAX_LABELS = 500
const MAX_EDITS = 50
/** Longer labels and edits are cut: they are keys of a table. */
const MAX_LENGTH = 200

export function replacementsOf(
  control: ControlTag,
  prediction: Region[],
  annotation: Region[],
): Replacements {
  const labels = labelPairs(control, prediction, annotation)
  const edits = textEdits(control, prediction, annotation)
  return {
    labels: counted(labels.map(({ predicted, corrected }) => [shown(predicted), shown(corrected)])).slice(
      0,
      MAX_LABELS,
    ),
    edits: counted(edits.map(({ removed, added }) => [shown(removed), shown(added)])).slice(0, MAX_EDITS),
  }
}

/** A label as it is counted. */
export function shown<T extends string | null>(text: T): T {
  if (text === null || text.length <= MAX_LENGTH) return text
  return `${text.slice(0, MAX_LENGTH - 1).toWellFormed()}…` as T
}

/** The most frequent first, in an order that depends on nothing else. */
function counted<T extends string | null>(pairs: [from: T, to: T][]): Replacement<T>[] {
  const groups = Map.groupBy(pairs, (pair) => JSON.stringify(pair))
  return [...groups]
    .sort(([a, one], [b, other]) => other.length - one.length || (a < b ? -1 : 1))
    .map(([, equal]) => [...(equal[0] as [T, T]), equal.length])
}
