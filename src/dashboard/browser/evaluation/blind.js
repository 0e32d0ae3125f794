import { html, nothing } from 'lit-html'
import { percent, points } from '../format.js'

/** @import { Evaluation } from '../types.ts' */

/** @param {Evaluation} evaluation */
export function blindSection({ blind }) {
  if (!blind) return nothing
  const { difference } = blind
  const arms = /** @type {const} */ ([
    ['Saw the prediction', blind.shown],
    ['Did not see it', blind.blind],
  ])
  return html`<section>
    <h2>Does seeing the answer sway reviewers?</h2>
    <div class="scroll" role="group" tabindex="0" aria-label="Table">
      <table>
        <thead><tr><th scope="col">Reviewers</th><th scope="col" class="number">Reviewed</th><th scope="col" class="number">Differs from the prediction</th><th scope="col" class="number">Similarity</th></tr></thead>
        <tbody>
          ${arms.map(([name, arm]) => html`<tr><th scope="row">${name}</th><td class="number">${arm.reviewed}</td><td class="number">${percent(arm.value)}</td><td class="number">${percent(arm.similarity)}</td></tr>`)}
        </tbody>
      </table>
    </div>
    <p>Difference in change rate ${between(difference.change_rate)}, in similarity ${between(difference.similarity)}.</p>
    <p class="quiet">Of free text only the similarity means something: nobody writes the same sentence twice.</p>
  </section>`
}

/** @param {{ value: number | null, interval: readonly number[] | null }} difference */
function between({ value, interval }) {
  if (value === null) return 'not known yet'
  return `${points(value)}${interval ? ` (${points(interval[0] ?? null)} to ${points(interval[1] ?? null)})` : ''}`
}
