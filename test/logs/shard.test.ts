import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { draw } from '../../src/logs/draw.ts'
import { createFormat } from '../../src/logs/format.ts'
import { cutShards, type Shard, shardBytes } from '../../src/logs/shard.ts'
import type { LogObject } from '../../src/logs/source.ts'
import { memorySource } from './memory-source.ts'
import { type ScanLogsOptions, scanLogs } from './scan-logs.ts'

const object = (key: string, size: number | null): LogObject => ({ key, size, date: null })
const places = (shards: Shard[]) =>
  shards.map((shard) => shard.map(({ object: { key }, from, to }) => `${key} ${from}-${to ?? ''}`))

describe('objects become shards', () => {
  const MB = 1 << 20
  const cut = (objects: LogObject[], bytes: number, canCut = true) =>
    places(cutShards(objects, { bytes: () => bytes, canCut: () => canCut }))

  test('a large one is cut into equal pieces of about that size', () => {
    expect(cut([object('a', 100)], 30)).toEqual([['a 0-34'], ['a 34-68'], ['a 68-']])
  })
  test('one that is hardly larger stays whole', () => {
    expect(cut([object('a', 44)], 30)).toEqual([['a 0-']])
  })
  test('one that may not be cut stays whole', () => {
    expect(cut([object('a', 100)], 30, false)).toEqual([['a 0-']])
  })
  test('small ones come together, and opening them counts', () => {
    const small = Array.from({ length: 5 }, (_, i) => object(`${i}`, MB))
    expect(cut(small, 4 * MB)).toEqual([['0 0-', '1 0-'], ['2 0-', '3 0-'], ['4 0-']])
  })
  test('those of unknown size stay alone', () => {
    expect(cut([object('a', null), object('b', null)], MB)).toEqual([['a 0-'], ['b 0-']])
  })
  test('none become none', () => {
    expect(cut([], 30)).toEqual([])
  })
  test('all bytes are in one shard each', () => {
    const sizes = fc.array(fc.record({ size: fc.nat(1_000), canCut: fc.boolean() }), { maxLength: 12 })
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 400 }), (all, bytes) => {
        const objects = all.map(({ size }, i) => object(String(i), size))
        const shards = cutShards(objects, {
          bytes: () => bytes,
          canCut: ({ key }) => all[Number(key)]?.canCut === true,
        })
        expect(shards.reduce((sum, shard) => sum + shardBytes(shard), 0)).toBe(
          all.reduce((sum, { size }) => sum + size, 0),
        )
        for (const { key } of objects) {
          const pieces = shards.flat().filter((piece) => piece.object.key === key)
          expect(pieces[0]?.from).toBe(0)
          expect(pieces.at(-1)?.to).toBeNull()
          for (const [i, { to }] of pieces.slice(0, -1).entries()) expect(to).toBe(pieces[i + 1]?.from)
        }
      }),
    )
  })
})

/** Everything that a run is made of: where objects are cut may change none of it. */
async function found(options: ScanLogsOptions) {
  const { sketch, malformed, progress } = await scanLogs(options)
  return { drawn: draw(sketch, options.format.parse), malformed, progress, seen: sketch.seen }
}

const lines = (...choices: string[]) =>
  fc.array(fc.constantFrom(...choices), { maxLength: 40 }).map((all) => all.join(''))

describe('where objects are cut changes nothing', () => {
  const content = {
    template: lines(
      'Timestamp: 2024-11-05 10:00:00\nA: b\n',
      'Timestamp: 2024-11-06 10:00:00\r\nA: "b\r\nTimestamp: 2024-11-07\r\nc"\r\n',
      'Timestamp: 2024-11-06\n\n\nVersion: v1\n',
      'Timestamp: 2024-11-05\n',
      'Timestamp:',
      'rubbish\n',
      '\n',
      `A: ${'x'.repeat(70)}\n`,
      '\u{feff}',
    ),
    jsonl: lines(
      '{"timestamp":"2024-11-05","class":"x"}\n',
      '{"time":"2024-11-06","class":"y"}\r\n',
      '{"class":"ä\\n"}\n',
      '{"class":\n',
      'rubbish\n',
      '\n',
      '  \n',
      `{"a":"${'x'.repeat(70)}"}\n`,
      '{"a":1}',
      '\u{feff}',
    ),
  }
  test.each([
    ['template', 'date'],
    ['template', 'version'],
    ['jsonl', 'date'],
    ['jsonl', 'class'],
  ] as const)('%s logs by %s', async (type, by) => {
    const texts = fc.tuple(content[type], content[type])
    const cuts = fc.record({
      shardBytes: fc.integer({ min: 1, max: 200 }),
      chunk: fc.integer({ min: 1, max: 90 }),
    })
    await fc.assert(
      fc.asyncProperty(texts, cuts, fc.boolean(), async ([a, b], { shardBytes, chunk }, small) => {
        const format = createFormat({ type })
        const options = {
          format,
          window: { from: '2024-11-01', to: '2024-11-30' },
          sample: { total: small ? 3 : 100, by },
          seed: 1,
          limits: { maxRecordBytes: 60 },
        }
        const whole = await found({ ...options, source: memorySource({ a, b }) })
        const cut = await found({ ...options, source: memorySource({ a, b }, { chunk }), shardBytes })
        expect(cut).toEqual(whole)
      }),
      { numRuns: 150 },
    )
  })

  test('compressed ones are not cut, whatever they are called', async () => {
    const text = 'Timestamp: 2024-11-05\nA: b\n'.repeat(400)
    const source = memorySource({ 'a.txt': gzipSync(text), 'b.gz': text })
    const format = createFormat({ type: 'template' })
    const options = {
      source,
      format,
      window: { from: '', to: '9' },
      sample: { total: 9, by: 'date' },
      seed: 1,
    }
    const { progress } = await scanLogs({ ...options, shardBytes: 50 })
    expect(progress).toMatchObject({ objects_done: 2, records_seen: 800, records_malformed: 0 })
    const opened = (key: string) => source.opened.filter((each) => each === key).length
    expect(opened('a.txt')).toBe(2)
    expect(opened('b.gz')).toBe(1 + Math.round(text.length / 50))
  })
})
