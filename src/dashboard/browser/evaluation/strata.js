import { html, nothing } from 'lit-html'
import { shareChart } from '../charts/share-chart.js'
import { count, percent, range } from '../format.js'

/** @import { Evaluation } from '../types.ts' */

const MAX_DRAWN = 60

/** By date, or by whatever else the sample is spread over. @param {Evaluation} evaluation */
export function stratumSection({ by_stratum }) {
  if (by_stratum.length === 0) return nothing
  const isByDate = by_stratum.every(({ key }) => /^\d{4}-\d\d-\d\d$/.test(key))
  const title = isByDate ? 'By date' : 'By stratum'
  const drawn = by_stratum.slice(-MAX_DRAWN)
  const spec = shareChart({
    said: `Change rate ${title.toLowerCase()}: ${drawn.map(({ key, value }) => `${key} ${percent(value)}`).join(', ')}`,
    points: drawn.map(({ key, value, interval }) => ({
      key: isByDate ? key.slice(5) : key,
      value,
      bounds: interval,
    })),
    lines: [],
    connected: false,
  })
  return html`<section>
    <h2>${title}</h2>
    ${by_stratum.length > 1 ? html`<uplot-chart .spec=${spec}></uplot-chart><p class="legend"><span class="together"><span class="key dot"></span> changed</span> <span class="together"><span class="key band"></span> interval</span> of one date, for one look</p>` : nothing}
    <div class="scroll" role="group" tabindex="0" aria-label="Table">
      <table>
        <thead><tr><th scope="col">${isByDate ? 'Date' : 'Stratum'}</th><th scope="col" class="number">Changed</th><th scope="col">Interval</th><th scope="col" class="number">Reviewed</th><th scope="col" class="number">Sampled</th><th scope="col" class="number">Records seen</th><th scope="col" class="number">Share sampled</th></tr></thead>
        <tbody>
          ${by_stratum.map(
            ({ key, value, interval, reviewed, sampled, seen }) => html`<tr>
              <th scope="row"><span class="name" dir="auto">${key || 'all'}</span></th>
              <td class="number">${percent(value)}</td>
              <td>${range(interval)}</td>
              <td class="number">${count(reviewed)}</td>
              <td class="number">${count(sampled)}</td>
              <td class="number">${seen === null ? '–' : count(seen)}</td>
              <td class="number">${percent(seen ? sampled / seen : null)}</td>
            </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`
}
