import { html, nothing } from 'lit-html'
import { answer, api } from '../api.js'
import { shareChart } from '../charts/share-chart.js'
import { lineOf, pointsOf, trendSentence } from '../charts/trend.js'
import { days, percent, plural, points, range } from '../format.js'
import { live } from '../live.js'
import { empty, loading, problemNotice } from '../parts/notices.js'
import { runForm } from '../parts/run-form.js'
import { badge, verdictBadge } from '../parts/verdict.js'
import { mayWrite } from '../role.js'
import { link } from '../router.js'
import { runTable } from './runs.js'

/** @import { Comparison, Monitor, Run, Trend } from '../types.ts' */
/** @import { MakeView } from '../router.js' */

/** @type {MakeView} */
export const monitorView = ([name = ''], update) => {
  const path = { monitor: name }
  const form = runForm(name, update)
  const all = live(async () => {
    const [monitor, trend, runs, comparison] = await Promise.all([
      answer(api.GET('/monitors/{monitor}', { params: { path } })),
      answer(api.GET('/monitors/{monitor}/trend', { params: { path, query: { limit: 200 } } })),
      answer(api.GET('/runs', { params: { query: { monitor: name, limit: 100 } } })),
      answer(api.GET('/evaluations/compare', { params: { query: { monitor: name } } })),
    ])
    return { monitor, trend, runs: runs.items, comparison }
  }, update)
  return {
    title: () => all.value?.monitor.title ?? name,
    stop: all.stop,
    render: () => html`
      <p class="crumbs"><a href="#/">Monitors</a></p>
      <div class="head">
        <h1 tabindex="-1">${all.value?.monitor.title ?? name}</h1>
        ${all.value && mayWrite() ? form.button() : nothing}
      </div>
      ${problemNotice(all.problem)}
      ${all.value ? shown(all.value, form.render()) : all.problem ? nothing : loading()}`,
  }
}

/** @param {{ monitor: Monitor, trend: Trend, runs: Run[], comparison: Comparison }} given @param {unknown} form */
function shown({ monitor, trend, runs, comparison }, form) {
  return html`
    ${form} ${definition(monitor)}
    ${trend.items.length === 0 ? noTrend(runs) : trendSection(monitor, trend)}
    ${versions(comparison)}
    <section><h2>Runs</h2>${runTable(runs, false)}</section>`
}

/** @param {Monitor} monitor */
function definition({ name, source, sample, window, thresholds }) {
  const place =
    'bucket' in source ? `${source.bucket}/${source.prefix ?? ''}` : 'path' in source ? source.path : ''
  const pattern = 'key_pattern' in source ? source.key_pattern : ''
  return html`<dl class="facts">
    <div><dt>Name</dt><dd><code>${name}</code></dd></div>
    <div><dt>Logs</dt><dd>${source.type} <code>${place}</code> ${pattern ? html`<code>${pattern}</code>` : nothing}</dd></div>
    <div><dt>Each run</dt><dd>${plural(sample.total ?? 200, 'record')} of ${plural(window.days ?? 7, 'day')}, ${sample.by === 'none' ? 'at random' : `evenly by ${sample.by}`}${sample.where ? html`, where <code>${sample.where}</code>` : nothing}</dd></div>
    <div><dt>Must hold</dt><dd>${thresholds.length === 0 ? 'no threshold: never a verdict' : thresholds.map((threshold) => bound(threshold)).join('; ')}</dd></div>
  </dl>`
}

/** @param {Monitor['thresholds'][number]} threshold */
function bound({ metric, max, min }) {
  const limits = [
    typeof max === 'number' && `at most ${percent(max)}`,
    typeof min === 'number' && `at least ${percent(min)}`,
  ]
  return `${metric.replaceAll('_', ' ')} ${limits.filter(Boolean).join(' and ')}`
}

/** @param {Run[]} runs */
function noTrend(runs) {
  return runs.length === 0
    ? empty(
        'No run yet',
        `${mayWrite() ? 'Start the first one: it' : 'A run'} samples the logs and makes a Label Studio project. The numbers come with the reviews.`,
      )
    : empty(
        'No finished run yet',
        'As soon as a run has made its Label Studio project, its change rate stands here and moves with each review.',
      )
}

/** @param {Monitor} monitor @param {Trend} trend */
function trendSection(monitor, { items }) {
  const spec = shareChart({
    said: trendSentence(monitor.title, items),
    points: pointsOf(items),
    lines: lineOf(monitor.thresholds),
    connected: true,
  })
  return html`<section>
    <h2>Change rate over the runs</h2>
    <uplot-chart .spec=${spec}></uplot-chart>
    <p class="legend">
      <span class="together"><span class="key dot"></span> tasks</span> that reviewers changed <span class="together"><span class="key band"></span> where</span> the true rate lies, however often you look
      <span class="together"><span class="key bad"></span> threshold</span> <span class="together"><span class="key warn"></span> warning</span>
    </p>
    <div class="scroll" role="group" tabindex="0" aria-label="Table">
      <table>
        <thead><tr><th scope="col">Window</th><th scope="col">Model versions</th><th scope="col" class="number">Reviewed</th><th scope="col" class="number">Changed</th><th scope="col">True rate</th><th scope="col">Verdict</th></tr></thead>
        <tbody>
          ${items.toReversed().map(
            ({ window, project, model_versions, reviewed, change_rate, verdict }) => html`<tr>
              <th scope="row"><a href=${link('evaluations', project)}>${days(window)}</a></th>
              <td><span class="name">${model_versions.join(', ') || '–'}</span></td>
              <td class="number">${reviewed}</td>
              <td class="number">${percent(change_rate.value)}</td>
              <td>${range(change_rate.sequence)}</td>
              <td>${verdictBadge(verdict)}</td>
            </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`
}

/** @param {Comparison} comparison */
function versions({ model_version_differences, confidence }) {
  if (model_version_differences.length === 0) return nothing
  return html`<section>
    <h2>Model versions compared</h2>
    <div class="scroll" role="group" tabindex="0" aria-label="Table">
      <table>
        <thead><tr><th scope="col">Version</th><th scope="col">Against</th><th scope="col" class="number">Change rate</th><th scope="col">Between</th><th scope="col">Says</th></tr></thead>
        <tbody>
          ${model_version_differences.map(
            ({ from, to, change_rate, verdict }) => html`<tr>
              <th scope="row"><span class="name">${to}</span></th>
              <td><span class="name">${from}</span></td>
              <td class="number">${points(change_rate.value)}</td>
              <td>${change_rate.interval ? `${points(change_rate.interval[0] ?? null)} and ${points(change_rate.interval[1] ?? null)}` : '–'}</td>
              <td>${evidenceBadge(verdict)}</td>
            </tr>`,
          )}
        </tbody>
      </table>
    </div>
    <p class="quiet">
      These intervals hold (${percent(confidence)}) for one look, planned beforehand. Who looks again and again will see
      a difference sooner or later where there is none.
    </p>
  </section>`
}

/** @param {'better' | 'worse' | 'no_evidence'} verdict */
export function evidenceBadge(verdict) {
  if (verdict === 'better') return badge('good', 'Better')
  return verdict === 'worse' ? badge('bad', 'Worse') : badge('open', 'No evidence')
}
