import { readFileSync } from 'node:fs'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { describe, expect, test } from 'vitest'
import { draw } from '../../src/logs/draw.ts'
import { createFormat, type Fields } from '../../src/logs/format.ts'
import type { LogSource } from '../../src/logs/source.ts'
import { SourceError } from '../../src/logs/source-error.ts'
import { memorySource } from './memory-source.ts'
import { readAll } from './read-all.ts'
import { scanLogs } from './scan-logs.ts'

const fixture: { rows: Fields[]; files: Record<string, string> } = JSON.parse(
  readFileSync(new URL('./fixtures/parquet.json', import.meta.url), 'utf8'),
)
const file = (name: string) => Buffer.from(fixture.files[name] as string, 'base64')
/** What was written in no zone has none. */
const ROWS = fixture.rows.map((row) => ({ ...row, written: String(row.written) }))
const WINDOW = { from: '2024-11-05', to: '2024-11-11' }
const parquet = createFormat({ type: 'parquet' })

/** A source with ranges that notes how many bytes were asked for. */
function rangeSource(objects: Record<string, Buffer>): LogSource & { read: number } {
  const source: LogSource & { read: number } = Object.assign(memorySource(objects), {
    read: 0,
    async range({ key }: { key: string }, start: number, end: number) {
      source.read += end - start
      return (objects[key] as Buffer).subarray(start, end)
    },
  })
  return source
}

describe.each(Object.keys(fixture.files))('%s', (name) => {
  test('all rows are read as pyarrow reads them', async () => {
    const { records, malformed } = await readAll(rangeSource({ a: file(name) }), { type: 'parquet' })
    expect(malformed).toEqual([])
    expect(records.map(({ fields }) => fields)).toEqual(ROWS)
    expect(records.map(({ offset }) => offset)).toEqual(ROWS.map((_, i) => i))
    expect(records.map(({ date }) => date)).toEqual(ROWS.map((row) => (row as Fields).day))
  })

  test('a scan reads the columns of date and stratum, and of the sample all', async () => {
    const source = rangeSource({ a: file(name) })
    const { sketch, progress } = await scanLogs({
      source,
      format: parquet,
      window: WINDOW,
      sample: { total: 6, by: 'class' },
      seed: 3,
    })
    const { records, strata } = draw(sketch, parquet.parse)
    expect(progress).toMatchObject({ records_seen: 60, records_malformed: 0 })
    expect(strata.map(({ key, seen }) => [key, seen])).toEqual([0, 1, 2].map((i) => [`class ${i}`, 20]))
    expect(records).toHaveLength(6)
    for (const { fields, offset, stratum } of records) {
      expect(fields).toEqual(ROWS[offset])
      expect(stratum).toBe(fields.class)
    }
  })
})

test('in a time zone, instants get their date, and times without a zone keep theirs', async () => {
  const source = rangeSource({ a: file('snappy') })
  const at = (timestamp_field: string) =>
    readAll(source, { type: 'parquet', timestamp_field }, { timezone: 'Asia/Tokyo' })
  expect((await at('timestamp')).records[0]?.date).toBe('2024-11-06')
  expect((await at('written')).records[0]?.date).toBe('2024-11-05')
  expect((await at('day')).records[0]?.date).toBe('2024-11-05')
})

test('of a large file, a scan reads what it needs', async () => {
  const count = 20_000
  const values = (make: (i: number) => string) => Array.from({ length: count }, (_, i) => make(i))
  const bytes = Buffer.from(
    parquetWriteBuffer({
      columnData: [
        { name: 'time', data: values(() => '2024-11-06T00:00:00Z') },
        { name: 'answer', data: values((i) => `${Math.sin(i)}`.repeat(10)) },
      ],
      codec: 'UNCOMPRESSED',
      rowGroupSize: 5_000,
    }),
  )
  const source = rangeSource({ a: bytes })
  const scan = { source, format: parquet, window: WINDOW, sample: { total: 1, by: 'date' }, seed: 1 }
  const { sketch } = await scanLogs(scan)
  const { records } = draw(sketch, parquet.parse)
  expect(records[0]?.fields.answer).toBe(`${Math.sin(records[0]?.offset as number)}`.repeat(10))
  const partly = source.read
  source.read = 0
  await readAll(source, { type: 'parquet' })
  // the candidates lie in all row groups, without an index of their pages
  expect(partly).toBeLessThan(source.read * 1.2)
})

test.each([
  ['text', Buffer.from('no parquet at all, but some text')],
  ['nothing', Buffer.alloc(0)],
  ['a file that was cut off', file('snappy').subarray(0, -50)],
  ['a file with a broken page', Buffer.from(file('zstd')).fill(0xff, 30, 400)],
])('%s is broken data', async (_, bytes) => {
  const { malformed } = await readAll(rangeSource({ a: bytes }), { type: 'parquet' })
  expect(malformed).toEqual([
    { line: expect.any(Number), problem: expect.stringMatching('is no Parquet file, or a broken one') },
  ])
})

test('a source without ranges, or without sizes, is refused', async () => {
  const bytes = file('snappy')
  await expect(readAll(bytes, { type: 'parquet' })).rejects.toThrow(SourceError)
  const source = { ...memorySource({ a: bytes }, { sizes: false }), range: async () => bytes }
  await expect(readAll(source, { type: 'parquet' })).rejects.toThrow('its size is unknown')
})
