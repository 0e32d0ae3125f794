import { html, nothing } from 'lit-html'
import { answer, api } from '../api.js'
import { blindSection } from '../evaluation/blind.js'
import { controlsSection } from '../evaluation/controls.js'
import { headline } from '../evaluation/headline.js'
import { stratumSection } from '../evaluation/strata.js'
import { tasksSection } from '../evaluation/tasks.js'
import { thresholdsSection } from '../evaluation/thresholds.js'
import { trendSection } from '../evaluation/trend.js'
import { annotatorsSection, versionsSection } from '../evaluation/versions.js'
import { ago } from '../format.js'
import { live } from '../live.js'
import { external } from '../parts/external.js'
import { empty, loading, problemNotice } from '../parts/notices.js'
import { verdictBadge } from '../parts/verdict.js'
import { mayWrite } from '../role.js'
import { link } from '../router.js'

/** @import { Comparison, Evaluation, EvaluationTask, Trend } from '../types.ts' */
/** @import { MakeView } from '../router.js' */

/**
 * What else is shown beside an evaluation; it is read again when the evaluation has moved.
 *
 * @typedef {{ trend: Trend['items'], comparison: Comparison, tasks: EvaluationTask[], hasMore: boolean }} Around
 */

/** A few at once, and more for those who ask. */
const [FIRST_TASKS, MORE_TASKS] = [10, 50]

/** @type {MakeView} */
export const evaluationView = ([project = ''], update) => {
  const path = { project: Number(project) }
  let limit = FIRST_TASKS
  let isComparing = false
  let said = ''
  /** @type {Error | null} */
  let problem = null
  /** @type {{ as: string, around: Around } | null} */
  let kept = null

  const all = live(async () => {
    const evaluation = await answer(api.GET('/evaluations/{project}', { params: { path } }))
    const as = `${evaluation.updated_at} ${limit}`
    if (kept?.as !== as) kept = { as, around: await readAround(evaluation) }
    return { evaluation, around: kept.around }
  }, update)

  /** @param {Evaluation} evaluation @returns {Promise<Around>} */
  async function readAround({ monitor }) {
    const params = { path: { monitor: monitor ?? '' }, query: { limit: 200 } }
    const [tasks, trend, ofMonitor] = await Promise.all([
      readTasks(limit),
      monitor === null ? null : optional(api.GET('/monitors/{monitor}/trend', { params })),
      monitor === null ? null : optional(api.GET('/evaluations/compare', { params: { query: { monitor } } })),
    ])
    const isIn = ofMonitor?.sides.some(({ project }) => project === path.project)
    const comparison = ofMonitor && isIn ? ofMonitor : await compareVersions()
    return { ...tasks, trend: trend?.items ?? [], comparison }
  }

  /** Those of this project alone, where it is not among the runs of a monitor. */
  function compareVersions() {
    return answer(api.GET('/evaluations/compare', { params: { query: { projects: [path.project] } } }))
  }

  /** @param {number} wanted @returns {Promise<{ tasks: EvaluationTask[], hasMore: boolean }>} */
  async function readTasks(wanted) {
    /** @type {EvaluationTask[]} */
    const tasks = []
    /** @type {string | null} */
    let cursor = null
    do {
      /** @type {{ items: EvaluationTask[], next_cursor: string | null }} */
      const page = await answer(
        api.GET('/evaluations/{project}/tasks', {
          params: {
            path,
            query: { changed: true, limit: Math.min(100, wanted - tasks.length), ...(cursor && { cursor }) },
          },
        }),
      )
      tasks.push(...page.items)
      cursor = page.next_cursor
    } while (cursor !== null && tasks.length < wanted)
    return { tasks, hasMore: cursor !== null }
  }

  /** Whoever asked goes on reading at the first new one. */
  async function showMore() {
    const shown = limit
    limit += MORE_TASKS
    await all.look()
    requestAnimationFrame(() => requestAnimationFrame(() => focusTask(shown)))
  }

  async function compareNow() {
    if (isComparing) return
    isComparing = true
    said = ''
    problem = null
    update()
    try {
      const { differed } = await answer(api.POST('/evaluations/{project}/reconcile', { params: { path } }))
      said = differed
        ? 'Label Studio had changes that no event told of; they count now.'
        : 'Nothing differed from Label Studio.'
      await all.look()
    } catch (error) {
      problem = /** @type {Error} */ (error)
    }
    isComparing = false
    update()
  }

  return {
    title: () => all.value?.evaluation.title || `Project ${project}`,
    stop: all.stop,
    render: () => {
      if (!all.value)
        return html`<h1 tabindex="-1">Evaluation</h1>${problemNotice(all.problem)}${all.problem ? nothing : loading()}`
      const { evaluation, around } = all.value
      return html`${head(evaluation, compareNow, isComparing)} ${problemNotice(all.problem ?? problem)}
        <div class=${said ? 'notice' : ''} role="status">${said}</div>
        ${body(evaluation, around, showMore)} ${freshness(evaluation)}`
    },
  }
}

