import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ModuleSourceDefinition, openSource, SourceError } from '../../src/logs/source.ts'
import { memorySource } from './memory-source.ts'
import { readAll } from './read-all.ts'

const WINDOW = { from: '2024-11-05', to: '2024-11-11' }
let base = ''
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'modules-'))
  await mkdir(join(base, 'root'))
  for (const name of ['api-module.ts', 'blocks-module.ts'])
    await copyFile(`examples/${name}`, join(base, 'root', name))
  await writeFile(join(base, 'outside.mjs'), 'export function* open() { yield "x" }')
  await symlink('../outside.mjs', join(base, 'root', 'linked.mjs'))
})
afterAll(() => rm(base, { recursive: true }))

const settings = () => ({
  fileRoot: '/',
  moduleRoot: join(base, 'root') as string | null,
  moduleTimeoutMs: 20_000,
})
const open = (definition: Omit<ModuleSourceDefinition, 'type'>, more: object = {}) =>
  openSource({ type: 'module', ...definition }, { ...settings(), ...more })
let written = 0
async function write(code: string): Promise<string> {
  const path = `m${written++}.mjs`
  await writeFile(join(base, 'root', path), code)
  return path
}
const readModule = async (
  code: string,
  { format = { type: 'jsonl' }, ...more }: { format?: { type: string }; [key: string]: unknown } = {},
) => readAll(open({ path: await write(code) }, more), format, { window: WINDOW })
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => null,
    (error) => error,
  )

