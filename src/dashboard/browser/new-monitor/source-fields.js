import { html, nothing } from 'lit-html'

/** @import { Parts } from './form.js' */

/** @type {[type: string, said: string][]} */
const SOURCES = [
  ['s3', 'S3, or a server that speaks its protocol'],
  ['file', 'A directory of the service’s machine'],
  ['http', 'Files of a web server'],
  ['sql', 'A query of PostgreSQL or MySQL'],
  ['module', 'A module of your own'],
]

/** Where the service may find something wrong that has its place here. */
export const SOURCE_PATHS = [
  ...[
    'bucket',
    'prefix',
    'key_pattern',
    'path',
    'endpoint',
    'region',
    'urls',
    'url_pattern',
    'manifest',
    'url',
    'query',
  ],
  ...['credentials/access_key_id', 'credentials/secret_access_key'],
].map((name) => `/source/${name}`)

/** Where the logs are: the kind of place, and what leads there. @param {string} source @param {Parts} parts */
export function sourceFields(source, parts) {
  const { field } = parts
  const hasKeys = source === 's3' || source === 'file'
  return html`${field(
    'source_type',
    'Place',
    '/source',
    html`<select id="source_type" name="source_type">
      ${SOURCES.map(([type, said]) => html`<option value=${type} ?selected=${type === source}>${said}</option>`)}
    </select>`,
  )}
  ${(FIELDS[source] ?? (() => nothing))(parts)} ${source === 'sql' ? nothing : keyPattern(hasKeys, parts)}`
}

/** @param {boolean} isNeeded @param {Parts} parts */
function keyPattern(isNeeded, { field, text }) {
  return field(
    'key_pattern',
    'Key pattern',
    '/source/key_pattern',
    text('key_pattern', isNeeded ? 'qalogs_{MM}:{DD}:{YY}.txt' : 'all'),
    html`What the end of a ${isNeeded ? 'key' : 'key, or of the path of a URL,'} looks like: <code>{YYYY}</code>, <code>{YY}</code>, <code>{MM}</code>, <code>{DD}</code>, <code>{HH}</code>, and <code>*</code> for anything.`,
  )
}

/** @param {string} name @param {string} placeholder */
const secret = (name, placeholder = '') =>
  html`<input id=${name} name=${name} type="password" placeholder=${placeholder} autocomplete="off" />`

/** @type {Record<string, (parts: Parts) => unknown>} */
const FIELDS = {
  s3: ({ field, text }) => html`<div class="fields">
    ${field('bucket', 'Bucket', '/source/bucket', text('bucket', 'logs'))}
    ${field('prefix', 'Prefix', '/source/prefix', text('prefix', 'production/'))}
    ${field('endpoint', 'Server', '/source/endpoint', text('endpoint', 'AWS'), 'Empty: AWS, or the service’s own setting.')}
    ${field('region', 'Region', '/source/region', text('region', 'us-east-1'))}
    ${field('access_key_id', 'Access key id', '/source/credentials/access_key_id', text('access_key_id'), 'Empty: the AWS variables of the service.')}
    ${field('secret_access_key', 'Secret access key', '/source/credentials/secret_access_key', secret('secret_access_key'))}
  </div>`,
  file: ({ field, text }) =>
    field(
      'path',
      'Directory',
      '/source/path',
      text('path', 'qa-model'),
      html`In or below <code>FILE_ROOT</code>.`,
    ),
  http: ({ field, text }) => html`<p class="quiet">One of these three:</p>
    ${field('url_pattern', 'URL of each day', '/source/url_pattern', text('url_pattern', 'https://logs.example.org/qa/{YYYY}-{MM}-{DD}.jsonl.gz'))}
    ${field('manifest', 'URL of a list of URLs', '/source/manifest', text('manifest', 'https://logs.example.org/qa/files.txt'))}
    ${field('urls', 'URLs, one a line', '/source/urls', html`<textarea id="urls" name="urls" rows="3" spellcheck="false"></textarea>`)}`,
  sql: ({ field }) => html`
    ${field('url', 'URL of the database', '/source/url', secret('url', 'postgresql://reader:password@db.example.org/logs'), 'It is kept secret; a user who may only read is enough.')}
    ${field('query', 'Query', '/source/query', html`<textarea id="query" name="query" rows="4" spellcheck="false" placeholder="select * from answers where created_at >= :from and created_at < :to"></textarea>`, html`<code>:from</code> is the first day of the window, <code>:to</code> the day after its last. The columns are the fields of a record.`)}`,
  module: ({ field, text }) =>
    field(
      'path',
      'Module',
      '/source/path',
      text('path', 'my-source.js'),
      html`With <code>open()</code>, in or below <code>MODULE_ROOT</code>.`,
    ),
}
