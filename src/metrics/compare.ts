import type { ControlTag, Region } from '../labeling/types.ts'
import { answers } from './answers.ts'
import { choices, taxonomy } from './choices.ts'
import type { Family, Outcome } from './family.ts'
import { ranking } from './rank.ts'
import { asText, type ReadResult, readResult } from './read.ts'
import { regions } from './regions.ts'
import { compareRelations } from './relations.ts'
import { dateTime, number, pairwise, rating } from './scalars.ts'
import { chat, textArea } from './text.ts'
import { missableRegions, visibleRegions } from './visible.ts'

/** The name under which the relations between regions are compared. */
export const RELATIONS = 'relations'

/** The similarity of a changed control is at most this, so that 1 means unchanged. */
const MOST_CHANGED = 1 - 1e-6

const shape = regions('area_iou')
const keyPoint = regions('keypoint_distance')
const mask = regions('pixel_iou')
const span = regions('span_iou')
const other = regions('exact')

/** By the `type` of the regions. Where the place of a region is, its value tells, not this table. */
const FAMILIES: Map<string, Family> = new Map([
  ['choices', answers(choices)],
  ['taxonomy', answers(taxonomy)],
  ['textarea', answers(textArea)],
  ['number', answers(number)],
  ['rating', answers(rating)],
  ['datetime', answers(dateTime)],
  ['pairwise', answers(pairwise)],
  ['ranker', answers(ranking)],
  ['list', answers(ranking)],
  ['chat', answers(chat)],
  ['chatmessage', answers(chat)],
  ['labels', span],
  ['hypertextlabels', span],
  ['paragraphlabels', span],
  ['timeserieslabels', span],
  ['timelinelabels', span],
  ['rectangle', shape],
  ['rectanglelabels', shape],
  ['ellipse', shape],
  ['ellipselabels', shape],
  ['polygon', shape],
  ['polygonlabels', shape],
  ['keypoint', keyPoint],
  ['keypointlabels', keyPoint],
  ['brush', mask],
  ['brushlabels', mask],
  ['bitmask', mask],
  ['bitmasklabels', mask],
  ['magicwand', mask],
  ['videorectangle', regions('track_iou')],
])

/** How a control's regions are compared: as its tag says, else (a config without it) as the regions' own type says. */
export function familyOf(control: ControlTag, found: Region[]): Family {
  // A Taxonomy with labeling="true" marks regions, as Labels does.
  if (control.type === 'taxonomy' && control.attributes?.labeling === 'true') return span
  const types = found.map(({ type }) => asText(type)).sort()
  for (const type of [control.type ?? '', ...types]) {
    const family = FAMILIES.get(type.toLowerCase())
    if (family) return family
  }
  return other
}

/** The regions of one control on both sides, and how they are compared. */
export function readControl(control: ControlTag, prediction: ReadResult, annotation: ReadResult) {
  const [shown, kept] = [
    visibleRegions(control, prediction, annotation),
    visibleRegions(control, annotation, prediction),
  ]
  const before = missableRegions(shown, kept, prediction.unread)
  const after = missableRegions(kept, shown, annotation.unread)
  return { before, after, family: familyOf(control, [...before, ...after]) }
}

function compareControl(control: ControlTag, prediction: ReadResult, annotation: ReadResult): Outcome {
  if (control.name === RELATIONS && (!control.type || /^relations?$/.test(control.type))) {
    return compareRelations(control, prediction, annotation)
  }
  const { before, after, family } = readControl(control, prediction, annotation)
  return family.compare(control, before, after)
}

/**
 * Compares a prediction with an annotation of the same task, for each of the given controls: whether the reviewer
 * changed it, how similar both are in [0, 1] (exactly 1 when unchanged, at most 1 − 1e-6 when changed; symmetric),
 * and the name of that similarity. Regions are compared as values: their ids, order, origin, key order and what the
 * editor derives on its own count for nothing. Both results may be of any shape and size; it never throws, and takes
 * bounded time. The definitions are those of Label Studio Enterprise's agreement reference where that has one.
 */
export function compareResults(
  prediction: Region[],
  annotation: Region[],
  controls: ControlTag[],
): Record<string, Outcome> {
  const [before, after] = [readResult(prediction), readResult(annotation)]
  return Object.fromEntries(
    controls.map((control) => {
      const { changed, similarity, metric } = compareControl(control, before, after)
      const bounded = Math.min(Math.max(Number.isFinite(similarity) ? similarity : 0, 0), MOST_CHANGED)
      return [control.name, { changed, similarity: changed ? bounded : 1, metric }]
    }),
  )
}

/** The names of the controls that occur in a result, `relations` last where there are any. */
export function controlNames(result: Region[]): string[] {
  const { regions, relations } = readResult(result)
  return [...regions.keys(), ...(relations.length > 0 && !regions.has(RELATIONS) ? [RELATIONS] : [])]
}
