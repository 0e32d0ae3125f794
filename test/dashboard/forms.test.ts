import { mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect } from 'vitest'
import { QA_CONFIG } from '../support/monitors.ts'
import { describe, LABEL_STUDIO, type Opened, openService, test } from './opened.ts'

let opened: Opened
const modules = join(tmpdir(), `label-studio-monitor-modules-${process.pid}`)

beforeAll(async () => {
  mkdirSync(modules, { recursive: true })
  writeFileSync(join(modules, 'logs.js'), 'export async function* open() {}\nexport function* parse() {}\n')
  opened = await openService({
    ...LABEL_STUDIO,
    MODULE_ROOT: modules,
    // a server that nobody answers for is enough for a form
    ALLOW_PRIVATE_URLS: 'true',
  })
})
afterAll(() => opened?.stop())

/** What somebody types, by the name of the field; the kind of place or format is chosen first. */
type Typed = Record<string, string>

async function fill(typed: Typed): Promise<void> {
  await opened.go('#/new', 'form')
  for (const [name, value] of Object.entries(typed)) {
    const isChoice = name.endsWith('_type') || name === 'metric'
    if (isChoice) await opened.page.selectOption(`#${name}`, value)
    else await opened.page.fill(`#${name}`, value)
  }
}

/** Creates it by the form. @returns the monitor as the API has it then */
async function create(typed: Typed) {
  const name = `m-${crypto.randomUUID().slice(0, 8)}`
  await fill({ ...typed, config: QA_CONFIG, name })
  await opened.page.click('button[value=create]')
  await opened.page.waitForSelector('.facts, .wrong, .notice.bad')
  expect(await opened.page.locator('.wrong, .notice.bad').allTextContents()).toEqual([])
  return (await opened.service.request().get(`/monitors/${name}`).expect(200)).body
}

const FILE = { source_type: 'file', path: '.', key_pattern: '{YYYY}.txt' }

describe('the form makes a monitor over', () => {
  test.each<[string, Typed, object, object?]>([
    [
      'a bucket',
      { source_type: 's3', bucket: 'logs', prefix: 'qa/', key_pattern: '{YYYY}.txt', region: 'eu-west-1' },
      { type: 's3', bucket: 'logs', prefix: 'qa/', key_pattern: '{YYYY}.txt', region: 'eu-west-1' },
    ],
    [
      'a bucket of another server, with keys, of which the secret one is not shown again',
      {
        ...{ source_type: 's3', bucket: 'logs', key_pattern: '*', endpoint: 'http://127.0.0.1:8333' },
        ...{ access_key_id: 'reader', secret_access_key: 'secret-1' },
      },
      {
        type: 's3',
        endpoint: 'http://127.0.0.1:8333',
        credentials: { access_key_id: '***', secret_access_key: '***' },
      },
    ],
    ['a directory', FILE, { type: 'file', path: '.', key_pattern: '{YYYY}.txt' }],
    [
      'a URL for each day',
      { source_type: 'http', url_pattern: 'https://logs.example.org/{YYYY}-{MM}-{DD}.jsonl' },
      { type: 'http', url_pattern: 'https://logs.example.org/{YYYY}-{MM}-{DD}.jsonl' },
    ],
    [
      'a list of URLs on the web',
      { source_type: 'http', manifest: 'https://logs.example.org/files.txt', key_pattern: '{YYYY}.txt' },
      { type: 'http', manifest: 'https://logs.example.org/files.txt', key_pattern: '{YYYY}.txt' },
    ],
    [
      'some URLs',
      { source_type: 'http', urls: 'https://logs.example.org/a.txt\nhttps://logs.example.org/b.txt\n' },
      { type: 'http', urls: ['https://logs.example.org/a.txt', 'https://logs.example.org/b.txt'] },
    ],
    [
      'a query',
      {
        source_type: 'sql',
        url: 'postgresql://reader:password@db.example.org/logs',
        query: 'select * from answers where at >= :from and at < :to',
      },
      { type: 'sql', url: '***', query: 'select * from answers where at >= :from and at < :to' },
      { type: 'jsonl' },
    ],
    [
      'a module',
      { source_type: 'module', path: 'logs.js' },
      { type: 'module', path: 'logs.js' },
      { type: 'jsonl' },
    ],
  ])('%s', async (_case, typed, source, format = { type: 'template' }) => {
    const monitor = await create(typed)
    expect(monitor.source).toMatchObject(source)
    expect(monitor.format).toMatchObject(format)
    expect(JSON.stringify(monitor)).not.toMatch(/secret-1|reader:password/)
  })
})

describe('the form makes a monitor of records in', () => {
  test.each<[string, Typed, object]>([
    [
      'lines “Name: value”',
      { format_type: 'template', record_start: 'Time' },
      { type: 'template', record_start: 'Time' },
    ],
    ['JSON lines', { format_type: 'jsonl', timestamp_field: 'at' }, { type: 'jsonl', timestamp_field: 'at' }],
    ['JSON', { format_type: 'json' }, { type: 'json' }],
    [
      'text with tabs and without a first line of names',
      { format_type: 'csv', delimiter: '\\t', columns: 'timestamp, question ,answer' },
      { type: 'csv', delimiter: '\t', header: false, columns: ['timestamp', 'question', 'answer'] },
    ],
    [
      'lines by a regular expression',
      { format_type: 'regex', pattern: '^(?P<timestamp>\\S+) (?P<question>.*)$', record_start: '^\\d' },
      { type: 'regex', pattern: '^(?P<timestamp>\\S+) (?P<question>.*)$', record_start: '^\\d' },
    ],
    ['Parquet', { format_type: 'parquet' }, { type: 'parquet' }],
    ['spans of OpenTelemetry', { format_type: 'otlp' }, { type: 'otlp' }],
    [
      'a form of their own',
      { format_type: 'module', format_path: 'logs.js' },
      { type: 'module', path: 'logs.js' },
    ],
  ])('%s', async (_case, typed, format) => {
    expect((await create({ ...FILE, ...typed })).format).toMatchObject(format)
  })
})

