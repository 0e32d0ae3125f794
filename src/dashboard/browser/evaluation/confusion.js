import { html, nothing } from 'lit-html'
import { count, percent } from '../format.js'

/** @import { Evaluation } from '../types.ts' */

/** @typedef {NonNullable<Evaluation['controls'][number]['confusion']>} Confusion */

/**
 * Which predicted label became which. Where a label stayed, the cell is framed; the more tasks, the darker it is.
 *
 * @param {Confusion} confusion
 */
export function confusionTable({ labels, counts, removed, added, per_label, complete }) {
  if (labels.length === 0) return nothing
  const highest = Math.max(1, ...counts.flat())
  return html`<h4>Which label became which</h4>
    <div class="scroll" role="group" tabindex="0" aria-label="Table">
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
    </div>
    ${complete ? nothing : html`<p class="quiet">Only the most frequent labels stand here.</p>`}
    <details><summary>Figures by label</summary><div class="scroll" role="group" tabindex="0" aria-label="Table">${labelTable(per_label)}</div></details>`
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
