import { html, nothing } from 'lit-html'
import { ApiProblem, answer, api } from '../api.js'
import { link } from '../router.js'
import {
  describeFields,
  fieldProblem,
  optionalNumber,
  optionalText,
  unplacedProblems,
  whenDrawn,
} from './fields.js'

/** @import { RunInput } from '../types.ts' */

const PLACED = ['/from', '/to', '/total', '/seed', '/where']

/**
 * The form that starts a run of a monitor.
 *
 * @param {string} monitor
 * @param {() => void} update
 */
export function runForm(monitor, update) {
  let isOpen = false
  let isBusy = false
  /** @type {Error | null} */
  let problem = null

  function toggle() {
    isOpen = !isOpen
    update()
    whenDrawn(() => {
      describeFields()
      /** @type {HTMLElement | null} */
      const next = document.querySelector(isOpen ? '#run-from' : '[aria-controls="run-form"]')
      next?.focus()
    })
  }

  /** @param {SubmitEvent} event */
  async function submit(event) {
    event.preventDefault()
    const form = new FormData(/** @type {HTMLFormElement} */ (event.target))
    /** @type {RunInput} */
    const body = {
      monitor,
      from: optionalText(form, 'from'),
      to: optionalText(form, 'to'),
      total: optionalNumber(form, 'total'),
      seed: optionalNumber(form, 'seed'),
      where: optionalText(form, 'where'),
      like_failures: form.has('like_failures') || null,
      force: form.has('force'),
    }
    isBusy = true
    problem = null
    update()
    try {
      const run = await answer(api.POST('/runs', { body }))
      location.hash = link('runs', run.id)
    } catch (error) {
      problem = /** @type {Error} */ (error)
    }
    isBusy = false
    update()
    if (problem) whenDrawn(() => describeFields()?.focus())
  }

  const field = (
    /** @type {string} */ name,
    /** @type {string} */ label,
    /** @type {unknown} */ input,
    /** @type {string} */ hint,
  ) => html`
    <div class="field">
      <label for=${`run-${name}`}>${label}</label>
      ${input}
      <span class="quiet">${hint}</span>
      ${fieldProblem(problem, `/${name}`)}
    </div>`

  return {
    button: () =>
      html`<button class="button" aria-expanded=${isOpen} aria-controls="run-form" @click=${toggle}>Start a run</button>`,
    render: () =>
      isOpen
        ? html`<form id="run-form" class="panel" @submit=${submit} aria-label="Start a run">
            <h2>Start a run</h2>
            <div class="fields">
              ${field('from', 'From', html`<input id="run-from" name="from" type="date" />`, 'Empty: as many days as the monitor says.')}
              ${field('to', 'To', html`<input id="run-to" name="to" type="date" />`, 'Empty: today.')}
              ${field('total', 'Records to sample', html`<input id="run-total" name="total" type="number" min="1" max="100000" inputmode="numeric" />`, 'Empty: the monitor’s number.')}
              ${field('seed', 'Seed', html`<input id="run-seed" name="seed" type="number" min="0" inputmode="numeric" />`, 'The same seed draws the same sample again.')}
            </div>
            ${field('where', 'Only records where', html`<input id="run-where" name="where" placeholder='model_version = "v2" and confidence &lt; 0.6' spellcheck="false" />`, 'Looks at some records only: such a run stands in no trend, and has no thresholds.')}
            <label class="check"><input type="checkbox" name="like_failures" /> More like what failed: only strata that reviewers changed most in the newest reviewed run</label>
            <label class="check"><input type="checkbox" name="force" /> Also if there is a run over this window already</label>
            ${problem instanceof ApiProblem ? unplacedProblems(problem, PLACED) : nothing}
            <p><button class="button" ?disabled=${isBusy}>Start</button> <button class="button second" type="button" @click=${toggle}>Close</button></p>
          </form>`
        : nothing,
  }
}
