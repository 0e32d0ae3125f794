import { html, nothing } from 'lit-html'
import { ApiProblem, answer, api } from '../api.js'
import { definitionOf } from '../new-monitor/definition.js'
import { formFields, PLACED } from '../new-monitor/form.js'
import { previewPanel } from '../new-monitor/preview.js'
import { describeFields, unplacedProblems, whenDrawn } from '../parts/fields.js'
import { problemNotice } from '../parts/notices.js'
import { mayOnlyRead } from '../role.js'
import { link } from '../router.js'

/** @import { MonitorInput, Preview } from '../types.ts' */
/** @import { MakeView } from '../router.js' */

/** @type {MonitorInput['source']} */
const ANYWHERE = { type: 'file', path: '.', key_pattern: '*' }

/** @type {MakeView} */
export const newMonitorView = (_, update) => {
  /** @type {Error | null} */
  let problem = null
  /** @type {Preview | null} */
  let preview = null
  /** @type {'preview' | 'create' | null} */
  let busy = null
  const choices = { source: 's3', format: 'template' }

  /** @param {'preview' | 'create'} what @param {() => Promise<void>} work */
  async function during(what, work) {
    busy = what
    problem = null
    update()
    try {
      await work()
    } catch (error) {
      problem = /** @type {Error} */ (error)
    }
    busy = null
    update()
    whenDrawn(problem ? showFirstProblem : describeFields)
  }

  /** @param {HTMLFormElement} element */
  const tryIt = (element) =>
    during('preview', async () => {
      preview = null
      const form = new FormData(element)
      const definition = definitionOf(form)
      const isPasted = String(form.get('log_sample') ?? '') !== ''
      // with a pasted sample nothing else is read, and nothing has to be named before the first look
      const monitor = isPasted ? { ...definition, source: ANYWHERE } : definition
      const body = {
        monitor: { ...monitor, name: monitor.name || 'preview' },
        sample: String(form.get('log_sample') ?? '') || null,
      }
      preview = await answer(api.POST('/preview', { body }))
      whenDrawn(() => document.getElementById('preview')?.focus())
    })

  /** @param {SubmitEvent} event */
  function submit(event) {
    event.preventDefault()
    const element = /** @type {HTMLFormElement} */ (event.target)
    if (/** @type {HTMLButtonElement | null} */ (event.submitter)?.value === 'preview') return tryIt(element)
    return during('create', async () => {
      const created = await answer(api.POST('/monitors', { body: definitionOf(new FormData(element)) }))
      location.hash = link('monitors', created.name)
    })
  }

  /** @param {Event} event */
  function choose(event) {
    const { name, value } = /** @type {HTMLSelectElement} */ (event.target)
    if (name === 'source_type') choices.source = value
    // what a module gives are records, unless it says otherwise
    if (value === 'module' && name === 'source_type') choices.format = 'jsonl'
    if (name === 'format_type') choices.format = value
    update()
    whenDrawn(describeFields)
  }
  whenDrawn(describeFields)

  return {
    title: () => 'New monitor',
    render: () => html`
      <p class="crumbs"><a href="#/">Monitors</a></p>
      <h1 tabindex="-1">New monitor</h1>
      <p class="lead">Say what reviewers see and paste some lines of a log: the preview shows the first tasks, and writes nothing.</p>
      ${mayOnlyRead() ? html`<div class="notice warn">Your token may only read. Sign in with one that may write (<code>write:</code> in <code>API_TOKENS</code>) to try or make a monitor.</div>` : nothing}
      <div class="beside">
      <form class="monitor-form" @submit=${submit} @change=${choose} novalidate>
        ${formFields(choices, problem)}
        ${problem instanceof ApiProblem ? unplacedProblems(problem, PLACED) : problemNotice(problem)}
        <p class="actions">
          <button class="button second" name="do" value="preview" ?disabled=${busy !== null || mayOnlyRead()}>${busy === 'preview' ? 'Looking…' : 'Preview'}</button>
          <button class="button" name="do" value="create" ?disabled=${busy !== null || mayOnlyRead()}>${busy === 'create' ? 'Creating…' : 'Create the monitor'}</button>
        </p>
      </form>
      ${preview ? previewPanel(preview) : html`<aside class="empty"><h2>Preview</h2><p>The first tasks stand here, with the model's answers as reviewers get them, and everything that would go wrong. Nothing is written for it.</p></aside>`}
      </div>`,
  }
}

/** So that nobody has to search for it. */
function showFirstProblem() {
  const wrong = describeFields()
  wrong?.focus({ preventScroll: true })
  const shown = wrong?.closest('.field') ?? document.querySelector('.notice.bad')
  shown?.scrollIntoView({ block: 'center' })
}
