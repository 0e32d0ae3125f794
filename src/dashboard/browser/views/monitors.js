import { html, nothing } from 'lit-html'
import { answer, api } from '../api.js'
import { sparkline } from '../charts/sparkline.js'
import { lineOf, pointsOf, trendSentence } from '../charts/trend.js'
import { ago, days, percent, plural, range } from '../format.js'
import { isOver, live } from '../live.js'
import { empty, loading, problemNotice } from '../parts/notices.js'
import { runProgress } from '../parts/progress.js'
import { badge, statusBadge, verdictBadge } from '../parts/verdict.js'
import { mayWrite } from '../role.js'
import { link } from '../router.js'

/** @import { Evaluation, Monitor, Run, Trend } from '../types.ts' */
/** @import { MakeView } from '../router.js' */

const SHOWN_POINTS = 20

/** @type {MakeView} */
export const monitorsView = (_, update) => {
  /** By monitor, with the moment of its newest evaluation when they were read. @type {Map<string, { as: string, trend: Trend }>} */
  const trends = new Map()

  const overview = live(async () => {
    const [monitors, evaluations, runs] = await Promise.all([
      answer(api.GET('/monitors', { params: { query: { limit: 1000 } } })),
      answer(api.GET('/evaluations', { params: { query: { limit: 20 } } })),
      answer(api.GET('/runs', { params: { query: { limit: 20 } } })),
    ])
    await Promise.all(monitors.items.map(({ name }) => readTrend(name, evaluations.items)))
    return { monitors: monitors.items, evaluations: evaluations.items, runs: runs.items, trends: [...trends] }
  }, update)

  /** Only when its numbers have moved. @param {string} name @param {Evaluation[]} evaluations */
  async function readTrend(name, evaluations) {
    const as = evaluations.filter(({ monitor }) => monitor === name).map(({ updated_at }) => updated_at)
    if (trends.get(name)?.as === as.join()) return
    const path = { monitor: name }
    const trend = await answer(
      api.GET('/monitors/{monitor}/trend', { params: { path, query: { limit: 200 } } }),
    )
    trends.set(name, { as: as.join(), trend })
  }

  return {
    title: () => 'Monitors',
    stop: overview.stop,
    render: () => {
      const { value, problem } = overview
      return html`
        <div class="head">
          <h1 tabindex="-1">Monitors</h1>
          ${value?.monitors.length && mayWrite() ? html`<a class="button" href="#/new">New monitor</a>` : nothing}
        </div>
        ${problemNotice(problem)}
        ${value ? list(value) : problem ? nothing : loading()}`
    },
  }
}

/** @param {{ monitors: Monitor[], evaluations: Evaluation[], runs: Run[], trends: [string, { trend: Trend }][] }} given */
function list({ monitors, evaluations, runs, trends }) {
  const others = evaluations.filter(({ monitor }) => !monitors.some(({ name }) => name === monitor))
  const trendOf = new Map(trends)
  return html`
    ${
      monitors.length === 0
        ? empty(
            'No monitor yet',
            html`A monitor is one model in production: where its logs are, and what reviewers are shown. Give it a
              labeling config and a few lines of a log, and see the first tasks before anything is written.`,
            mayWrite() ? html`<a class="button" href="#/new">Make the first monitor</a>` : nothing,
          )
        : html`<ul class="cards">
            ${monitors.map((monitor) =>
              card(
                monitor,
                trendOf.get(monitor.name)?.trend.items ?? [],
                runs.find((run) => run.monitor === monitor.name),
              ),
            )}
          </ul>`
    }
    ${others.length === 0 ? nothing : otherProjects(others)}`
}

/** @param {Monitor} monitor @param {Trend['items']} items @param {Run | undefined} run the newest */
function card(monitor, items, run) {
  const shown = items.slice(-SHOWN_POINTS)
  const newest = shown.at(-1)
  return html`<li class="card">
    <div class="card-head">
      <h2><a href=${link('monitors', monitor.name)}>${monitor.title}</a></h2>
      ${newest ? verdictBadge(newest.verdict) : badge('open', run ? 'No reviews yet' : 'No run yet')}
    </div>
    ${newest ? reviewed(newest, monitor, shown) : nothing} ${next(monitor, newest, run)}
  </li>`
}

/** @param {Trend['items'][number]} newest @param {Monitor} monitor @param {Trend['items']} shown */
function reviewed(newest, monitor, shown) {
  const { value, sequence } = newest.change_rate
  return html`<div class="card-body">
      <p class="big">${percent(value)}<span class="quiet"> changed</span></p>
      ${
        shown.length > 1
          ? html`<uplot-chart
              class="sparkline"
              .spec=${sparkline(trendSentence(monitor.title, shown), pointsOf(shown), lineOf(monitor.thresholds))}
            ></uplot-chart>`
          : nothing
      }
    </div>
    <p class="quiet">
      ${
        sequence
          ? html`The true rate is between ${percent(sequence[0])} and ${percent(sequence[1])}, after
              ${plural(newest.reviewed, 'review')} of ${days(newest.window)}.`
          : html`${plural(newest.reviewed, 'review')} so far of ${days(newest.window)}.`
      }
    </p>`
}

/** @param {Monitor} monitor @param {Trend['items'][number] | undefined} newest @param {Run | undefined} run */
function next(monitor, newest, run) {
  if (!run) {
    return html`<p class="quiet">
      Nothing is sampled yet. <a href=${link('monitors', monitor.name)}>${mayWrite() ? 'Start the first run' : 'The first run'}</a>${mayWrite() ? ': it' : ''} draws
      ${plural(monitor.sample.total ?? 200, 'record')} and makes a Label Studio project of them.
    </p>`
  }
  const line = html`<a href=${link('runs', run.id)}>Run over ${days(run.window)}</a> ${statusBadge(run.status)}`
  if (!isOver(run)) return html`<p>${line}</p>${runProgress(run)}`
  return html`<p class="quiet">
    ${line} ${ago(run.finished_at)}
    ${
      newest
        ? html` · <a href=${link('evaluations', newest.project)}>Its evaluation</a>`
        : run.project
          ? html` · <a href=${link('evaluations', run.project.id)}>Waiting for the first review</a>`
          : nothing
    }
  </p>`
}

/** @param {Evaluation[]} evaluations */
function otherProjects(evaluations) {
  return html`<section>
    <h2>Other Label Studio projects</h2>
    <p class="quiet">Followed by webhook or as a model, without a monitor of this service.</p>
    <div class="scroll" role="group" tabindex="0" aria-label="Table">
      <table>
        <thead>
          <tr><th scope="col">Project</th><th scope="col" class="number">Reviewed</th><th scope="col" class="number">Changed</th><th scope="col">True rate, however often you look</th></tr>
        </thead>
        <tbody>
          ${evaluations.map(
            ({ project, title, change_rate }) => html`<tr>
              <th scope="row"><a class="name" href=${link('evaluations', project)}>${title || `Project ${project}`}</a></th>
              <td class="number">${change_rate.reviewed}</td>
              <td class="number">${percent(change_rate.value)}</td>
              <td>${range(change_rate.sequence)}</td>
            </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`
}
