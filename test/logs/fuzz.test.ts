import { gzipSync, zstdCompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { toJsonb } from '../../src/db/json.ts'
import { parseLabelingConfig } from '../../src/labeling/config.ts'
import { deriveMapping } from '../../src/labeling/mapping.ts'
import { buildTask } from '../../src/labeling/prediction.ts'
import { createFormat, type Fields } from '../../src/logs/format.ts'
import { readObject } from '../../src/logs/read.ts'
import { compileWhere } from '../../src/logs/where.ts'
import { QA_CONFIG } from '../support/monitors.ts'
import { mutator } from '../support/mutate.ts'
import { memorySource } from './memory-source.ts'

/** The same objects each time; another seed, or more of them, finds more. */
const SEED = Number(process.env.FUZZ_SEED ?? 1)
const RUNS = Number(process.env.FUZZ_RUNS ?? 1_500)

const TEMPLATE = [
  'Question: What is a region?\nAnswer: A part of a task.\nConfidence Level: 0.9\nModel Version: v1\nTimestamp: 2024-11-11 10:00:00\n\n',
  'Question: Wie heißt\n  das zweite?\nAnswer: : x: y\nTimestamp: 11/12/24\n\n',
]
const JSONL = [
  '{"question":"one","answer":"two","timestamp":"2024-11-11T10:00:00Z","score":0.5}\n',
  '{"question":{"a":[1,{"b":null}]},"answer":["x",{"text":"é𝒳"}],"time":1731319200,"model_version":2}\n',
]
const SAMPLES: Record<string, string[]> = {
  template: TEMPLATE.map((text) => text.repeat(5)),
  jsonl: JSONL.map((text) => text.repeat(5)),
}
const PACKINGS = [
  (bytes: Buffer) => bytes,
  (bytes: Buffer) => gzipSync(bytes),
  (bytes: Buffer) => zstdCompressSync(bytes),
]
const config = parseLabelingConfig(QA_CONFIG)

test.each(Object.keys(SAMPLES))(
  '%s logs, random or damaged, are read or said to be malformed',
  async (type) => {
    const { mutate, noise, pick, below } = mutator(SEED)
    const samples = Object.values(SAMPLES)
      .flat()
      .map((text) => Buffer.from(text))
    const own = (SAMPLES[type] ?? []).map((text) => Buffer.from(text))
    const where = compileWhere('$length($string(question)) > 3 or score < 0.6')
    let records = 0
    let malformed = 0
    for (let run = 0; run < RUNS; run++) {
      const content = below(10) === 0 ? noise(3_000) : mutate(pick(own), samples)
      const packed = pick(PACKINGS)(content)
      const stored = below(3) === 0 ? mutate(packed, samples) : packed
      const format = createFormat({ type, timestamp_field: pick([null, null, 'time', 'nothing']) })
      const readStratum = format.field(pick(['answer', 'question', '__proto__', 'model_version']))
      await readObject(
        { key: 'a', size: null, date: pick([null, '2024-11-11']) },
        {
          source: memorySource({ a: stored }, { chunk: 1 + below(5_000) }),
          format,
          window: { from: '2024-01-01', to: '2024-12-31' },
          where: below(4) === 0 ? where : null,
          limits: { maxRecordBytes: pick([1 << 20, 200]) },
        },
        {
          record({ bytes, start, end, date, line }) {
            records++
            expect(line).toBeGreaterThan(0)
            if (date !== null) expect(date).toMatch(/^\d{4}-\d\d-\d\d$/)
            expect([...(readStratum(bytes, start, end) ?? '')].length).toBeLessThanOrEqual(200)
            const parsed = format.parse(Buffer.from(bytes.subarray(start, end)))
            if ('problem' in parsed) {
              malformed++
              expect(parsed.problem).not.toBe('')
            } else makeTask(parsed.fields)
          },
          malformed(line, problem) {
            malformed++
            expect(line).toBeGreaterThan(0)
            expect(problem).not.toBe('')
          },
        },
      )
    }
    console.log(
      `${RUNS} objects fuzzed as ${type} (seed ${SEED}): ${records} records, ${malformed} malformed`,
    )
    expect(records).toBeGreaterThan(RUNS)
    expect(malformed).toBeGreaterThan(RUNS / 10)
  },
  120_000,
)

/** What follows for a record that is drawn, up to what the database and Label Studio get. */
function makeTask(fields: Fields): void {
  const { mapping } = deriveMapping(config, Object.keys(fields), {}, [fields])
  const task = buildTask(config, mapping, fields, { key: 'k' })
  if ('problems' in task) expect(task.problems.length).toBeGreaterThan(0)
  else expect(JSON.parse(toJsonb(task))).toBeTypeOf('object')
}
