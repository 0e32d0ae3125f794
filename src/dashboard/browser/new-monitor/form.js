import { html, nothing } from 'lit-html'
import { fieldProblem } from '../parts/fields.js'
import { FORMAT_PATHS, formatFields, sampleOf } from './format-fields.js'
import { SOURCE_PATHS, sourceFields } from './source-fields.js'

/** What the fields of a form are made of. @typedef {{ field: (name: string, label: string, paths: string | string[], input: unknown, hint?: unknown) => unknown, text: (name: string, placeholder?: string, value?: string) => unknown }} Parts */

/** The fields of a monitor that have a place in the form. */
export const PLACED = [
  '/name',
  '/title',
  '/labeling',
  '/labeling/config',
  '/labeling/copy_from_project',
  ...FORMAT_PATHS,
  ...SOURCE_PATHS,
  '/sample/total',
  '/sample/by',
  '/sample/where',
  '/window/days',
  '/notify/emails',
].flatMap((path) => [path, `/monitor${path}`])

const CONFIG = `<View>
  <Text name="question" value="$question"/>
  <TextArea name="answer" toName="question"/>
</View>`

/**
 * @param {{ source: string, format: string }} choices
 * @param {Error | null} problem
 */
export function formFields({ source, format }, problem) {
  /** @param {string} name @param {string} label @param {string | string[]} paths @param {unknown} input @param {unknown} [hint] */
  const field = (name, label, paths, input, hint = nothing) => html`
    <div class="field">
      <label for=${name}>${label}</label>
      ${input}
      ${hint === nothing ? nothing : html`<span class="quiet">${hint}</span>`}
      ${[paths].flat().map((path) => [fieldProblem(problem, path), fieldProblem(problem, `/monitor${path}`)])}
    </div>`
  /** @param {string} name @param {string} [placeholder] @param {string} [value] */
  const text = (name, placeholder = '', value = '') =>
    html`<input id=${name} name=${name} value=${value} placeholder=${placeholder} spellcheck="false" autocomplete="off" />`
  /** @param {string} name @param {number} min @param {number} max @param {string} placeholder @param {string} [value] */
  const number = (name, min, max, placeholder, value = '') =>
    html`<input id=${name} name=${name} type="number" min=${min} max=${max} placeholder=${placeholder} value=${value} />`
  const parts = { field, text }

  return html`
    <fieldset>
      <legend>What reviewers see</legend>
      ${field('config', 'Labeling config', ['/labeling', '/labeling/config'], html`<textarea id="config" name="config" rows="7" spellcheck="false" placeholder=${CONFIG}></textarea>`, html`Of Label Studio, in XML. Or leave it empty and name a project to copy it from:`)}
      ${field('copy_from_project', 'Label Studio project', '/labeling/copy_from_project', number('copy_from_project', 1, 1e9, 'id'))}
    </fieldset>
    <fieldset>
      <legend>What a record looks like</legend>
      ${
        source === 'sql'
          ? html`<p class="quiet">The rows of the query are the records, and its columns their fields.</p>`
          : formatFields(format, parts)
      }
      ${source === 'sql' || format === 'parquet' ? nothing : field('log_sample', 'Some lines of a log', '/sample', html`<textarea id="log_sample" name="log_sample" rows="7" spellcheck="false" placeholder=${sampleOf(format)}></textarea>`, 'Only for the preview; it is not kept. Left empty, the preview reads the logs themselves.')}
      ${field('timestamp_field', 'Field with the date', '/format/timestamp_field', text('timestamp_field', 'timestamp, time or date'))}
    </fieldset>
    <fieldset>
      <legend>Where the logs are</legend>
      ${sourceFields(source, parts)}
    </fieldset>
    <fieldset>
      <legend>What is sampled, and what must hold</legend>
      <div class="fields">
        ${field('total', 'Records in a run', '/sample/total', number('total', 1, 100_000, '200'))}
        ${field('days', 'Days in a run', '/window/days', number('days', 1, 366, '7'))}
        ${field('by', 'Evenly by', '/sample/by', text('by', 'date'), html`<code>date</code>, <code>none</code>, or a field of the record.`)}
        ${field('where', 'Only records where', '/sample/where', text('where', 'confidence < 0.6'))}
        ${field(
          'metric',
          'Threshold on',
          '/thresholds/0/metric',
          html`<select id="metric" name="metric">
          <option value="change_rate">change rate, at most</option>
          <option value="weighted_change_rate">change rate of all records, at most</option>
          <option value="similarity">similarity, at least</option>
        </select>`,
        )}
        ${field('bound', 'Percent', '/thresholds/0', number('bound', 0, 100, 'none', '75'), 'Empty: no threshold.')}
      </div>
      ${field('emails', 'Who gets e-mail', '/notify/emails', text('emails', 'ml@example.org'), 'When a run is over, and when a threshold warns, fails or recovers.')}
    </fieldset>
    <details>
      <summary>Everything else, as JSON</summary>
      ${field('more', 'Fields that replace those above', '', html`<textarea id="more" name="more" rows="5" spellcheck="false" placeholder='{"mapping": {"data": {"question": "prompt"}, "prediction": {"answer": "completion"}}}'></textarea>`, html`As in the body of <a href="docs#createMonitor">POST /monitors</a>.`)}
    </details>
    <fieldset>
      <legend>Its name</legend>
      <div class="fields">
        ${field('name', 'Name', '/name', text('name', 'qa-model'), 'For URLs and commands: letters, digits, . _ and -')}
        ${field('title', 'Title', '/title', text('title', 'QA model'), 'For people.')}
      </div>
    </fieldset>`
}
