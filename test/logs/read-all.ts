import {
  createFormat,
  type Fields,
  type FormatDefinition,
  type FormatSettings,
} from '../../src/logs/format.ts'
import { type ReadOptions, readObject } from '../../src/logs/read.ts'
import type { LogSource } from '../../src/logs/source.ts'
import { memorySource } from './memory-source.ts'

export interface ReadRecord {
  fields: Fields
  offset: number
  line: number
  date: string | null
  value: string | null
}

/** Reads one object as a scan does, and parses each record from what is kept of it. */
export async function readAll(
  content: string | Buffer | LogSource,
  definition: FormatDefinition,
  more: Partial<ReadOptions> & { chunk?: number; timezone?: string; settings?: FormatSettings } = {},
): Promise<{ records: ReadRecord[]; malformed: { line: number; problem: string }[] }> {
  const { chunk = 1 << 16, timezone, settings, ...options } = more
  const isSource = typeof content === 'object' && 'list' in content
  const source = isSource ? content : memorySource({ object: content }, { chunk })
  const format = createFormat(definition, timezone, settings)
  const window = options.window ?? { from: '0001-01-01', to: '9999-12-31' }
  const records: ReadRecord[] = []
  const malformed: { line: number; problem: string }[] = []
  for await (const object of source.list(undefined, window)) {
    await readObject(
      object,
      {
        source,
        format,
        window,
        limits: { maxRecordBytes: definition.max_record_bytes ?? 1 << 20 },
        ...options,
      },
      {
        record(record) {
          const { offset, line, date, value } = record
          const parsed = format.parse(record.keep())
          if ('fields' in parsed) records.push({ fields: parsed.fields, offset, line, date, value })
          else malformed.push({ line, problem: parsed.problem })
        },
        malformed: (line, problem) => malformed.push({ line, problem }),
      },
    )
  }
  return { records, malformed }
}
