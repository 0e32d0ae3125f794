import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createFormat } from '../../src/logs/format.ts'
import { readObject } from '../../src/logs/read.ts'
import { type FileSourceDefinition, openSource, SourceError } from '../../src/logs/source.ts'

let base = ''
const open = (definition: Omit<FileSourceDefinition, 'type'>, root = 'root') =>
  openSource({ type: 'file', ...definition }, { fileRoot: join(base, root) })
const keys = async (definition: Omit<FileSourceDefinition, 'type'>, root?: string) =>
  (await Array.fromAsync(open(definition, root).list())).map(({ key }) => key).sort()

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'source-file-'))
  for (const directory of ['root/logs/deep/er', 'root/other', 'outside/logs', 'rootless'])
    await mkdir(join(base, directory), { recursive: true })
  const files = {
    'root/logs/q_2024-11-11.txt': 'eleven',
    'root/logs/q_2024-11-12.txt.gz': '',
    'root/logs/deep/er/q_2024-11-13.txt': 'thirteen',
    'root/logs/notes.md': '',
    'root/other/q_2024-11-14.txt': 'fourteen',
    'outside/secret_2024-11-15.txt': 'secret',
    'outside/logs/q_2024-11-16.txt': 'secret',
  }
  for (const [name, text] of Object.entries(files)) await writeFile(join(base, name), text)
  const links = {
    'root/logs/link_2024-11-14.txt': '../other/q_2024-11-14.txt',
    'root/logs/a-linked': '../other',
    'root/logs/loop': '..',
    'root/logs/out_2024-11-15.txt': '../../outside/secret_2024-11-15.txt',
    'root/logs/out': '../../outside/logs',
    'root/logs/dangling_2024-11-15.txt': 'nothing',
    'linked-root': 'root',
  }
  for (const [name, target] of Object.entries(links)) await symlink(target, join(base, name))
})
afterAll(() => rm(base, { recursive: true }))

const PATTERN = '{YYYY}-{MM}-{DD}.txt'

describe('lists what is below the directory', () => {
  test('with key, size and date', async () => {
    const objects = await Array.fromAsync(
      open({ path: 'logs', key_pattern: 'q_{YYYY}-{MM}-{DD}.txt' }).list(),
    )
    expect(objects.sort((a, b) => (a.key < b.key ? -1 : 1))).toEqual([
      { key: 'a-linked/q_2024-11-14.txt', size: 8, date: '2024-11-14' },
      { key: 'deep/er/q_2024-11-13.txt', size: 8, date: '2024-11-13' },
      { key: 'q_2024-11-11.txt', size: 6, date: '2024-11-11' },
      { key: 'q_2024-11-12.txt.gz', size: 0, date: '2024-11-12' },
    ])
  })

  test('links inside the root count, others and loops do not', async () => {
    expect(await keys({ path: 'logs', key_pattern: PATTERN })).toEqual([
      'a-linked/q_2024-11-14.txt',
      'deep/er/q_2024-11-13.txt',
      'link_2024-11-14.txt',
      'q_2024-11-11.txt',
      'q_2024-11-12.txt.gz',
    ])
  })

  test('the root itself, with each directory once under its own name', async () => {
    expect(await keys({ path: '.', key_pattern: 'q_*' })).toEqual([
      'logs/deep/er/q_2024-11-13.txt',
      'logs/q_2024-11-11.txt',
      'logs/q_2024-11-12.txt.gz',
      'other/q_2024-11-14.txt',
    ])
    expect(await keys({ path: join(base, 'root'), key_pattern: 'q_*' })).toHaveLength(4)
    expect(await keys({ key_pattern: 'q_*' })).toHaveLength(4)
  })

  test('an absolute path is the same place', async () => {
    expect(await keys({ path: join(base, 'root/other') })).toEqual(['q_2024-11-14.txt'])
    expect(open({ path: join(base, 'root/other') }).id).toBe('file:other')
    expect(open({ path: 'other/' }).id).toBe('file:other')
  })

  test('the root may be a link', async () => {
    expect(await keys({ path: 'other' }, 'linked-root')).toEqual(['q_2024-11-14.txt'])
    expect(await keys({ path: join(base, 'root/other') }, 'linked-root')).toEqual(['q_2024-11-14.txt'])
  })
})

test.each([
  ['a path out of the root', '..', /lies outside FILE_ROOT/],
  ['a neighbour with the same beginning', '../rootless', /lies outside FILE_ROOT/],
  ['an absolute path elsewhere', '/etc', /lies outside FILE_ROOT/],
  ['a link out of the root', 'logs/out', /lies outside FILE_ROOT/],
  ['a path through a link out and back', 'logs/out/../../other', /no such file or directory|lies outside/],
  ['a directory that does not exist', 'nope', /no such file or directory; check source.path/],
  ['a file', 'logs/notes.md', /no such file or directory/],
])('%s is refused', async (name, path, message) => {
  if (name === 'a path through a link out and back')
    return expect(await keys({ path })).toEqual(['q_2024-11-14.txt'])
  const error = await keys({ path }).catch((e) => e)
  expect(error).toBeInstanceOf(SourceError)
  expect(error).toMatchObject({ kind: 'refused', message: expect.stringMatching(message) })
})

