import { html, nothing } from 'lit-html'
import { count, percent } from '../format.js'

/** @import { Evaluation } from '../types.ts' */

/** @typedef {NonNullable<Evaluation['controls'][number]['confusion']>} Confusion */

/** A table of more labels than these is mostly zeros, and wider than a screen. */
const READABLE_LABELS = 12
const SHOWN_PAIRS = 20

/**
 * Which predicted label became which: as a table, and where that is large, first what was confused most.
 *
 * @param {Confusion} confusion
 */
export function confusionTable(confusion) {
  const { labels, per_label, complete } = confusion
  if (labels.length === 0) return nothing
  return html`<h4>Which label became which</h4>
    ${
      labels.length <= READABLE_LABELS
        ? matrix(confusion)
        : html`${pairTable(confusion)}<details><summary>All ${labels.length} labels, as a table</summary>${matrix(confusion)}</details>`
    }
    ${complete ? nothing : html`<p class="quiet">Only the most frequent labels stand here.</p>`}
    <details><summary>Figures by label</summary><div class="scroll" role="group" tabindex="0" aria-label="Table">${labelTable(per_label)}</div></details>`
}

/** @param {Confusion} confusion */
function pairTable({ labels, counts, removed, added }) {
  const pairs = [
    ...counts.flatMap((row, from) => row.map((tasks, to) => ({ from: labels[from], to: labels[to], tasks }))),
    ...removed.map((tasks, from) => ({ from: labels[from], to: 'nothing', tasks })),
    ...added.map((tasks, to) => ({ from: 'nothing', to: labels[to], tasks })),
  ].filter(({ from, to, tasks }) => from !== to && tasks > 0)
  const shown = pairs.sort((a, b) => b.tasks - a.tasks).slice(0, SHOWN_PAIRS)
  if (shown.length === 0) return html`<p class="quiet">No label became another one.</p>`
  return html`<div class="scroll" role="group" tabindex="0" aria-label="Table">
      <table>
        <thead><tr><th scope="col">Predicted</th><th scope="col">Became</th><th scope="col" class="number">Times</th></tr></thead>
        <tbody>${shown.map(({ from, to, tasks }) => html`<tr><td><span class="name" dir="auto">${from}</span></td><td><span class="name" dir="auto">${to}</span></td><td class="number">${count(tasks)}</td></tr>`)}</tbody>
      </table>
    </div>
    ${pairs.length > shown.length ? html`<p class="quiet">The first ${shown.length} of ${count(pairs.length)} pairs.</p>` : nothing}`
}

/**
 * Where a label stayed, the cell is framed; the more tasks, the darker it is.
 *
 * @param {Confusion} confusion
 */
function matrix({ labels, counts, removed, added }) {
  const highest = Math.max(1, ...counts.flat())
  return html`<div class="scroll" role="group" tabindex="0" aria-label="Table">
      <table class="confusion">
        <caption class="hidden">Predicted labels in rows, labels of reviewers in columns</caption>
        <thead>
          <tr><th scope="col">Predicted ↓ became →</th>${labels.map((label) => html`<th scope="col"><span class="name" dir="auto">${label}</span></th>`)}${removed.some(Boolean) ? html`<th scope="col">nothing</th>` : nothing}</tr>
        </thead>
        <tbody>
          ${counts.map(
            (row, index) => html`<tr>
              <th scope="row"><span class="name" dir="auto">${labels[index]}</span></th>
              ${row.map(
                (tasks, column) =>
                  html`<td class="number ${column === index ? 'same' : ''} heat-${Math.ceil((4 * tasks) / highest)}">${tasks === 0 ? html`<span class="quiet">0</span>` : count(tasks)}</td>`,
              )}
              ${removed.some(Boolean) ? html`<td class="number">${count(removed[index] ?? 0)}</td>` : nothing}
            </tr>`,
          )}
          ${added.some(Boolean) ? html`<tr><th scope="row">nothing</th>${added.map((tasks) => html`<td class="number">${count(tasks)}</td>`)}${removed.some(Boolean) ? html`<td></td>` : nothing}</tr>` : nothing}
        </tbody>
      </table>
    </div>`
}

/** @param {Confusion['per_label']} figures */
function labelTable(figures) {
  return html`<table>
    <thead><tr><th scope="col">Label</th><th scope="col" class="number">Predicted</th><th scope="col" class="number">By reviewers</th><th scope="col" class="number">Precision</th><th scope="col" class="number">Recall</th><th scope="col" class="number">F1</th></tr></thead>
    <tbody>
      ${figures.map(
        ({ label, predicted, support, precision, recall, f1 }) => html`<tr>
          <th scope="row"><span class="name" dir="auto">${label}</span></th><td class="number">${count(predicted)}</td><td class="number">${count(support)}</td>
          <td class="number">${percent(precision)}</td><td class="number">${percent(recall)}</td><td class="number">${percent(f1)}</td>
        </tr>`,
      )}
    </tbody>
  </table>`
}
