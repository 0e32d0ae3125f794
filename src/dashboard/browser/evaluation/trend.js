import { html, nothing } from 'lit-html'
import { shareChart } from '../charts/share-chart.js'
import { lineOf, pointsOf, trendSentence } from '../charts/trend.js'
import { days, percent, range } from '../format.js'
import { link } from '../router.js'

/** @import { Evaluation, Trend } from '../types.ts' */

/**
 * This evaluation among the runs of its monitor.
 *
 * @param {Trend['items']} items
 * @param {Evaluation} evaluation
 */
export function trendSection(items, { project, thresholds, monitor }) {
  if (items.length < 2) return nothing
  const spec = shareChart({
    said: trendSentence(monitor ?? '', items),
    points: pointsOf(items),
    lines: lineOf(thresholds),
    connected: true,
  })
  return html`<section>
    <h2>Over the runs</h2>
    <uplot-chart .spec=${spec}></uplot-chart>
    <p class="legend"><span class="together"><span class="key dot"></span> changed</span> <span class="together"><span class="key band"></span> where</span> the true rate lies, however often you look <span class="together"><span class="key bad"></span> threshold</span> <span class="together"><span class="key warn"></span> warning</span></p>
    <details>
      <summary>As a table</summary>
      <table>
        <thead><tr><th scope="col">Window</th><th scope="col" class="number">Reviewed</th><th scope="col" class="number">Changed</th><th scope="col">True rate</th></tr></thead>
        <tbody>
          ${items.toReversed().map(
            (item) => html`<tr aria-current=${item.project === project ? 'true' : nothing}>
              <th scope="row"><a href=${link('evaluations', item.project)}>${days(item.window)}</a></th>
              <td class="number">${item.reviewed}</td><td class="number">${percent(item.change_rate.value)}</td><td>${range(item.change_rate.sequence)}</td>
            </tr>`,
          )}
        </tbody>
      </table>
    </details>
  </section>`
}
