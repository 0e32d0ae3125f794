import { gzipSync, zstdCompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { draw } from '../../src/logs/draw.ts'
import { createFormat, type FormatDefinition } from '../../src/logs/format.ts'
import { memorySource } from './memory-source.ts'
import { batch, span } from './otlp.ts'
import { scanLogs } from './scan-logs.ts'

const WINDOW = { from: '2024-11-05', to: '2024-11-11' }
const records = Array.from({ length: 300 }, (_, i) => ({
  timestamp: `2024-11-${String(5 + (i % 7)).padStart(2, '0')}T10:00:00Z`,
  question: `question ${i} "quoted", ä\nnext line`,
  class: `class ${i % 4}`,
}))
const quote = (text: string) => `"${text.replaceAll('"', '""')}"`
const start = (timestamp: string) => `${Date.parse(timestamp)}000000`

const LOGS: [name: string, FormatDefinition, text: string][] = [
  [
    'csv',
    { type: 'csv' },
    ['timestamp,question,class', ...records.map((each) => Object.values(each).map(quote).join(','))].join(
      '\r\n',
    ),
  ],
  [
    'regex',
    {
      type: 'regex',
      pattern: '(?s)^(?P<timestamp>2024\\S+) (?P<class>class \\d) (?P<question>.*)$',
      record_start: '^2024-',
    },
    records.map((each) => `${each.timestamp} ${each.class} ${each.question}\n`).join(''),
  ],
  ['json', { type: 'json' }, JSON.stringify(records, null, 2)],
  [
    'otlp',
    { type: 'otlp' },
    records
      .map((each) => {
        const made = span(
          { 'input.value': each.question, class: each.class },
          { startTimeUnixNano: start(each.timestamp) },
        )
        return `${JSON.stringify(batch(made))}\n`
      })
      .join(''),
  ],
]

test.each(LOGS)(
  '%s: the sample is the same whatever the chunks, the compression and the filter',
  async (_, definition, text) => {
    const sample = async (content: string | Buffer, chunk: number, where = false) => {
      const format = createFormat(definition)
      const { sketch, progress } = await scanLogs({
        source: memorySource({ a: content }, { chunk }),
        format,
        window: WINDOW,
        sample: { total: 12, by: 'class' },
        seed: 9,
        ...(where && { where: async (record) => 'fields' in record }),
      })
      const drawn = draw(sketch, format.parse)
      return {
        records: drawn.records,
        strata: drawn.strata,
        seen: progress.records_seen,
        malformed: progress.records_malformed,
      }
    }
    const whole = await sample(text, 1 << 20)
    expect(whole).toMatchObject({ seen: 300, malformed: 0 })
    expect(whole.strata).toEqual([0, 1, 2, 3].map((i) => ({ key: `class ${i}`, seen: 75, sampled: 3 })))
    for (const { fields } of whole.records)
      expect(records.map(({ question }) => question)).toContain(fields.question)
    for (const other of [
      await sample(text, 13),
      await sample(gzipSync(text), 100),
      await sample(zstdCompressSync(text), 1 << 16),
      await sample(text, 1_000, true),
    ])
      expect(other).toEqual(whole)
  },
)