test('the example of an API gives its records', async () => {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://x')
    const page = Number(url.searchParams.get('page') ?? 0)
    const asked_at = `${page === 0 ? url.searchParams.get('from') : '2024-11-06'}T10:00:00Z`
    const items = [{ asked_at, prompt: `q${page}`, completion: `a${page}`, model: 'v1' }]
    response.end(JSON.stringify({ items, next: page < 2 ? `/answers?page=${page + 1}` : null }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/answers`
  const source = open({ path: 'api-module.ts', options: { url } })
  const { records } = await readAll(source, { type: 'jsonl' }, { window: WINDOW })
  server.close()
  expect(records.map(({ fields, date }) => [fields.question, fields.model_version, date])).toEqual([
    ['q0', 'v1', '2024-11-05'],
    ['q1', 'v1', '2024-11-06'],
    ['q2', 'v1', '2024-11-06'],
  ])
})

test('the example of a format reads the objects of any source', async () => {
  const text = 'date=2024-11-06\nquestion=a b\n---\ndate=2024-11-07\nquestion=ä\n'
  const format = { type: 'module', path: 'blocks-module.ts', options: { separator: '---' } }
  for (const [content, chunk] of [
    [text, 1 << 16],
    [text, 3],
    [gzipSync(text), 1 << 16],
  ] as const) {
    const { records } = await readAll(memorySource({ object: content }, { chunk }), format, {
      window: WINDOW,
      settings: settings(),
      field: 'question',
    })
    expect(records.map(({ fields, date, value }) => [fields.question, date, value])).toEqual([
      ['a b', '2024-11-06', 'a b'],
      ['ä', '2024-11-07', 'ä'],
    ])
  }
})

test('bytes and texts are read by the format; objects can be listed, with dates', async () => {
  const code = `
    export const list = ({ window }) => [
      { key: 'logs-' + window.from + '.txt', size: 3 }, { key: 'b', date: window.to }, { key: 'old', date: '2020-01-01' }]
    export function* open({ key, date }) {
      yield 'Timestamp: ' + date + '\\nQ: '
      yield new TextEncoder().encode(key + '\\n')
    }`
  const source = openSource({ type: 'module', path: await write(code), key_pattern: '*' }, settings())
  const listed = await Array.fromAsync(source.list(undefined, WINDOW))
  expect(listed).toEqual([
    { key: 'logs-2024-11-05.txt', size: 3, date: null },
    { key: 'b', size: null, date: '2024-11-11' },
    { key: 'old', size: null, date: '2020-01-01' },
  ])
  const { records } = await readAll(source, { type: 'template' }, { window: WINDOW })
  expect(records.map(({ fields }) => fields.q)).toEqual(['logs-2024-11-05.txt', 'b', 'old'])
})

test('records are known by their content, and equal ones apart', async () => {
  const code = (list: string) => `export const open = () => ${list}`
  const [first, second] = await Promise.all(
    ['[{q:1},{q:2},{q:1}]', '[{q:1},{q:1},{q:2}]'].map((list) => readModule(code(list))),
  )
  const known = (found: typeof first) => found?.records.map(({ offset, fields }) => [offset, fields.q]).sort()
  expect(new Set(known(first)?.map(([offset]) => offset)).size).toBe(3)
  expect(known(first)).toEqual(known(second))
})

test('a lot of records comes through, in its order', async () => {
  const { records } = await readModule(`
    export async function* open() { for (let i = 0; i < 20000; i++) yield { question: 'q' + i, n: BigInt(i) } }`)
  expect(records).toHaveLength(20_000)
  expect(records[19_999]?.fields).toEqual({ question: 'q19999', n: '19999' })
})

test.each([
  [
    'an error',
    'export function open() { throw new Error("no token") }',
    'refused',
    /source\.path m\d+\.mjs: no token/,
  ],
  [
    'an error that says it is temporary',
    'export function open() { throw Object.assign(new Error("busy"), { temporary: true }) }',
    'unavailable',
    /busy/,
  ],
  [
    'an error after some records',
    'export function* open() { yield {}; throw new Error("cut off") }',
    'refused',
    /cut off/,
  ],
  [
    'an endless loop',
    'export function open() { for (;;); }',
    'refused',
    /gave nothing for 0\.5 s, and was ended/,
  ],
  ['an endless loop at its top', 'for (;;);', 'refused', /gave nothing/],
  [
    'a promise that never comes',
    'export async function* open() { await new Promise(() => setInterval(() => {}, 1000)) }',
    'refused',
    /gave nothing/,
  ],
  ['an exit', 'export function open() { process.exit(3) }', 'refused', /ended by itself \(exit code 3\)/],
  [
    'an error in a callback',
    'export async function* open() { setTimeout(() => { throw new Error("late") }); await new Promise((r) => setTimeout(r, 300)) }',
    'refused',
    /crashed: late/,
  ],
  ['no function', 'export const close = 1', 'refused', /exports no function open/],
  ['nothing to iterate', 'export const open = () => 7', 'refused', /nothing to iterate/],
  [
    'a record that is none',
    'export const open = () => [[1]]',
    'refused',
    /expected a record as an object, got a list/,
  ],
  ['no JavaScript', 'export const = 1', 'refused', /Unexpected token|SyntaxError/],
  [
    'a listing that is none',
    'export const list = () => [{ name: 1 }]',
    'refused',
    /list gave an object that has no key/,
  ],
])('%s ends the reading, not the service', async (_, code, kind, message) => {
  const error = await failure(
    readModule(code, { moduleTimeoutMs: /gave nothing/.test(message.source) ? 500 : 20_000 }),
  )
  expect(error).toBeInstanceOf(SourceError)
  expect(error).toMatchObject({ kind, message: expect.stringMatching(message) })
})

test.each([
  [
    'no directory of modules is set',
    'api-module.ts',
    { moduleRoot: null },
    /modules are not allowed.*MODULE_ROOT/,
  ],
  ['the file is not there', 'nothing.mjs', {}, /there is no file nothing\.mjs below MODULE_ROOT/],
  ['the file lies outside', '../outside.mjs', {}, /lies outside of MODULE_ROOT/],
  ['a link leads outside', 'linked.mjs', {}, /lies outside of MODULE_ROOT/],
])('nothing runs where %s', async (_, path, more, message) => {
  const error = await failure(readAll(open({ path }, more), { type: 'jsonl' }, { window: WINDOW }))
  expect(error).toMatchObject({ kind: 'refused', message: expect.stringMatching(message) })
  const format = { type: 'module', path }
  const parsing = readAll('x', format, { settings: { ...settings(), ...more } })
  expect(await failure(parsing)).toMatchObject({ kind: 'refused', message: expect.stringMatching(message) })
})

test('a reading that is stopped ends the thread', async () => {
  const stop = new AbortController()
  const path = await write('export function* open() { for (let i = 0; ; i++) yield { i } }')
  const source = open({ path })
  const [object] = await Array.fromAsync(source.list(undefined, WINDOW))
  const rows = await source.open(object as never, stop.signal)
  const error = await failure(
    (async () => {
      for await (const _ of rows) stop.abort(new Error('enough'))
    })(),
  )
  expect(error.message).toBe('enough')
})
