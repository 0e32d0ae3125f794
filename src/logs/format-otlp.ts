import type { Decoded } from './decoder.ts'
import { BrokenData } from './decompress.ts'
import type { Format, FormatOptions } from './format.ts'
import { jsonlFormat } from './format-jsonl.ts'
import { decodeLines } from './json-lines.ts'
import { jsonValues } from './json-values.ts'
import { attributesOf, type Span, spanRecord } from './otlp-span.ts'

/**
 * Spans of OpenTelemetry in JSON, as its file exporter writes them: a line for each batch, or one document over many lines. Each
 * span about a model is a record.
 */

/** A batch may hold hundreds of spans. */
const MAX_BATCH_BYTES = 64 << 20
const NEWLINE = 0x0a

interface TracesData {
  resourceSpans?: {
    resource?: { attributes?: Parameters<typeof attributesOf>[0] }
    scopeSpans?: { spans?: Span[] }[]
    /** Its name before version 0.15 of the protocol. */
    instrumentationLibrarySpans?: { spans?: Span[] }[]
  }[]
}

const OTHER_SIGNALS = ['resourceLogs', 'resourceMetrics', 'resourceProfiles']

/** The records of a batch. The place of each is the batch's and its number there: a span is longer than a byte. */
function spansOf(bytes: Buffer, offset: number, line: number): Decoded[] {
  let data: TracesData
  try {
    data = JSON.parse(bytes.toString())
  } catch {
    return [{ line, problem: 'is not valid JSON' }]
  }
  if (!Array.isArray(data?.resourceSpans)) {
    const isOther = OTHER_SIGNALS.some((name) => name in data)
    return isOther ? [] : [{ line, problem: 'has no resourceSpans, as spans in OTLP JSON do' }]
  }
  const found: Decoded[] = []
  let number = 0
  try {
    for (const { resource, scopeSpans, instrumentationLibrarySpans } of data.resourceSpans) {
      const attributes = attributesOf(resource?.attributes)
      for (const { spans } of scopeSpans ?? instrumentationLibrarySpans ?? []) {
        for (const span of spans ?? []) {
          const place = { offset: offset + number++, line }
          const record = spanRecord(span, attributes)
          if (record) found.push({ ...place, json: Buffer.from(JSON.stringify(record)) })
        }
      }
    }
  } catch {
    found.push({ line, problem: 'holds spans that are not as OTLP JSON has them' })
  }
  return found
}

async function* continued(head: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (head.length) yield head
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value
}

const isBlank = (bytes: Buffer) => bytes.toString('latin1').trim() === ''

function isJson(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString())
    return true
  } catch {
    return false
  }
}

async function* decode(bytes: AsyncIterable<Buffer>, limit: number): AsyncGenerator<Decoded[]> {
  const chunks = bytes[Symbol.asyncIterator]()
  try {
    // the first line tells lines from a document: each line is then read for itself, and a broken one costs no other
    let head: Buffer = Buffer.alloc(0)
    let end = -1
    for (;;) {
      const next = await chunks.next()
      if (next.done) break
      head = Buffer.concat([head, next.value])
      do end = head.indexOf(NEWLINE, end + 1)
      while (end >= 0 && isBlank(head.subarray(0, end)))
      if (end >= 0) break
      if (head.length > limit) throw new BrokenData(`the first line is longer than ${limit} bytes`)
    }
    const first = end < 0 ? head : head.subarray(0, end)
    const all = continued(head, chunks)
    if (isJson(first)) yield* decodeLines(all, limit, spansOf)
    else {
      for await (const values of jsonValues(all, limit))
        yield values.flatMap((value) => spansOf(value.bytes, value.offset, value.line))
    }
  } finally {
    await chunks.return?.()
  }
}

export function otlpFormat({ timestampField, readDate, maxRecordBytes }: FormatOptions): Format {
  const limit = Math.max(maxRecordBytes, MAX_BATCH_BYTES)
  return {
    ...jsonlFormat({ timestampField, readDate }),
    canCut: false,
    decoder: { decode: (object) => decode(object.bytes(), limit) },
  }
}
