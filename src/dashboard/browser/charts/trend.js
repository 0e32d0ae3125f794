import { percent } from '../format.js'
import './chart.js'

/** @import { Monitor, Trend } from '../types.ts' */
/** @import { Line, SharePoint } from './share-chart.js' */

/**
 * The change rate of each run; its bounds are those that hold however often one looks.
 *
 * @param {Trend['items']} items
 * @returns {SharePoint[]}
 */
export function pointsOf(items) {
  return items.map(({ window, change_rate }) => ({
    key: window.to,
    value: change_rate.value,
    bounds: change_rate.sequence,
  }))
}

/**
 * The thresholds of the plain change rate of all tasks.
 *
 * @param {Pick<Monitor['thresholds'][number], 'metric' | 'model_version' | 'stratum' | 'max' | 'warn'>[]} thresholds
 * @returns {Line[]}
 */
export function lineOf(thresholds) {
  return thresholds
    .filter(({ metric, model_version, stratum }) => metric === 'change_rate' && !model_version && !stratum)
    .flatMap(({ max, warn }) => [
      ...(typeof max === 'number' ? [{ bound: max, kind: /** @type {const} */ ('bad') }] : []),
      ...(typeof warn === 'number' ? [{ bound: warn, kind: /** @type {const} */ ('warn') }] : []),
    ])
}

/** @param {string} title @param {Trend['items']} items */
export function trendSentence(title, items) {
  const [first, last] = [items[0], items.at(-1)]
  if (!first || !last) return `${title}: no runs yet`
  return `Change rate of ${title} over ${items.length} runs: from ${percent(first.change_rate.value)} for the window to ${first.window.to}, to ${percent(last.change_rate.value)} for that to ${last.window.to}`
}
