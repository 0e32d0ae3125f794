import { html, nothing } from 'lit-html'
import { count } from '../format.js'

/**
 * The words that became other words most often.
 *
 * @param {readonly (readonly unknown[])[]} edits removed words, those in their place, how often
 */
export function editTable(edits) {
  if (edits.length === 0) return nothing
  return html`<h4>What reviewers rewrite most</h4>
    <div class="scroll" role="group" tabindex="0" aria-label="Table">
      <table>
        <thead><tr><th scope="col">Was</th><th scope="col">Became</th><th scope="col" class="number">Times</th></tr></thead>
        <tbody>
          ${edits.slice(0, 10).map(
            ([removed, added, times]) => html`<tr>
              <td class="words" dir="auto">${removed ? html`<del>${removed}</del>` : html`<span class="quiet">nothing</span>`}</td>
              <td class="words" dir="auto">${added ? html`<ins>${added}</ins>` : html`<span class="quiet">nothing</span>`}</td>
              <td class="number">${count(Number(times))}</td>
            </tr>`,
          )}
        </tbody>
      </table>
    </div>`
}
