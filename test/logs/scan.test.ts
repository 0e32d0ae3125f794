import { gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { draw } from '../../src/logs/draw.ts'
import { createFormat } from '../../src/logs/format.ts'
import type { ScanProgress } from '../../src/logs/gather.ts'
import { previewLogs } from '../../src/logs/preview.ts'
import { SourceError } from '../../src/logs/source.ts'
import { memorySource } from './memory-source.ts'
import { type ScanLogsOptions, scanLogs } from './scan-logs.ts'

const WINDOW = { from: '2024-11-05', to: '2024-11-11' }
const PATTERN = 'qalogs_{MM}:{DD}:{YY}.txt'
const template = createFormat({ type: 'template' })
const jsonl = createFormat({ type: 'jsonl' })

const record = (date: string, n: number, more = '') =>
  `Timestamp: ${date} 00:12:33\nUser Input: "q ${n}"\n\nModel Response: "a ${n}"\nVersion: v${n % 2}\n${more}\n`
const records = (date: string, count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => record(date, from + i)).join('')
const day = (n: number) => `2024-11-${String(n).padStart(2, '0')}`
const key = (n: number) => `prod/qalogs_11:${String(n).padStart(2, '0')}:24.txt`

/** Nine days of which seven lie in the window, day n with n records. */
const nineDays = () =>
  Object.fromEntries([4, 5, 6, 7, 8, 9, 10, 11, 12].map((n) => [key(n), records(day(n), n, n * 100)]))

async function sample(options: Partial<ScanLogsOptions> & Pick<ScanLogsOptions, 'source'>) {
  const format = options.format ?? template
  const result = await scanLogs({
    format,
    window: WINDOW,
    sample: { total: 20, by: 'date' },
    seed: 1,
    ...options,
  })
  const drawn = draw(result.sketch, format.parse)
  return { ...result, ...drawn, framing: result.malformed, content: drawn.malformed }
}

describe('which records count', () => {
  test('those of the objects whose key lies in the window, both ends included', async () => {
    const source = memorySource(nineDays(), { pattern: PATTERN })
    const { strata, progress, framing } = await sample({ source })
    expect(source.opened.sort()).toEqual([5, 6, 7, 8, 9, 10, 11].map(key).sort())
    expect(strata.map(({ key, seen }) => [key, seen])).toEqual(
      [5, 6, 7, 8, 9, 10, 11].map((n) => [day(n), n]),
    )
    expect(progress).toMatchObject({
      objects_total: 7,
      objects_done: 7,
      records_seen: 56,
      records_malformed: 0,
    })
    expect(framing).toEqual({ count: 0, first: [] })
  })

  test('all records of a dated object, each under its own date', async () => {
    const text = `${record('2024-11-11', 1)}${record('2024-11-12', 2)}${record('2023-01-01', 3)}Timestamp: soon\nA: b\n`
    const { strata } = await sample({ source: memorySource({ [key(11)]: text }, { pattern: PATTERN }) })
    expect(strata).toEqual([
      { key: '2023-01-01', seen: 1, sampled: 1 },
      { key: '2024-11-11', seen: 2, sampled: 2 },
      { key: '2024-11-12', seen: 1, sampled: 1 },
    ])
  })

  test('without a date in the key, records by their own date, and those that have none', async () => {
    const text = `${record('2024-11-05', 1)}${record('2024-11-12', 2)}${record('2024-11-04', 3)}Timestamp: soon\nA: b\n`
    const { strata, progress } = await sample({ source: memorySource({ 'all.txt': text }) })
    expect(strata.map(({ key, seen }) => [key, seen])).toEqual([
      ['2024-11-05', 1],
      ['undated', 1],
    ])
    expect(progress.records_seen).toBe(2)
  })

  test('none at all', async () => {
    const { records, strata, progress } = await sample({
      source: memorySource({ [key(4)]: record(day(4), 1) }, { pattern: PATTERN }),
    })
    expect({ records, strata }).toEqual({ records: [], strata: [] })
    expect(progress).toMatchObject({ objects_total: 0, bytes_total: 0 })
  })
})

describe('strata', () => {
  const objects = {
    'a.jsonl': [
      '{"class":"x","v":1}',
      '{"class":"y"}',
      '{"class":1}',
      '{"v":{"class":"x"}}',
      '{"class":"x"}',
    ].join('\n'),
  }
  test.each([
    ['date', [['undated', 5]]],
    ['none', [['all', 5]]],
    [
      'class',
      [
        ['(none)', 1],
        ['1', 1],
        ['x', 2],
        ['y', 1],
      ],
    ],
  ])('by %s', async (by, seen) => {
    const { strata } = await sample({
      source: memorySource(objects),
      format: jsonl,
      sample: { total: 9, by },
    })
    expect(strata.map(({ key, seen }) => [key, seen])).toEqual(seen)
  })

  test('by a field of the template, under either name', async () => {
    for (const by of ['version', 'model_version']) {
      const { strata } = await sample({
        source: memorySource(nineDays(), { pattern: PATTERN }),
        sample: { total: 9, by },
      })
      expect(strata.map(({ key, seen, sampled }) => [key, seen, sampled])).toEqual([
        ['v0', 30, expect.any(Number)],
        ['v1', 26, expect.any(Number)],
      ])
    }
  })

  test('proportional', async () => {
    const objects = { [key(5)]: records(day(5), 300), [key(6)]: records(day(6), 100) }
    const source = memorySource(objects, { pattern: PATTERN })
    const { strata } = await sample({ source, sample: { total: 20, by: 'date', allocation: 'proportional' } })
    expect(strata.map(({ sampled }) => sampled)).toEqual([15, 5])
  })
})

test('what is sampled stands in the logs, at its object, offset and line', async () => {
  const objects = nineDays()
  const { records } = await sample({ source: memorySource(objects, { pattern: PATTERN }) })
  expect(records).toHaveLength(20)
  for (const { object, offset, line, date, fields } of records) {
    const text = objects[object] as string
    expect(text.slice(offset)).toMatch(`Timestamp: ${date} 00:12:33\nUser Input: "${fields.question}"`)
    expect(text.slice(0, offset).split('\n')).toHaveLength(line)
  }
})

test('the sample and all counts are the same for any order, chunks and compression', async () => {
  const plain = nineDays()
  plain[key(6)] += 'Timestamp: 2024-11-06\n'
  plain[key(7)] = `odd\n${plain[key(7)]}`
  const expected = await sample({ source: memorySource(plain, { pattern: PATTERN }), seed: 7 })
  const packers = [(text: string) => Buffer.from(text), gzipSync, zstdCompressSync]
  await fc.assert(
    fc.asyncProperty(
      fc.shuffledSubarray(Object.keys(plain), { minLength: 9 }),
      fc.integer({ min: 1, max: 400 }),
      fc.array(fc.nat(2), { minLength: 9, maxLength: 9 }),
      async (order, chunk, packed) => {
        const objects = Object.fromEntries(
          Object.entries(plain).map(([name, text], i) => [
            name,
            (packers[packed[i] ?? 0] as typeof gzipSync)(text),
          ]),
        )
        const found = await sample({
          source: memorySource(objects, { pattern: PATTERN, order, chunk }),
          seed: 7,
        })
        expect({ ...found, progress: null, sketch: null }).toEqual({
          ...expected,
          progress: null,
          sketch: null,
        })
      },
    ),
    { numRuns: 40 },
  )
})

test('another seed gives another sample', async () => {
  const ask = async (seed: string | number) =>
    (await sample({ source: memorySource(nineDays(), { pattern: PATTERN }), seed })).records.map(
      ({ hash }) => hash,
    )
  expect(await ask(1)).toEqual(await ask('1'))
  expect(await ask(1)).not.toEqual(await ask(2))
})

describe('malformed pieces stop nothing', () => {
  test('each is counted and told with object and line', async () => {
    const long = `Timestamp: 2024-11-07\nA: ${'x'.repeat(600)}\n`
    const objects = {
      [key(5)]: `rubbish\n${records(day(5), 2)}`,
      [key(6)]: '',
      [key(7)]: `${records(day(7), 1)}${long}${records(day(7), 1)}`,
      [key(8)]: gzipSync(records(day(8), 4_000)).subarray(0, -2_000),
      [key(9)]: 'BZh91AY&SY',
      [key(10)]: 'Timestamp: 2024-11-10\nno field\n',
    }
    const source = memorySource(objects, { pattern: PATTERN })
    const { framing, content, strata, progress } = await sample({ source, limits: { maxRecordBytes: 500 } })
    const eighth = strata.find(({ key }) => key === day(8))?.seen ?? 0
    expect(eighth).toBeGreaterThan(3_000)
    expect(eighth).toBeLessThan(4_000)
    expect(framing).toEqual({
      count: 4,
      first: [
        { object: key(5), line: 1, problem: expect.stringMatching(/^text before/) },
        { object: key(7), line: 7, problem: 'longer than 500 bytes' },
        {
          object: key(8),
          line: expect.any(Number),
          problem: expect.stringMatching(/gzip data is broken or cut off/),
        },
        { object: key(9), line: 1, problem: expect.stringMatching(/bzip2/) },
      ],
    })
    // the line that the break came at, within the record after the last whole one
    expect(Math.floor(((framing.first[2]?.line ?? 0) - 1) / 6)).toBe(eighth)
    expect(content).toEqual({
      count: 1,
      first: [{ object: key(10), line: 1, problem: expect.stringMatching(/no "Name: value"/) }],
    })
    expect(progress).toMatchObject({ objects_done: 6, records_malformed: 4 })
  })

  test('the first 20 are the first by object and line', async () => {
    const bad = 'x\n'.repeat(15)
    const objects = { 'b.jsonl': `${bad}{}\n`, 'a.jsonl': bad, 'c.jsonl': bad }
    const { framing } = await sample({ source: memorySource(objects), format: jsonl })
    expect(framing.count).toBe(45)
    expect(framing.first.map(({ object, line }) => `${object}:${line}`)).toEqual([
      ...Array.from({ length: 15 }, (_, i) => `a.jsonl:${i + 1}`),
      ...Array.from({ length: 5 }, (_, i) => `b.jsonl:${i + 1}`),
    ])
  })
})

describe('the scan', () => {
  test('reads two objects at a time and tells its progress', async () => {
    const told: ScanProgress[] = []
    const source = memorySource(nineDays(), { pattern: PATTERN, chunk: 100 })
    const { progress } = await sample({ source, onProgress: (now) => told.push(now) })
    expect(source.open_most).toBe(2)
    expect(told[0]).toMatchObject({ objects_total: 7, objects_done: 0, bytes_done: 0, records_seen: 0 })
    expect(told.at(-1)).toEqual(progress)
    expect(progress.bytes_done).toBe(progress.bytes_total)
    for (const field of ['objects_done', 'bytes_done', 'records_seen'] as const)
      expect(told.every((now, i) => i === 0 || now[field] >= (told[i - 1]?.[field] ?? 0))).toBe(true)
  })

  test('counts stored bytes, also of objects whose size was unknown', async () => {
    const bytes = gzipSync(records(day(5), 500))
    const source = memorySource({ [key(5)]: bytes }, { pattern: PATTERN, sizes: false })
    const { progress } = await sample({ source })
    expect(progress).toMatchObject({ bytes_total: bytes.length, bytes_done: bytes.length })
  })

  test('fails with the error of its source, and leaves nothing open', async () => {
    const objects = { ...nineDays(), [key(6)]: new SourceError('unavailable', 'lost') }
    const source = memorySource(objects, { pattern: PATTERN, chunk: 50 })
    await expect(sample({ source })).rejects.toMatchObject({ kind: 'unavailable', message: 'lost' })
    await expect.poll(() => source.open_now).toBe(0)
    expect(source.opened.length).toBeLessThan(7)
  })

  test('stops when aborted, with the reason', async () => {
    const abort = new AbortController()
    const source = memorySource(nineDays(), { pattern: PATTERN, chunk: 10 })
    const onProgress = ({ records_seen }: ScanProgress) =>
      records_seen > 3 && abort.abort(new Error('cancelled'))
    await expect(sample({ source, onProgress, signal: abort.signal })).rejects.toThrow('cancelled')
    await expect.poll(() => source.open_now).toBe(0)
    expect(source.opened.length).toBeLessThan(4)
  })
})

describe('a preview', () => {
  const preview = (objects: Record<string, string | Buffer>, count = 3) => {
    const source = memorySource(objects, { pattern: PATTERN, chunk: 64 })
    return previewLogs({ source, format: template, window: WINDOW, count }).then((found) => ({
      ...found,
      source,
    }))
  }

  test('shows what matches and the first records of the earliest objects', async () => {
    const { objects, records, malformed, source } = await preview(nineDays(), 6)
    expect(objects.map(({ key }) => key)).toEqual([5, 6, 7, 8, 9, 10, 11].map(key))
    expect(records.map(({ object, line, date, fields }) => [object, line, date, fields.question])).toEqual([
      ...[0, 1, 2, 3, 4].map((i) => [key(5), 1 + 6 * i, day(5), `q ${500 + i}`]),
      [key(6), 1, day(6), 'q 600'],
    ])
    expect(malformed.count).toBe(0)
    expect(source.opened).toEqual([key(5), key(6)])
    await expect.poll(() => source.open_now).toBe(0)
  })

  test('shows every problem met before enough records were found', async () => {
    const text = `odd\nTimestamp: 2024-11-05\nno field\n${records(day(5), 2)}Timestamp: x\n`
    const { records: found, malformed } = await preview(
      { [key(5)]: text, [key(6)]: gzipSync(text).subarray(0, -9) },
      2,
    )
    expect(found.map(({ line }) => line)).toEqual([4, 10])
    expect(malformed.first.map(({ line }) => line)).toEqual([1, 2])
  })

  test('goes on behind an object that is broken', async () => {
    const { records: found, malformed } = await preview({ [key(5)]: 'BZh9', [key(6)]: records(day(6), 2) })
    expect(found).toHaveLength(2)
    expect(malformed).toMatchObject({ count: 1, first: [{ object: key(5), line: 1 }] })
  })

  test('of nothing is empty', async () => {
    expect(await preview({ [key(4)]: 'x' })).toMatchObject({
      objects: [],
      records: [],
      malformed: { count: 0 },
    })
  })
})
