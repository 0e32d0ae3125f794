import { html, nothing } from 'lit-html'
import { count } from '../format.js'

/** @import { Evaluation } from '../types.ts' */

/** @typedef {NonNullable<Evaluation['controls'][number]['confusion']>} Confusion */

/**
 * Which predicted label became which. Where a label stayed, the cell is framed; the more tasks, the darker it is.
 *
 * @param {Confusion} confusion
 */
export function confusionTable({ labels, counts }) {
  const highest = Math.max(1, ...counts.flat())
  return html`<h4>Which label became which</h4>
    <div class="scroll" role="group" tabindex="0" aria-label="Table">
      <table class="confusion">
        <caption class="hidden">Predicted labels in rows, labels of reviewers in columns</caption>
        <thead>
          <tr><th scope="col">Predicted ↓ became →</th>${labels.map((label) => html`<th scope="col">${label}</th>`)}</tr>
        </thead>
        <tbody>
          ${counts.map(
            (row, index) => html`<tr>
              <th scope="row">${labels[index]}</th>
              ${row.map(
                (tasks, column) => html`<td class="number ${column === index ? 'same' : ''} heat-${Math.ceil((4 * tasks) / highest)}">${tasks === 0 ? html`<span class="quiet">0</span>` : count(tasks)}</td>`,
              )}
            </tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${labels.length === 0 ? html`<p class="quiet">No labels yet.</p>` : nothing}`
}
