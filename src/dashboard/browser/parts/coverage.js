import { html } from 'lit-html'
import { count, percent } from '../format.js'

/** @import { Evaluation } from '../types.ts' */

/**
 * How far the review is, as a bar.
 *
 * @param {Evaluation['coverage']} coverage
 */
export function coverageBar({ tasks, reviewed, skipped }) {
  const said = `${count(reviewed)} of ${count(tasks)} reviewed${skipped ? `, ${count(skipped)} skipped` : ''}`
  const share = (/** @type {number} */ part) => (tasks ? `${((100 * part) / tasks).toFixed(2)}%` : '0%')
  return html`<svg class="coverage" role="img" aria-label=${said} height="8">
    <title>${said}</title>
    <rect class="open" width="100%" height="8" rx="4"></rect>
    <rect class="reviewed" width=${share(reviewed)} height="8" rx="4"></rect>
    <rect class="skipped" x=${share(reviewed)} width=${share(skipped)} height="8"></rect>
  </svg>`
}

/** @param {Evaluation['coverage']} coverage */
export function coverageText({ tasks, reviewed, skipped, not_comparable }) {
  const share = tasks ? ` (${percent(reviewed / tasks)})` : ''
  return [
    `${count(reviewed)} of ${count(tasks)} tasks reviewed${share}`,
    skipped ? `${count(skipped)} skipped` : '',
    not_comparable ? `${count(not_comparable)} without a prediction to compare with` : '',
  ]
    .filter(Boolean)
    .join(', ')
}
