import { html, nothing } from 'lit-html'
import { percent, points, range } from '../format.js'
import { intervalBar } from '../parts/interval-bar.js'
import { evidenceBadge } from '../views/monitor.js'

/** @import { Comparison, Evaluation } from '../types.ts' */

/** @param {Evaluation} evaluation @param {Comparison} comparison of all runs of the monitor, or of this project alone */
export function versionsSection({ by_model_version }, { model_version_differences, sides, confidence }) {
  if (by_model_version.length === 0) return nothing
  const against = (/** @type {string} */ key) =>
    model_version_differences.filter(({ to }) => to === key).map(difference)
  return html`<section>
    <h2>By model version</h2>
    <div class="scroll" role="group" tabindex="0" aria-label="Table">
      <table>
        <thead><tr><th scope="col">Version</th><th scope="col" class="number">Changed</th><th scope="col" class="wide-cell">Interval</th><th scope="col">Between</th><th scope="col" class="number">Reviewed</th><th scope="col">Against another version, ${sides.length > 1 ? 'over all runs' : 'in this project'}</th></tr></thead>
        <tbody>
          ${by_model_version.map(
            ({ key, value, interval, reviewed }) => html`<tr>
              <th scope="row"><span class="name">${key}</span></th>
              <td class="number">${percent(value)}</td>
              <td class="wide-cell">${intervalBar({ value, interval })}</td>
              <td>${range(interval)}</td>
              <td class="number">${reviewed}</td>
              <td>${against(key).length === 0 ? html`<span class="quiet">${model_version_differences.length === 0 ? 'there is no other' : 'the first'}</span>` : against(key)}</td>
            </tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${model_version_differences.length === 0 ? nothing : html`<p class="quiet">A verdict holds (${percent(confidence)}) for one look, planned beforehand: no evidence is no proof that versions are alike.</p>`}
  </section>`
}

/** @param {Comparison['model_version_differences'][number]} difference */
function difference({ from, change_rate, verdict }) {
  const [low = null, high = null] = change_rate.interval ?? []
  const bounds = low === null ? '' : ` (${points(low)} to ${points(high)})`
  return html`<div class="name">${evidenceBadge(verdict)} <span class="quiet">${points(change_rate.value)}${bounds} against ${from}</span></div>`
}

/** @param {Evaluation} evaluation */
export function annotatorsSection({ by_annotator }) {
  if (by_annotator.length === 0) return nothing
  return html`<section>
    <h2>By reviewer</h2>
    <div class="scroll" role="group" tabindex="0" aria-label="Table">
      <table>
        <thead><tr><th scope="col">Label Studio user</th><th scope="col" class="number">Changed</th><th scope="col" class="number">Reviewed</th><th scope="col" class="number">Median time</th></tr></thead>
        <tbody>
          ${by_annotator.map(
            ({ key, value, reviewed, lead_time_median_s }) => html`<tr>
              <th scope="row">${key}</th><td class="number">${percent(value)}</td><td class="number">${reviewed}</td>
              <td class="number">${lead_time_median_s === null ? '–' : `${lead_time_median_s.toFixed(1)} s`}</td>
            </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`
}
