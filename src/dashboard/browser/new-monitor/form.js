import { html, nothing } from 'lit-html'
import { fieldProblem } from '../parts/fields.js'

/** The fields of a monitor that have a place in the form. */
export const PLACED = [
  '/name',
  '/title',
  '/labeling',
  '/labeling/config',
  '/labeling/copy_from_project',
  '/format/pattern',
  '/format/timestamp_field',
  '/source/bucket',
  '/source/prefix',
  '/source/key_pattern',
  '/source/path',
  '/source/endpoint',
  '/source/region',
  '/source/credentials/access_key_id',
  '/source/credentials/secret_access_key',
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

const SAMPLE = `Timestamp: 2024-11-11 09:30:12
User Input: What is a region?
Model Response: A part of a result.
Version: v1.5.3`

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

  return html`
    <fieldset>
      <legend>What reviewers see</legend>
      ${field('config', 'Labeling config', ['/labeling', '/labeling/config'], html`<textarea id="config" name="config" rows="7" spellcheck="false" placeholder=${CONFIG}></textarea>`, html`Of Label Studio, in XML. Or leave it empty and name a project to copy it from:`)}
      ${field('copy_from_project', 'Label Studio project', '/labeling/copy_from_project', number('copy_from_project', 1, 1e9, 'id'))}
    </fieldset>
    <fieldset>
      <legend>What a record looks like</legend>
      ${field(
        'format_type',
        'Format',
        '/format',
        html`<select id="format_type" name="format_type">
        <option value="template">Lines “Name: value”</option>
        <option value="jsonl">JSON, one object per line</option>
      </select>`,
      )}
      ${field('log_sample', 'Some lines of a log', '/sample', html`<textarea id="log_sample" name="log_sample" rows="7" spellcheck="false" placeholder=${format === 'jsonl' ? '{"question": "What is a region?", "answer": "A part of a result."}' : SAMPLE}></textarea>`, 'Only for the preview; it is not kept. Left empty, the preview reads the logs themselves.')}
      ${field('timestamp_field', 'Field with the date', '/format/timestamp_field', text('timestamp_field', 'timestamp, time or date'))}
    </fieldset>
    <fieldset>
      <legend>Where the logs are</legend>
      ${field(
        'source_type',
        'Place',
        '/source',
        html`<select id="source_type" name="source_type">
        <option value="s3">S3, or a server that speaks its protocol</option>
        <option value="file">A directory of the service’s machine</option>
      </select>`,
      )}
      ${
        source === 'file'
          ? field(
              'path',
              'Directory',
              '/source/path',
              text('path', 'qa-model'),
              html`In or below <code>FILE_ROOT</code>.`,
            )
          : html`<div class="fields">
              ${field('bucket', 'Bucket', '/source/bucket', text('bucket', 'logs'))}
              ${field('prefix', 'Prefix', '/source/prefix', text('prefix', 'production/'))}
              ${field('endpoint', 'Server', '/source/endpoint', text('endpoint', 'AWS'), 'Empty: AWS, or the service’s own setting.')}
              ${field('region', 'Region', '/source/region', text('region', 'us-east-1'))}
              ${field('access_key_id', 'Access key id', '/source/credentials/access_key_id', text('access_key_id'), 'Empty: the AWS variables of the service.')}
              ${field('secret_access_key', 'Secret access key', '/source/credentials/secret_access_key', html`<input id="secret_access_key" name="secret_access_key" type="password" autocomplete="off" />`)}
            </div>`
      }
      ${field('key_pattern', 'Key pattern', '/source/key_pattern', text('key_pattern', 'qalogs_{MM}:{DD}:{YY}.txt'), html`What the end of a key looks like: <code>{YYYY}</code>, <code>{YY}</code>, <code>{MM}</code>, <code>{DD}</code>, <code>{HH}</code>, and <code>*</code> for anything.`)}
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
