import { html, nothing } from 'lit-html'
import { percent, points, range } from '../format.js'
import { intervalBar } from '../parts/interval-bar.js'
import { evidenceBadge } from '../views/monitor.js'

/** @import { Comparison, Evaluation } from '../types.ts' */

/** @param {Evaluation} evaluation @param {Comparison | null} comparison of all runs of the monitor */
export function versionsSection({ by_model_version }, comparison) {
  if (by_model_version.length === 0) return nothing
  const differences = comparison?.model_version_differences ?? []
  return html`<section>
    <h2>By model version</h2>
    <div class="scroll" role="group" tabindex="0" aria-label="Table">
      <table>
        <thead><tr><th scope="col">Version</th><th scope="col" class="number">Changed</th><th scope="col" class="wide-cell">Interval</th><th scope="col">Between</th><th scope="col" class="number">Reviewed</th><th scope="col">Against another version, over all runs</th></tr></thead>
        <tbody>
          ${by_model_version.map(
            ({ key, value, interval, reviewed }) => html`<tr>
              <th scope="row">${key}</th>
              <td class="number">${percent(value)}</td>
              <td class="wide-cell">${intervalBar({ value, interval })}</td>
              <td>${range(interval)}</td>
              <td class="number">${reviewed}</td>
              <td>${differences.filter(({ to }) => to === key).map(({ from, change_rate, verdict }) => html`${evidenceBadge(verdict)} <span class="quiet">${points(change_rate.value)} against ${from}</span> `)}</td>
            </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`
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
