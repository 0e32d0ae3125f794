import type { Confusion } from '../contract/types.ts'
import type { ControlTag } from '../labeling/types.ts'
import { RELATIONS } from '../metrics/compare.ts'
import { labelFigures } from '../metrics/confusion.ts'
import { type Frequencies, isCut } from './frequencies.ts'
import { shown } from './replacement.ts'

/** A table that people can still look at. */
const MAX_LABELS = 100
/** Tags whose `labels` are no answers, but places to put items, or names of relations. */
const NO_ANSWERS = ['ranker', 'list', RELATIONS]
const FREE_TEXT = ['textarea', 'chatmessage']

/** Predicted × corrected with the figures of each label; null for a control without labels. */
export function presentConfusion(control: ControlTag, frequencies: Frequencies): Confusion | null {
  const configured = labelsOf(control)
  if (configured === null && frequencies.labels.size === 0) return null
  const found = [...(configured ?? []).slice(0, MAX_LABELS), ...frequencies.labels.keys()]
  const labels = mostFrequent([...new Set(found)], frequencies)
  const at = new Map(labels.map((label, index) => [label, index]))
  const counts = labels.map(() => labels.map(() => 0))
  const [removed, added] = [labels.map(() => 0), labels.map(() => 0)]
  for (const [predicted, corrected, count] of frequencies.confusions) {
    const [row, column] = [at.get(predicted ?? ''), at.get(corrected ?? '')]
    if (predicted === null) set(added, column, count)
    else if (corrected === null) set(removed, row, count)
    else if (row !== undefined) set(counts[row] as number[], column, count)
  }
  return {
    ...{ labels, counts, removed, added },
    per_label: labels.map((label) => ({
      label,
      ...labelFigures(frequencies.labels.get(label) ?? { predicted: 0, corrected: 0, both: 0 }),
    })),
    complete: labels.length === new Set(found).size && !isCut(frequencies),
  }
}

/** The most frequent edits of a free text; null for other controls. */
export function presentEdits(
  { type }: ControlTag,
  { edits }: Frequencies,
): [string, string, number][] | null {
  return FREE_TEXT.includes(type) || edits.length > 0 ? edits : null
}

function labelsOf({ type, labels, openLabels }: ControlTag): string[] | null {
  if (type === 'pairwise') return ['left', 'right']
  if (NO_ANSWERS.includes(type) || (labels.length === 0 && !openLabels)) return null
  return labels.map((label) => shown(label.normalize('NFC')))
}

/** In their order; of more than fit those that occurred most. */
function mostFrequent(labels: string[], frequencies: Frequencies): string[] {
  if (labels.length <= MAX_LABELS) return labels
  const rank = new Map([...frequencies.labels.keys()].map((label, index) => [label, index]))
  const ranked = labels.toSorted((a, b) => (rank.get(a) ?? Infinity) - (rank.get(b) ?? Infinity))
  const kept = new Set(ranked.slice(0, MAX_LABELS))
  return labels.filter((label) => kept.has(label))
}

function set(counts: number[], index: number | undefined, count: number): void {
  if (index !== undefined) counts[index] = count
}