test('the form says what is sampled, what must hold, who is told, and all the rest', async () => {
  const monitor = await create({
    ...FILE,
    ...{ title: 'QA', total: '50', days: '3', by: 'none', where: 'confidence < 0.6' },
    ...{ metric: 'similarity', bound: '80', emails: 'a@example.org, b@example.org' },
  })
  expect(monitor).toMatchObject({
    title: 'QA',
    sample: { total: 50, by: 'none', where: 'confidence < 0.6' },
    window: { days: 3 },
    thresholds: [{ metric: 'similarity', min: 0.8 }],
    notify: { emails: ['a@example.org', 'b@example.org'] },
  })
})

const SPAN = JSON.stringify({
  resourceSpans: [
    {
      scopeSpans: [
        {
          spans: [
            {
              ...{ traceId: '5b8efff798038103d269b633813fc60c', spanId: 'eee19b7ec3c1b174', name: 'chat' },
              startTimeUnixNano: '1731317412000000000',
              attributes: [
                ['gen_ai.operation.name', 'chat'],
                ['gen_ai.input.messages', '[{"role":"user","parts":[{"type":"text","content":"Why?"}]}]'],
                [
                  'gen_ai.output.messages',
                  '[{"role":"assistant","parts":[{"type":"text","content":"It rains."}]}]',
                ],
              ].map(([key, stringValue]) => ({ key, value: { stringValue } })),
            },
          ],
        },
      ],
    },
  ],
})
const OTLP_MAPPING = '{"mapping": {"data": {"question": "input"}, "prediction": {"answer": "output"}}}'

describe('a pasted sample becomes tasks from', () => {
  test.each<[string, Typed, string]>([
    [
      'lines “Name: value”',
      { format_type: 'template' },
      'Timestamp: 2024-11-11 09:30:12\nUser Input: Why?\nModel Response: It rains.\nVersion: v1\n',
    ],
    ['JSON lines', { format_type: 'jsonl' }, '{"question": "Why?", "answer": "It rains."}\n'],
    ['JSON', { format_type: 'json' }, '[\n  {"question": "Why?",\n   "answer": "It rains."}\n]'],
    ['CSV', { format_type: 'csv' }, 'question,answer\nWhy?,It rains.\n'],
    ['text with tabs', { format_type: 'csv', delimiter: '\\t' }, 'question\tanswer\nWhy?\tIt rains.\n'],
    [
      'text without a line of names',
      { format_type: 'csv', delimiter: ';', columns: 'question, answer' },
      'Why?;It rains.\n',
    ],
    [
      'lines by a regular expression',
      { format_type: 'regex', pattern: '^(?P<timestamp>\\S+) q=(?P<question>.*) a=(?P<answer>.*)$' },
      '2024-11-11T09:30:12Z q=Why? a=It rains.\n',
    ],
    ['spans of OpenTelemetry', { format_type: 'otlp', more: OTLP_MAPPING }, SPAN],
  ])('%s', async (_case, typed, sample) => {
    const { more, ...fields } = typed
    await fill({ ...fields, config: QA_CONFIG, log_sample: sample })
    if (more) {
      await opened.page.click('.monitor-form > details > summary')
      await opened.page.fill('#more', more)
    }
    await opened.page.click('button[value=preview]')
    await opened.page.waitForSelector('#preview')
    expect(await opened.page.locator('#preview .lines li').allTextContents()).toEqual([])
    expect(await opened.page.textContent('#preview .tasks')).toMatch(/Why\?[\s\S]*It rains\./)
  })

  test('text alone: Parquet asks for none', async () => {
    await fill({ format_type: 'parquet' })
    await opened.page.locator('#log_sample').waitFor({ state: 'detached' })
  })
})

test.each<[string, Typed, string]>([
  ['a bucket that is not named', { source_type: 's3', key_pattern: '*' }, 'bucket'],
  ['a pattern with an unknown part', { ...FILE, key_pattern: '{ZZ}' }, 'key_pattern'],
  ['a query that is not there', { source_type: 'sql', url: 'postgresql://db.example.org/logs' }, 'query'],
  ['a pattern that is none', { ...FILE, format_type: 'regex', pattern: '(' }, 'pattern'],
  ['an address that is none', { ...FILE, emails: 'nobody' }, 'emails'],
])('%s is said at its field', async (_case, typed, field) => {
  await fill({ ...typed, config: QA_CONFIG, name: 'wrong' })
  await opened.page.click('button[value=create]')
  await opened.page
    .locator('.field', { has: opened.page.locator(`#${field}`) })
    .locator('.wrong')
    .waitFor()
})
