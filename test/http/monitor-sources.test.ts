import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { monitorInput } from '../support/monitors.ts'
import { type TestService, testService } from '../support/service.ts'

let it: TestService
beforeAll(async () => {
  it = await testService()
  await mkdir(it.logs, { recursive: true })
})
afterAll(() => it.stop())

const FILE = { type: 'file', path: '.', key_pattern: '*' }
const SQL = {
  type: 'sql',
  url: 'postgres://u:visible-nowhere@127.0.0.1:1/d',
  query: 'select 1 where :from < :to',
}
const HTTP = { type: 'http', urls: ['https://logs.example/a'], headers: { authorization: 'visible-nowhere' } }

test.each([
  ['s3', { source: { type: 's3', bucket: 'b', key_pattern: '*', requester_pays: true } }],
  ['http', { source: HTTP }],
  ['http-pattern', { source: { type: 'http', url_pattern: 'https://logs.example/{YYYY}/{MM}/{DD}.gz' } }],
  [
    'http-manifest',
    { source: { type: 'http', manifest: 'https://logs.example/m', key_pattern: '{YYYY}-{MM}-{DD}' } },
  ],
  ['sql', { source: SQL }],
  ['module', { source: { type: 'module', path: 'a.mjs', options: { deep: [1, { x: null }] } } }],
  [
    'template',
    {
      source: FILE,
      format: { type: 'template', record_start: 'Request ID', fields: { question: 'Prompt' } },
    },
  ],
  ['json', { source: FILE, format: { type: 'json' } }],
  ['csv', { source: FILE, format: { type: 'csv', delimiter: '\t', header: false, columns: ['a', 'b'] } }],
  ['regex', { source: FILE, format: { type: 'regex', pattern: '(?P<a>.*)', record_start: '^x' } }],
  ['parquet', { source: FILE, format: { type: 'parquet' } }],
  ['otlp', { source: FILE, format: { type: 'otlp' } }],
  ['own', { source: FILE, format: { type: 'module', path: 'b.mjs' } }],
])('%s: is created, shown without its secrets, and can be sent back in a patch', async (name, definition) => {
  const created = await it
    .request()
    .post('/monitors')
    .send(monitorInput({ name, ...definition }))
  expect(created.body).toMatchObject({ name, source: { type: definition.source.type } })
  expect(created.status).toBe(201)
  expect(JSON.stringify(created.body)).not.toContain('visible-nowhere')
  const { source, format } = created.body
  const patched = await it
    .request()
    .patch(`/monitors/${name}`)
    .set('if-match', created.headers.etag as string)
    .send({ source, format, title: 'changed' })
  expect(patched.body).toMatchObject({ title: 'changed', source, format })
})

test.each([
  ['an unknown source', { source: { type: 'ftp' } }, '/source/type'],
  ['an unknown format', { format: { type: 'xml' } }, '/format/type'],
  ['a query without a database', { source: { type: 'sql', query: 'select :from' } }, '/source/url'],
  ['a URL that is none', { source: { type: 'http', urls: ['nonsense'] } }, '/source/urls/0'],
  ['a password in a URL', { source: { type: 'http', urls: ['https://u:p@h/x'] } }, '/source/urls/0'],
  ['a pattern that is none', { format: { type: 'regex', pattern: '(' } }, '/format/pattern'],
  ['a delimiter of two characters', { format: { type: 'csv', delimiter: ';;' } }, '/format/delimiter'],
  ['an unknown option', { format: { type: 'csv', quote: "'" } }, '/format/quote'],
])('%s is refused with its path', async (_, definition, path) => {
  const answer = await it
    .request()
    .post('/monitors')
    .send(monitorInput({ name: 'wrong', ...definition }))
  expect(answer.status).toBe(path === '/format/pattern' ? 422 : 400)
  expect(answer.body.errors.map((error: { path: string }) => error.path)).toContain(path)
})

test.each([
  ['sql', /database d on 127\.0\.0\.1: can't be read now \(ECONNREFUSED\)/],
  ['module', /modules are not allowed.*MODULE_ROOT/],
])('a preview of %s says what is wrong', async (name, message) => {
  const { body } = await it.request().post(`/monitors/${name}/preview`).send({})
  expect(body.problems.map((problem: { message: string }) => problem.message).join()).toMatch(message)
})

test('a preview refuses private addresses', async () => {
  const source = { type: 'http', urls: ['http://127.0.0.1:1/latest/meta-data'] }
  await it
    .request()
    .post('/monitors')
    .send(monitorInput({ name: 'private', source }))
  const { body } = await it.request().post('/monitors/private/preview').send({})
  expect(body.problems.map((problem: { message: string }) => problem.message).join()).toMatch(
    /private address/,
  )
})

test('a preview shows records as the format reads them, and those that it can not', async () => {
  await writeFile(join(it.logs, 'a.csv'), 'question,answer\n"a\nb",c\nd\n')
  const source = { type: 'file', path: '.', key_pattern: '*.csv' }
  await it
    .request()
    .post('/monitors')
    .send(monitorInput({ name: 'shown', source, format: { type: 'csv' } }))
  const { body } = await it.request().post('/monitors/shown/preview').send({})
  expect(body.records).toEqual([{ question: 'a\nb', answer: 'c' }])
  expect(body.problems).toContainEqual({
    object: 'a.csv',
    line: 4,
    message: 'has 1 fields where there are 2 columns',
  })
})
