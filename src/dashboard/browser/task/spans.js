import { html } from 'lit-html'
import { contentOf, labelsOf } from './regions.js'

/** @import { Region } from './regions.js' */

/**
 * Whether a region marks a part of this text.
 *
 * @param {Region} region
 * @param {unknown} text
 */
export function isSpan(region, text) {
  const { start, end } = contentOf(region)
  return (
    typeof text === 'string' &&
    Number.isInteger(start) &&
    Number.isInteger(end) &&
    start >= 0 &&
    start <= end &&
    end <= text.length
  )
}

/**
 * The text twice, with what was predicted and what became of it.
 *
 * @param {string} text
 * @param {Region[]} predicted
 * @param {Region[]} corrected
 */
export function spanDiff(text, predicted, corrected) {
  return html`<div class="sides">
    <div><h4>Predicted</h4>${highlighted(text, predicted, corrected, 'del')}</div>
    <div><h4>Corrected</h4>${highlighted(text, corrected, predicted, 'ins')}</div>
  </div>`
}

/** @param {string} text @param {Region[]} spans @param {Region[]} others @param {'del' | 'ins'} kind of those that the other side lacks */
function highlighted(text, spans, others, kind) {
  if (spans.length === 0)
    return html`<p class="prose" dir="auto">${text}</p><p class="quiet">Nothing is marked.</p>`
  const known = new Set(others.map(nameOf))
  return html`<p class="prose spans" dir="auto">${pieces(text, spans).map(({ part, inside }) =>
    inside.length === 0
      ? part
      : html`<mark class=${inside.some((span) => !known.has(nameOf(span))) ? kind : 'same'}
          >${part}<span class="span-label">${inside.map((span) => labelsOf(span).join(', ')).join(' + ')}</span></mark
        >`,
  )}</p>`
}

/** @param {Region} span */
function nameOf(span) {
  const { start, end } = contentOf(span)
  return `${start} ${end} ${labelsOf(span).join()}`
}

/**
 * The text in pieces, each with the spans that it lies in.
 *
 * @param {string} text
 * @param {Region[]} spans
 * @returns {{ part: string, inside: Region[] }[]}
 */
export function pieces(text, spans) {
  const edges = new Set([0, text.length])
  for (const span of spans) {
    const { start, end } = contentOf(span)
    edges.add(start).add(end)
  }
  const inOrder = [...edges].sort((a, b) => a - b)
  return inOrder.slice(0, -1).map((from, index) => {
    const to = inOrder[index + 1] ?? from
    const inside = spans.filter((span) => contentOf(span).start <= from && contentOf(span).end >= to)
    return { part: text.slice(from, to), inside }
  })
}
