import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createFormat } from '../../src/logs/format.ts'
import { readObject } from '../../src/logs/read.ts'
import { memorySource } from './memory-source.ts'
import { scanLogs } from './scan-logs.ts'

/** Records that need only be counted are passed over; what comes out is what it is when each is looked at. */

const WINDOW = { from: '2024-11-05', to: '2024-11-11' }

const timestamp = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('2024-11-05 00:12:33', '2024-11-06 10:00') },
  fc.constantFrom(
    ...[
      '2024-11-05',
      '2024-11-05T23:59:59.5Z',
      '2024-11-05T23:59:59 -02:00',
      '2024-11-05 23:30 -0100',
      '2024/11/05 1',
    ],
    ...[
      '"2024-11-05 00:12:33"',
      '  2024-11-06 00:00',
      '20241105',
      '2024-11-04 10:00',
      '2024-11-05Z',
      '2024-11-051',
    ],
    ...[
      '2024-11-05 UTC',
      '2024-11-05 and more',
      'soon',
      '',
      '1730851200',
      '2024-11-05\r',
      '2024-02-30 1',
      '2024-11-05+01',
    ],
  ),
)
/** Dates as they come: many equal ones in a row. */
const record = fc.tuple(timestamp, fc.nat(30), fc.nat(40), fc.constantFrom('', ' ', '\t', '"'))
const logs = fc
  .array(record, { maxLength: 14 })
  .map((runs) =>
    runs
      .flatMap(([date, times, length, blank]) =>
        Array.from(
          { length: times },
          (_, i) => `Timestamp:${blank}${date}\nA: ${'b'.repeat((length + i) % 41)}\n`,
        ),
      )
      .join(''),
  )

interface Options {
  by: string
  seed: number
  pattern: string
  chunk: number
  shardBytes: number
  limit: number
  skips?: () => boolean
}

const scan = (text: string, { by, seed, pattern, chunk, shardBytes, limit, skips }: Options) =>
  scanLogs({
    source: memorySource(
      { 'qalogs_11:05:24.txt': text, 'qalogs_11:06:24.txt': `junk\n${text}` },
      { pattern, chunk },
    ),
    format: createFormat({ type: 'template' }),
    window: WINDOW,
    sample: { total: 2, by },
    limits: { maxRecordBytes: limit },
    seed,
    shardBytes,
    ...(skips && { skips }),
  })

test('the sample is the same as when each record is looked at', async () => {
  await fc.assert(
    fc.asyncProperty(
      logs,
      fc.record({
        by: fc.constantFrom('date', 'none'),
        seed: fc.nat(),
        pattern: fc.constantFrom('*', 'qalogs_{MM}:{DD}:{YY}.txt'),
        chunk: fc.constantFrom(7, 100, 1_000, 1 << 20),
        shardBytes: fc.constantFrom(300, 1_000, 1 << 24),
        limit: fc.constantFrom(50, 60, 1 << 20),
      }),
      async (text, options) => {
        const { sketch, progress, malformed } = await scan(text, options)
        // nothing is skipped, but as something could be, each record is asked about
        const each = await scan(text, { ...options, skips: () => false })
        expect(sketch.toJSON()).toEqual(each.sketch.toJSON())
        expect(progress).toEqual(each.progress)
        expect(malformed).toEqual(each.malformed)
      },
    ),
    { numRuns: 150 },
  )
})

test('records of the same date are not looked at once the sample needs only the best of them', async () => {
  const text = Array.from({ length: 500 }, (_, i) => `Timestamp: 2024-11-05 00:12:33\nA: ${i}\n`).join('')
  const source = memorySource({ a: text })
  const format = createFormat({ type: 'template' })
  const looked: number[] = []
  let passed = 0
  for await (const object of source.list(undefined, WINDOW)) {
    const options = { source, format, window: WINDOW }
    await readObject(object, options, {
      record: ({ line }) => looked.push(line),
      passed: (records) => (passed += records),
      // hardly any hash is 0
      alike: (last) =>
        looked.length < 100 || !last
          ? null
          : { date: last.written, above: 0, key: new Int32Array(4), most: 1_000 },
      malformed: () => expect.unreachable(),
    })
  }
  // the last one ends where the object does
  expect(looked).toEqual([...Array.from({ length: 100 }, (_, i) => 1 + 2 * i), 999])
  expect(passed).toBe(399)
})
