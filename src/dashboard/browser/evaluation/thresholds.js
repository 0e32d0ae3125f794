import { html, nothing } from 'lit-html'
import { percent, range } from '../format.js'
import { thresholdBadge } from '../parts/verdict.js'

/** @import { Evaluation } from '../types.ts' */

/** @param {Evaluation} evaluation */
export function thresholdsSection({ thresholds, monitor }) {
  if (thresholds.length === 0) {
    return monitor === null
      ? nothing
      : html`<section><h2>Thresholds</h2><p class="quiet">None is set, so that nothing is ever decided.</p></section>`
  }
  return html`<section>
    <h2>Thresholds</h2>
    <div class="scroll" role="group" tabindex="0" aria-label="Table">
      <table>
        <thead><tr><th scope="col">Metric</th><th scope="col">Must be</th><th scope="col" class="number">Is</th><th scope="col">Truly between</th><th scope="col" class="number">Reviewed</th><th scope="col">State</th></tr></thead>
        <tbody>
          ${thresholds.map(
            (threshold) => html`<tr>
              <th scope="row"><span class="name">${nameOf(threshold)}</span></th>
              <td>${[threshold.max === null ? '' : `at most ${percent(threshold.max)}`, threshold.min === null ? '' : `at least ${percent(threshold.min)}`].filter(Boolean).join(', ')}</td>
              <td class="number">${percent(threshold.value)}</td>
              <td>${range(threshold.sequence)}</td>
              <td class="number">${threshold.reviewed}${threshold.reviewed < threshold.min_reviewed ? html`<span class="quiet"> of ${threshold.min_reviewed} needed</span>` : nothing}</td>
              <td>${thresholdBadge(threshold.state)}</td>
            </tr>`,
          )}
        </tbody>
      </table>
    </div>
    <p class="quiet">A threshold is decided when the whole of where the metric may lie is on one side of it.</p>
  </section>`
}

/** @param {Evaluation['thresholds'][number]} threshold */
function nameOf({ metric, model_version, stratum }) {
  const of = [model_version && `version ${model_version}`, stratum].filter(Boolean).join(', ')
  return `${metric.replaceAll('_', ' ')}${of ? ` of ${of}` : ''}`
}
