import { html, nothing, svg } from 'lit-html'
import { percent, range } from '../format.js'

/**
 * A share on a line from 0 to 100 %, with its interval, and the bounds of a threshold. The numbers stand beside it in
 * every place that uses it; for those who see no picture it says them again.
 *
 * @param {object} given
 * @param {number | null} given.value
 * @param {readonly number[] | null} given.interval
 * @param {(number | null)[]} [given.bounds]
 */
export function intervalBar({ value, interval, bounds = [] }) {
  if (value === null) return html`<span class="interval empty">no reviews yet</span>`
  const said = `${percent(value)}${interval ? `, between ${percent(interval[0])} and ${percent(interval[1])}` : ''}`
  return html`<svg class="interval" role="img" aria-label=${said} height="16">
    <title>${said}</title>
    <rect class="scale" x="0" y="7" width="100%" height="2" rx="1"></rect>
    ${interval ? band(interval) : nothing}
    ${bounds.map((bound) => (bound === null ? nothing : mark(bound)))}
    <circle cx=${at(value)} cy="8" r="4.5"></circle>
  </svg>`
}

/** @param {readonly number[]} interval */
function band([low = 0, high = 1]) {
  return svg`<rect class="band" x=${at(low)} y="4" width=${at(high - low)} height="8" rx="4"></rect>`
}

/** @param {number} bound */
function mark(bound) {
  return svg`<line class="bound" x1=${at(bound)} x2=${at(bound)} y1="0" y2="16"></line>`
}

/** @param {number} share */
function at(share) {
  return `${(share * 100).toFixed(2)}%`
}

/**
 * Value and interval in figures, one below the other.
 *
 * @param {number | null} value
 * @param {readonly number[] | null} interval
 */
export function figures(value, interval) {
  return html`<span class="figure">${percent(value)}</span
    >${interval ? html` <span class="quiet">${range(interval)}</span>` : nothing}`
}
