import { html, svg } from 'lit-html'
import { VERDICTS } from '../format.js'

/** @import { Evaluation, Run } from '../types.ts' */

/** Never told by colour alone: each has a shape and a word. */
const SHAPES = {
  good: svg`<path d="M3.5 8.5l3 3 6-7" />`,
  bad: svg`<path d="M4 4l8 8M12 4l-8 8" />`,
  warn: svg`<path d="M8 3v6.5M8 12.4v.2" />`,
  open: svg`<path d="M3.5 8h9" />`,
  busy: svg`<path d="M8 3.5v5l3 2" />`,
}

/**
 * @param {keyof typeof SHAPES} kind
 * @param {string} text
 */
export function badge(kind, text) {
  return html`<span class="badge ${kind}"
    ><svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">${SHAPES[kind]}</svg>${text}</span
  >`
}

/** @param {Evaluation['verdict']} verdict */
export function verdictBadge(verdict) {
  const kinds = /** @type {const} */ ({ pass: 'good', fail: 'bad', inconclusive: 'open' })
  return badge(kinds[verdict], VERDICTS[verdict])
}

/** @param {Evaluation['thresholds'][number]['state']} state */
export function thresholdBadge(state) {
  return state === 'warning' ? badge('warn', 'Warning') : verdictBadge(state)
}

/** @type {Record<Run['status'], [keyof typeof SHAPES, string]>} */
const STATES = {
  queued: ['busy', 'Waiting'],
  scanning: ['busy', 'Reading logs'],
  importing: ['busy', 'Importing tasks'],
  ready: ['good', 'Ready'],
  failed: ['bad', 'Failed'],
  cancelled: ['open', 'Cancelled'],
}

/** @param {Run['status']} status */
export function statusBadge(status) {
  return badge(...STATES[status])
}
