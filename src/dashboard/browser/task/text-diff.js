import { diffWordsWithSpace } from 'diff/lib/diff/word.js'
import { html } from 'lit-html'
import { longText, unchangedText } from './long-text.js'

/** More would keep the browser busy for seconds: then the two texts stand side by side. */
const MAX_CHARACTERS = 20_000
const MAX_EDITS = 2_000
/** Of a text in characters, and of what stayed the same at each of its ends. */
const [SHOWN, SHOWN_UNCHANGED] = [1_500, 300]
/** Where less than this stayed, two texts are easier to read than one full of marks. */
const READABLE_SHARE = 0.25

/**
 * A text with what reviewers took away and what they put in, word by word.
 *
 * @param {string} predicted
 * @param {string} corrected
 */
export function textDiff(predicted, corrected) {
  const parts = wordDiff(predicted, corrected)
  if (!parts || keptShare(parts) < READABLE_SHARE) {
    return html`<div class="sides">
      <div><h4>Predicted</h4><div class="prose" dir="auto">${longText(predicted, SHOWN)}</div></div>
      <div><h4>Corrected</h4><div class="prose" dir="auto">${longText(corrected, SHOWN)}</div></div>
    </div>`
  }
  return html`<div class="prose diff" dir="auto">${parts.map(({ value, added, removed }) =>
    removed
      ? html`<del><span class="hidden">removed: </span>${value}</del>`
      : added
        ? html`<ins><span class="hidden">added: </span>${value}</ins>`
        : unchangedText(value, SHOWN_UNCHANGED),
  )}</div>`
}

/** @param {{ value: string, added: boolean, removed: boolean }[]} parts */
function keptShare(parts) {
  const length = (/** @type {typeof parts} */ some) => some.reduce((sum, { value }) => sum + value.length, 0)
  return length(parts.filter(({ added, removed }) => !added && !removed)) / Math.max(1, length(parts))
}

/**
 * @param {string} predicted
 * @param {string} corrected
 * @returns {{ value: string, added: boolean, removed: boolean }[] | undefined} undefined where it would take too long
 */
export function wordDiff(predicted, corrected) {
  if (predicted.length + corrected.length > MAX_CHARACTERS) return undefined
  return diffWordsWithSpace(predicted, corrected, { maxEditLength: MAX_EDITS })
}
