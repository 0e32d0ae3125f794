import { html, nothing } from 'lit-html'
import { ApiProblem, answer, api } from '../api.js'
import { count, moment, percent, plural, size } from '../format.js'
import { isOver, watchRun } from '../live.js'
import { external } from '../parts/external.js'
import { loading, problemNotice } from '../parts/notices.js'
import { runProgress } from '../parts/progress.js'
import { statusBadge } from '../parts/verdict.js'
import { mayWrite } from '../role.js'
import { link } from '../router.js'

/** @import { Run } from '../types.ts' */
/** @import { MakeView } from '../router.js' */

/** @type {MakeView} */
export const runView = ([id = ''], update) => {
  /** @type {Run | null} */
  let run = null
  /** @type {Error | null} */
  let problem = null
  let stopWatching = () => {}
  const path = { run: id }

  /** @param {Run} told */
  function take(told) {
    run = told
    problem = null
    update()
  }
  /** @param {unknown} error */
  function fail(error) {
    problem = /** @type {Error} */ (error)
    update()
  }
  async function start() {
    try {
      take(await answer(api.GET('/runs/{run}', { params: { path } })))
      if (run && !isOver(run)) stopWatching = watchRun(id, take)
    } catch (error) {
      fail(error)
    }
  }
  start()

  const cancel = () =>
    answer(api.POST('/runs/{run}/cancel', { params: { path } })).then((cancelled) => {
      take(cancelled)
      goToTop()
    }, fail)
  const retry = () =>
    answer(api.POST('/runs/{run}/retry', { params: { path } })).then((again) => {
      take(again)
      goToTop()
      stopWatching = watchRun(id, take)
    }, fail)

  return {
    title: () => (run ? `Run of ${run.monitor}` : 'Run'),
    stop: () => stopWatching(),
    render: () => html`${run ? shown(run, cancel, retry) : html`<h1 tabindex="-1">Run</h1>`}
      ${problemNotice(problem)} ${run || problem ? nothing : loading()}
      ${problem instanceof ApiProblem && problem.status === 404 ? html`<p><a href="#/runs">All runs</a></p>` : nothing}`,
  }
}

/** The button that was pressed is gone. */
function goToTop() {
  document.querySelector('h1')?.focus()
}

/** @param {Run} run @param {() => void} cancel @param {() => void} retry */
function shown(run, cancel, retry) {
  return html`
    <p class="crumbs"><a href="#/">Monitors</a> / <a href=${link('monitors', run.monitor)}>${run.monitor}</a></p>
    <div class="head">
      <h1 tabindex="-1">Run over ${inWords(run.window)}</h1>
      <div class="actions">
        ${isOver(run) || !mayWrite() ? nothing : html`<button class="button second" @click=${cancel}>Cancel the run</button>`}
        ${mayWrite() && (run.status === 'failed' || run.status === 'cancelled') ? html`<button class="button" @click=${retry}>Go on with it</button>` : nothing}
        ${run.project ? html`<a class="button second" href=${link('evaluations', run.project.id)}>Evaluation</a>` : nothing}
        ${run.project ? external(run.project.url, 'Review in Label Studio', 'button') : nothing}
      </div>
    </div>
    <p role="status">${statusBadge(run.status)} ${run.finished_at ? html`<span class="quiet">${moment(run.finished_at)}</span>` : nothing}</p>
    ${isOver(run) ? nothing : runProgress(run)}
    ${run.error ? html`<div class="notice bad"><strong>The run failed.</strong> ${run.error}</div>` : nothing}
    ${run.message ? html`<div class="notice">${run.message}</div>` : nothing}
    ${run.warnings.map((warning) => html`<div class="notice warn">${warning}</div>`)}
    ${
      run.webhook && !run.webhook.registered
        ? html`<div class="notice warn"><strong>Label Studio did not take the webhook.</strong> ${run.webhook.problem} ${run.webhook.remedy} Until then the service asks for changes every ten seconds.</div>`
        : nothing
    }
    ${facts(run)} ${strata(run)} ${malformed(run)} ${notifications(run)}`
}

/** No date is broken in two. @param {Run['window']} window */
function inWords({ from, to }) {
  const first = html`<span class="together">${from}</span>`
  return from === to ? first : html`${first} to <span class="together">${to}</span>`
}

/** @param {Run} run */
function facts({ progress, total, seed, focus, project }) {
  return html`<dl class="facts">
    <div><dt>Logs read</dt><dd>${count(progress.objects_done)} of ${plural(progress.objects_total, 'object')}, ${size(progress.bytes_done)}</dd></div>
    <div><dt>Records seen</dt><dd>${count(progress.records_seen)}${progress.records_malformed ? html`, ${count(progress.records_malformed)} unreadable` : nothing}</dd></div>
    <div><dt>Tasks</dt><dd>${count(progress.tasks_imported)} of ${count(progress.tasks_total || total)}</dd></div>
    <div><dt>Seed</dt><dd>${seed}</dd></div>
    ${project ? html`<div><dt>Label Studio project</dt><dd>${project.title}</dd></div>` : nothing}
    ${focus ? html`<div><dt>Looks at</dt><dd>${focus.where ?? nothing} ${focus.strata?.join(', ') ?? nothing}</dd></div>` : nothing}
  </dl>`
}

/** @param {Run} run */
function strata({ strata }) {
  if (strata.length === 0) return nothing
  return html`<section>
    <h2>What was sampled</h2>
    <div class="scroll" role="group" tabindex="0" aria-label="Table">
      <table>
        <thead><tr><th scope="col">Stratum</th><th scope="col" class="number">Records seen</th><th scope="col" class="number">Sampled</th><th scope="col" class="number">Share</th></tr></thead>
        <tbody>
          ${strata.map(
            ({ key, seen, sampled }) =>
              html`<tr><th scope="row"><span class="name" dir="auto">${key}</span></th><td class="number">${count(seen)}</td><td class="number">${count(sampled)}</td><td class="number">${percent(seen ? sampled / seen : null)}</td></tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`
}

/** @param {Run} run */
function malformed({ malformed, progress }) {
  if (malformed.length === 0) return nothing
  return html`<section>
    <h2>What could not be read</h2>
    <p class="quiet">${plural(progress.records_malformed, 'record')} in all${progress.records_malformed > malformed.length ? `; the first ${malformed.length}` : ''}:</p>
    <ul class="lines">
      ${malformed.map(({ object, line, problem }) => html`<li><code>${object}${line === null ? '' : `:${line}`}</code> ${problem}</li>`)}
    </ul>
  </section>`
}

/** @param {Run} run */
function notifications({ notifications }) {
  if (notifications.length === 0) return nothing
  return html`<section>
    <h2>Who was told</h2>
    <ul class="lines">
      ${notifications.map(
        ({ kind, type, to, state, error }) =>
          html`<li>${kind === 'email' ? 'E-mail' : 'Webhook'} to ${to.join(', ')} about <code>${type}</code>: ${state}${error ? html` (${error})` : nothing}</li>`,
      )}
    </ul>
  </section>`
}