test('a root that does not exist is refused', async () => {
  await expect(keys({ path: '.' }, 'gone')).rejects.toMatchObject({ kind: 'refused' })
})

describe('opens', () => {
  const object = (key: string) => ({ key, size: null, date: null })
  test('the bytes as stored', async () => {
    expect(String(await buffer(await open({ path: 'logs' }).open(object('deep/er/q_2024-11-13.txt'))))).toBe(
      'thirteen',
    )
  })

  test.each([
    ['raw', (text: string) => Buffer.from(text)],
    ['gzip', (text: string) => gzipSync(text, { level: 1 })],
  ])('a file of many pieces, %s, of which none is overwritten before it is read', async (name, pack) => {
    const line = (i: number) =>
      `${JSON.stringify({ i, text: (Math.imul(i, 0x9e3779b1) >>> 0).toString(36).repeat(9) })}\n`
    const text = Array.from({ length: 150_000 }, (_, i) => line(i)).join('')
    await writeFile(join(base, `root/${name}.big`), pack(text))
    const source = open({ path: '.', key_pattern: '*.big' })
    expect(String(await buffer(await source.open(object(`${name}.big`)))) === String(pack(text))).toBe(true)
    const read: number[] = []
    const options = { source, format: createFormat({ type: 'jsonl' }), window: { from: '', to: '' } }
    await readObject(object(`${name}.big`), options, {
      record: ({ bytes, start, end }) => {
        const { i } = JSON.parse(bytes.toString('utf8', start, end))
        if (bytes.toString('utf8', start, end) === line(i)) read.push(i)
      },
      malformed: (line, problem) => expect.fail(`${line}: ${problem}`),
    })
    expect(read).toHaveLength(150_000)
    expect(read.every((i, at) => i === at)).toBe(true)
  })

  test('with reuse, chunks that stay valid until two more were read', async () => {
    const pieces = Array.from({ length: 10 }, (_, i) => Buffer.alloc(1 << 18, i))
    await writeFile(join(base, 'root/reuse'), Buffer.concat(pieces))
    const latest: Buffer[] = []
    let read = 0
    for await (const chunk of await open({ path: '.' }).open(object('reuse'), undefined, { reuse: [] })) {
      read += latest.push(chunk) && chunk.length
      await setTimeout(20)
      for (const [back, held] of latest.slice(-3).reverse().entries())
        expect(held.equals(pieces[latest.length - 1 - back] as Buffer)).toBe(true)
    }
    expect(read).toBe(10 << 18)
  })

  test('with reuse, chunks that stay valid when their file has ended and another one is read', async () => {
    await writeFile(join(base, 'root/one'), Buffer.alloc(10, 1))
    await writeFile(join(base, 'root/two'), Buffer.alloc(1 << 20, 2))
    const source = open({ path: '.' })
    const all = async (key: string) =>
      Array.fromAsync(await source.open(object(key), undefined, { reuse: [] })) as Promise<Buffer[]>
    const one = await all('one')
    await setTimeout(20)
    await all('two')
    expect(Buffer.concat(one)).toEqual(Buffer.alloc(10, 1))
  })

  test('with reuse, into the memory of the object before', async () => {
    await writeFile(join(base, 'root/long'), Buffer.alloc(10 << 18, 3))
    const source = open({ path: '.' })
    const buffers: Buffer[] = []
    const memories = new Set<ArrayBufferLike>()
    for (let time = 0; time < 3; time++)
      for await (const chunk of await source.open(object('long'), undefined, { reuse: buffers }))
        memories.add(chunk.buffer)
    expect(memories).toEqual(new Set(buffers.map(({ buffer }) => buffer)))
  })

  test.each([
    ['a link out of the root', 'out_2024-11-15.txt', 'refused'],
    ['a path out of the root', '../../outside/secret_2024-11-15.txt', 'refused'],
    ['a directory', 'deep', 'refused'],
    ['what has vanished since', 'gone.txt', 'unavailable'],
  ])('not %s', async (_, key, kind) => {
    await expect(open({ path: 'logs' }).open(object(key))).rejects.toMatchObject({
      name: 'SourceError',
      kind,
    })
  })

  test('and stops when aborted', async () => {
    const aborted = AbortSignal.abort(new Error('enough'))
    await expect(open({ path: 'logs' }).open(object('notes.md'), aborted)).rejects.toThrow('enough')
    await expect(Array.fromAsync(open({ path: 'logs' }).list(aborted))).rejects.toThrow('enough')
  })
})

test('an unknown type of source is refused', () => {
  const definition = { type: 'ftp' } as unknown as FileSourceDefinition
  expect(() => openSource(definition, { fileRoot: base })).toThrow(
    'source.type: expected s3, file, http, sql or module, got "ftp"',
  )
})
