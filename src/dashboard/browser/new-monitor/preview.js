import { html, nothing } from 'lit-html'
import { days, plural } from '../format.js'
import { badge } from '../parts/verdict.js'
import { plain } from '../task/regions.js'
import { entriesOf } from '../task/values.js'

/** @import { Preview } from '../types.ts' */

/** @param {Preview} preview */
export function previewPanel({ window, objects, objects_total, records, mapping, tasks, problems }) {
  return html`<section id="preview" class="panel" tabindex="0" aria-label="Preview">
    <h2>Preview ${problems.length === 0 ? badge('good', 'Nothing stands in the way') : badge('warn', plural(problems.length, 'problem'))}</h2>
    ${problems.length === 0 ? nothing : html`<ul class="lines">${problems.map(({ message, object, line }) => html`<li>${message}${object ? html` <code>${object}${line ? `:${line}` : ''}</code>` : nothing}</li>`)}</ul>`}
    ${objects[0]?.key === 'sample' && objects_total === 1 ? nothing : html`<p class="quiet">${plural(objects_total, 'object')} in the window ${days(window)}${objects.length > 0 ? html`, from <code>${objects[0]?.key}</code>` : nothing}.</p>`}
    ${mapping ? mapped(mapping) : nothing}
    ${tasks.length > 0 ? taskList(tasks) : recordTable(records)}
  </section>`
}

/** @param {NonNullable<Preview['mapping']>} mapping */
function mapped({ data, prediction, model_version, score }) {
  /** @type {[string, string][]} */
  const rows = [
    ...Object.entries(data ?? {}).map(
      ([name, field]) => /** @type {[string, string]} */ ([`shown as $${name}`, field]),
    ),
    ...Object.entries(prediction ?? {}).map(
      ([name, field]) => /** @type {[string, string]} */ ([`predicts ${name}`, field]),
    ),
    ...(model_version ? [/** @type {[string, string]} */ (['model version', model_version])] : []),
    ...(score ? [/** @type {[string, string]} */ (['confidence', score])] : []),
  ]
  return html`<h3>Which field goes where</h3>
    <dl class="facts">${rows.map(([to, field]) => html`<div><dt><code>${field}</code></dt><dd>${to}</dd></div>`)}</dl>`
}

/** @param {Preview['tasks']} tasks */
function taskList(tasks) {
  return html`<h3>The first tasks, as reviewers get them</h3>
    <ol class="tasks">
      ${tasks.map(({ data, predictions }) => {
        const [prediction] = predictions ?? []
        const controls = Map.groupBy(prediction?.result ?? [], (region) =>
          String(region.from_name ?? 'relations'),
        )
        return html`<li class="card task">
          <dl class="data">
            ${Object.entries(data).map(([field, value]) => html`<div><dt>${field}</dt><dd class="prose">${plain(value)}</dd></div>`)}
          </dl>
          ${[...controls].map(([name, regions]) => html`<div class="control"><h4 class="control-name">${name} <span class="quiet">predicted${prediction?.model_version ? ` by ${prediction.model_version}` : ''}</span></h4><ul class="chips">${entriesOf(regions).map((entry) => html`<li>${entry}</li>`)}</ul></div>`)}
        </li>`
      })}
    </ol>`
}

/** @param {Preview['records']} records */
function recordTable(records) {
  if (records.length === 0) return html`<p class="quiet">No record was read.</p>`
  return html`<h3>The first records, as read</h3>
    <ol class="tasks">
      ${records.map((record) => html`<li class="card"><dl class="data">${Object.entries(record).map(([field, value]) => html`<div><dt>${field}</dt><dd class="prose">${plain(value)}</dd></div>`)}</dl></li>`)}
    </ol>`
}
