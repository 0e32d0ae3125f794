import { html } from 'lit-html'
import { contentOf, describe, labelsOf, plain } from './regions.js'

/** @import { Region } from './regions.js' */

/**
 * Values side by side: what was taken away is struck out on the left, what was put in stands out on the right.
 *
 * @param {Region[]} predicted
 * @param {Region[]} corrected
 */
export function valueDiff(predicted, corrected) {
  const [before, after] = [entriesOf(predicted), entriesOf(corrected)]
  return html`<div class="sides">
    <div><h4>Predicted</h4>${chips(before, after, 'del')}</div>
    <div><h4>Corrected</h4>${chips(after, before, 'ins')}</div>
  </div>`
}

/**
 * Each thing that a control says, in words.
 *
 * @param {Region[]} regions
 * @returns {string[]}
 */
export function entriesOf(regions) {
  return regions.flatMap((region) => {
    const entries = Object.values(contentOf(region))
    const [only] = entries
    if (entries.length === 1 && Array.isArray(only) && only.length > 0)
      return only.map((each) => (Array.isArray(each) ? each.join(' / ') : plain(each)))
    return [
      entries.length === 0 && region.type !== 'relation' ? labelsOf(region).join(', ') : describe(region),
    ]
  })
}

/** @param {string[]} entries @param {string[]} others @param {'del' | 'ins'} kind */
function chips(entries, others, kind) {
  if (entries.length === 0) return html`<p class="quiet">nothing</p>`
  return html`<ul class="chips">
    ${entries.map((entry) => {
      if (others.includes(entry)) return html`<li dir="auto">${entry}</li>`
      return kind === 'del'
        ? html`<li dir="auto"><del><span class="hidden">removed: </span>${entry}</del></li>`
        : html`<li dir="auto"><ins><span class="hidden">added: </span>${entry}</ins></li>`
    })}
  </ul>`
}