/**
 * What a monitor that is gone no longer has.
 *
 * @template T
 * @param {Promise<{ data?: T, error?: unknown, response: Response }>} call
 * @returns {Promise<T | null>}
 */
async function optional(call) {
  const { response } = await call
  return response.status === 404 ? null : answer(call)
}

/** @param {number} index */
function focusTask(index) {
  const heading = document.querySelectorAll('#changed .task h3')[index]
  if (heading instanceof HTMLElement) heading.focus()
}

/** @param {Evaluation} evaluation @param {() => void} compareNow @param {boolean} isComparing */
function head({ project, title, monitor, run, label_studio_url, verdict }, compareNow, isComparing) {
  return html`
    <p class="crumbs">
      <a href="#/">Monitors</a>
      ${monitor ? html` / <a href=${link('monitors', monitor)}>${monitor}</a>` : nothing}
      ${run ? html` / <a href=${link('runs', run)}>run</a>` : nothing}
    </p>
    <div class="head">
      <h1 tabindex="-1">${title || `Project ${project}`}</h1>
      <div class="actions">
        ${label_studio_url && mayWrite() ? html`<button class="button second" aria-disabled=${isComparing} @click=${compareNow}>${isComparing ? 'Comparing…' : 'Compare with Label Studio'}</button>` : nothing}
        ${external(label_studio_url, 'Review in Label Studio', 'button')}
      </div>
    </div>
    ${label_studio_url ? nothing : html`<div class="notice">The service does not know where Label Studio is: set <code>LABEL_STUDIO_URL</code> and <code>LABEL_STUDIO_API_KEY</code> to have tasks linked, and reviews followed.</div>`}
    <p role="status">${verdictBadge(verdict)}</p>`
}

/** @param {Evaluation} evaluation @param {Around} around @param {() => void} showMore */
function body(evaluation, { trend, comparison, tasks, hasMore }, showMore) {
  if (evaluation.coverage.reviewed === 0) {
    return html`${headline(evaluation)}
    ${empty(
      'No review yet',
      evaluation.coverage.tasks === 0
        ? 'The project has no tasks that Label Studio has told of.'
        : html`Every number here comes from what reviewers do in Label Studio: they see a task with the model's own answer,
            and submit it as it is, or correct it. The first review shows up within seconds; nothing has to be reloaded.`,
      external(evaluation.label_studio_url, 'Open the project in Label Studio', 'button'),
    )}`
  }
  return html`${headline(evaluation)} ${thresholdsSection(evaluation)} ${trendSection(trend, evaluation)}
    ${stratumSection(evaluation)} ${versionsSection(evaluation, comparison)} ${controlsSection(evaluation)}
    ${blindSection(evaluation)} ${annotatorsSection(evaluation)} ${tasksSection(evaluation, tasks, hasMore, showMore)}`
}

/** @param {Evaluation} evaluation */
function freshness({ freshness, seed_metric, label_studio_url }) {
  return html`<footer class="quiet">
    ${freshness.last_event_at ? `Last event of Label Studio ${ago(freshness.last_event_at)}` : 'No event of Label Studio yet'}, ${freshness.last_reconciled_at ? `last compared with it ${ago(freshness.last_reconciled_at)}` : 'not compared with it yet'}.
    ${freshness.webhook_active || !label_studio_url ? nothing : 'Label Studio has no active webhook to this service: it is asked for changes from time to time instead.'}
    ${seed_metric.percent === null ? nothing : html`The original <code>evaluate.py</code> would print ${seed_metric.percent.toFixed(2)} % for this project.`}
  </footer>`
}
