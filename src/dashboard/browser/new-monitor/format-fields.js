import { html, nothing } from 'lit-html'

/** @import { Parts } from './form.js' */

/** @type {[type: string, said: string, sample: string][]} */
const FORMATS = [
  [
    'template',
    'Lines “Name: value”',
    'Timestamp: 2024-11-11 09:30:12\nUser Input: What is a region?\nModel Response: A part of a result.\nVersion: v1.5.3',
  ],
  [
    'jsonl',
    'JSON, one object per line',
    '{"question": "What is a region?", "answer": "A part of a result."}',
  ],
  [
    'json',
    'JSON, a list or objects over many lines',
    '[\n  {"question": "What is a region?", "answer": "A part of a result."}\n]',
  ],
  [
    'csv',
    'CSV, or text with another delimiter',
    'timestamp,question,answer\n2024-11-11,What is a region?,A part of a result.',
  ],
  [
    'regex',
    'Lines by a regular expression',
    '2024-11-11T09:30:12Z user=What is a region? model=A part of a result.',
  ],
  ['parquet', 'Parquet', ''],
  [
    'otlp',
    'OpenTelemetry spans, in JSON',
    '{"resourceSpans": [{"scopeSpans": [{"spans": [{"name": "chat", "attributes": []}]}]}]}',
  ],
  ['module', 'A module of your own', ''],
]

/** Where the service may find something wrong that has its place here. */
export const FORMAT_PATHS = [
  'record_start',
  'delimiter',
  'columns',
  'pattern',
  'path',
  'timestamp_field',
].map((name) => `/format/${name}`)

/** What some lines of a log look like. @param {string} format */
export function sampleOf(format) {
  return FORMATS.find(([type]) => type === format)?.[2] ?? ''
}

/** What a record looks like: its format, and what that one needs to know. @param {string} format @param {Parts} parts */
export function formatFields(format, { field, text }) {
  return html`${field(
    'format_type',
    'Format',
    '/format',
    html`<select id="format_type" name="format_type">
      ${FORMATS.map(([type, said]) => html`<option value=${type} .selected=${type === format}>${said}</option>`)}
    </select>`,
  )}
  ${
    format === 'template'
      ? field(
          'record_start',
          'Records begin at the line',
          '/format/record_start',
          text('record_start', 'Timestamp'),
        )
      : nothing
  }
  ${
    format === 'csv'
      ? html`<div class="fields">
          ${field('delimiter', 'Delimiter', '/format/delimiter', html`<input id="delimiter" name="delimiter" maxlength="2" placeholder="," autocomplete="off" />`, html`A tab is <code>\\t</code>.`)}
          ${field('columns', 'Columns', '/format/columns', text('columns', 'timestamp, question, answer'), 'Only where the first line does not name them.')}
        </div>`
      : nothing
  }
  ${
    format === 'regex'
      ? html`${field('pattern', 'Pattern of a record', '/format/pattern', text('pattern', '^(?P<timestamp>\\S+) user=(?P<question>.*) model=(?P<answer>.*)$'), 'A regular expression of RE2; its named groups are the fields.')}
        ${field('record_start', 'Records begin at lines like', '/format/record_start', text('record_start', '^\\[\\d{4}-\\d\\d-\\d\\d'), 'Empty: each line is a record.')}`
      : nothing
  }
  ${
    format === 'module'
      ? field(
          'format_path',
          'Module',
          '/format/path',
          text('format_path', 'my-logs.js'),
          html`With <code>parse()</code>, in or below <code>MODULE_ROOT</code>.`,
        )
      : nothing
  }`
}
