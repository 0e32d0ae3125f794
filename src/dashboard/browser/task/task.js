import { html, nothing } from 'lit-html'
import { percent } from '../format.js'
import { external } from '../parts/external.js'
import { controlDiff } from './control-diff.js'
import { longText } from './long-text.js'
import { plain } from './regions.js'

/** @import { TemplateResult } from 'lit-html' */
/** @import { Evaluation, EvaluationTask } from '../types.ts' */

/** Comparing long texts takes a while: each is compared once, however often the page is drawn. @type {WeakMap<EvaluationTask, TemplateResult>} */
const drawn = new WeakMap()

/** @param {EvaluationTask} task @param {Evaluation} evaluation */
export function taskCard(task, evaluation) {
  const card = drawn.get(task) ?? draw(task, evaluation)
  drawn.set(task, card)
  return card
}

/**
 * One task that reviewers changed.
 *
 * @param {EvaluationTask} task
 * @param {Evaluation} evaluation
 */
function draw(task, { objects, controls }) {
  const changed = Object.entries(task.controls).filter(([, control]) => control.changed)
  const typeOf = (/** @type {string} */ name) => controls.find((control) => control.name === name)?.type ?? ''
  return html`<li class="card task">
    <div class="card-head">
      <h3 tabindex="-1">Task ${task.task}</h3>
      <span class="quiet">
        ${[task.model_version, task.stratum, task.annotator === null ? null : `reviewed by user ${task.annotator}`, `${percent(task.similarity)} similar`].filter(Boolean).join(' · ')}
      </span>
      ${external(task.url, 'Open in Label Studio')}
    </div>
    ${dataView(task.data, objects)}
    ${changed.map(
      ([name, { similarity }]) => html`<div class="control">
        <h4 class="control-name">${name} <span class="quiet">${typeOf(name)}, ${percent(similarity)} similar</span></h4>
        ${controlDiff(name, task, objects)}
      </div>`,
    )}
  </li>`
}

const LONG = 400

/**
 * What reviewers saw: the fields that object tags show; all of them where no tag is known.
 *
 * @param {Record<string, unknown>} data
 * @param {Evaluation['objects']} objects
 */
export function dataView(data, objects) {
  const fields = objects.map(({ field }) => field).filter((field) => field !== null && field in data)
  const shown = fields.length > 0 ? [...new Set(fields)] : Object.keys(data)
  return html`<dl class="data">
    ${shown.map((field) => {
      const value = plain(data[/** @type {string} */ (field)])
      return html`<div><dt>${field}</dt><dd class="prose" dir="auto">${longText(value, LONG)}</dd></div>`
    })}
    ${shown.length === 0 ? html`<div class="quiet">The task has no data.</div>` : nothing}
  </dl>`
}
