import { regionsOf, textOf } from './regions.js'
import { isShape, shapeDiff } from './shapes.js'
import { isSpan, spanDiff } from './spans.js'
import { textDiff } from './text-diff.js'
import { valueDiff } from './values.js'

/** @import { Evaluation, EvaluationTask } from '../types.ts' */

/**
 * What became of one control of a task, in the form that suits its regions.
 *
 * @param {string} control
 * @param {Pick<EvaluationTask, 'prediction' | 'annotation' | 'data'>} task
 * @param {Evaluation['objects']} objects
 */
export function controlDiff(control, { prediction, annotation, data }, objects) {
  const predicted = regionsOf(control, prediction)
  const corrected = regionsOf(control, annotation)
  const all = [...predicted, ...corrected]
  const shown = shownBy(all[0]?.to_name, objects, data)
  if (all.every(isShape) && all.length > 0) return shapeDiff(predicted, corrected, shown)
  if (all.every((region) => isSpan(region, shown)) && all.length > 0)
    return spanDiff(String(shown), predicted, corrected)
  if (all.every(({ type }) => type === 'textarea'))
    return textDiff(predicted.map(textOf).join('\n'), corrected.map(textOf).join('\n'))
  return valueDiff(predicted, corrected)
}

/** What the task's data has for an object tag. @param {unknown} name @param {Evaluation['objects']} objects @param {Record<string, unknown>} data */
function shownBy(name, objects, data) {
  const tag = objects.find((object) => object.name === (Array.isArray(name) ? name[0] : name))
  return tag?.field ? data[tag.field] : undefined
}
