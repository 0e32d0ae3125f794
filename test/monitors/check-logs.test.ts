import { expect, test } from 'vitest'
import { Problem } from '../../src/contract/problem.ts'
import { checkMonitor } from '../../src/monitors/check.ts'
import { complete, type MonitorDraft } from '../../src/monitors/monitor.ts'

const S3 = { type: 's3', bucket: 'logs', key_pattern: '*' } as const
const HTTP = { type: 'http' } as const
const SQL = { type: 'sql', url: 'postgres://u:p@h/d', query: 'select 1 where :from < :to' } as const
const draft = (more: object) =>
  ({ name: 'qa', source: S3, labeling: { config: null, copy_from_project: 3 }, ...more }) as MonitorDraft

function problems(more: object): string[] {
  try {
    checkMonitor(draft(more))
    return []
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return (error.errors ?? []).map(({ path, message }) => `${path}: ${message}`)
  }
}

test.each([
  [
    'an invalid regular expression',
    { format: { type: 'regex', pattern: '(' } },
    '/format/pattern: format.pattern: ',
  ],
  ['one without groups', { format: { type: 'regex', pattern: 'x' } }, '/format/pattern: '],
  [
    'an invalid record start',
    { format: { type: 'regex', pattern: '(?P<a>x)', record_start: '(' } },
    '/format/record_start: ',
  ],
  ['CSV without names', { format: { type: 'csv', header: false } }, '/format/columns: '],
  ['a delimiter of the wrong kind', { format: { type: 'csv', delimiter: 'é' } }, '/format/delimiter: '],
  ['a key pattern that is none', { source: { ...S3, key_pattern: '{XX}' } }, '/source/key_pattern: '],
  [
    'a placeholder for a key',
    { source: { ...S3, credentials: { access_key_id: '…', secret_access_key: 's' } } },
    '/source/credentials/access_key_id: Expected visible ASCII',
  ],
  [
    'a session token with its line end',
    { source: { ...S3, credentials: { access_key_id: 'k', secret_access_key: 's', session_token: 't\n' } } },
    '/source/credentials/session_token: ',
  ],
  ['no way to web files', { source: HTTP }, '/source: Give one of'],
  [
    'two ways to web files',
    { source: { ...HTTP, urls: ['http://a/b'], manifest: 'http://a/c' } },
    '/source: Give one of',
  ],
  ['another protocol', { source: { ...HTTP, urls: ['http://a/b', 'ftp://a/b'] } }, '/source/urls/1: '],
  [
    'a URL pattern without a date',
    { source: { ...HTTP, url_pattern: 'http://a/b' } },
    '/source/url_pattern: ',
  ],
  [
    'a URL pattern with an unknown part',
    { source: { ...HTTP, url_pattern: 'http://a/{YYYY}{MM}{XX}' } },
    '/source/url_pattern: ',
  ],
  [
    'a URL pattern with *',
    { source: { ...HTTP, url_pattern: 'http://a/{YYYY}{MM}*' } },
    '/source/url_pattern: ',
  ],
  [
    'a header that can not be sent',
    { source: { ...HTTP, urls: ['http://a/b'], headers: { 'a b': 'x' } } },
    '/source/headers/a b: ',
  ],
  [
    'a header with a line end',
    { source: { ...HTTP, urls: ['http://a/b'], headers: { a: 'x\ny' } } },
    '/source/headers/a: ',
  ],
  [
    'a header that the reading sets',
    { source: { ...HTTP, urls: ['http://a/b'], headers: { Range: 'x' } } },
    '/source/headers/Range: ',
  ],
  ['a database of another kind', { source: { ...SQL, url: 'sqlite:///x' } }, '/source/url: '],
  [
    'a query that writes',
    { source: { ...SQL, query: 'delete from x where :from < :to' } },
    '/source/query: ',
  ],
  ['a query without the window', { source: { ...SQL, query: 'select 1' } }, '/source/query: '],
  ['a query with another format', { source: SQL, format: { type: 'csv' } }, '/format/type: '],
  [
    'Parquet of a module',
    { source: { type: 'module', path: 'a.mjs' }, format: { type: 'parquet' } },
    '/format/type: ',
  ],
])('%s is told with its path', (_, more, expected) => {
  const found = problems(more)
  expect(found).toHaveLength(1)
  expect(found[0]).toContain(expected)
  expect(found[0]).not.toContain('u:p@')
})

test.each([
  ['a regular expression', { format: { type: 'regex', pattern: '(?P<a>x)' } }],
  [
    'web files',
    {
      source: {
        ...HTTP,
        url_pattern: 'https://a.example/{YYYY}/{MM}/{DD}.csv.gz',
        headers: { authorization: '***' },
      },
    },
  ],
  ['a query whose URL is kept', { source: { ...SQL, url: '***' } }],
  ['a module', { source: { type: 'module', path: 'a.mjs' } }],
])('%s is fine', (_, more) => {
  expect(problems(more)).toEqual([])
})

test.each([
  ['s3', S3, 'template'],
  ['http', { ...HTTP, urls: ['http://a/b'] }, 'template'],
  ['sql', SQL, 'jsonl'],
  ['module', { type: 'module', path: 'a.mjs' }, 'jsonl'],
])('the format of a source of type %s is by default the one its records have', (_, source, type) => {
  expect(complete(draft({ source })).format.type).toBe(type)
})
