import { BrokenData, decompress } from './decompress.ts'
import type { Fields, Format } from './format.ts'
import { Framer, MAX_RECORD_BYTES } from './framer.ts'
import { addMalformed, type Malformed } from './malformed.ts'
import { counts, objectsOf, type Window } from './scan.ts'
import type { LogObject, LogSource } from './source.ts'

export interface PreviewOptions {
  source: LogSource
  format: Format
  window: Window
  /** How many records. */
  count: number
  limits?: { maxRecordBytes?: number }
  signal?: AbortSignal
}

export interface PreviewRecord {
  object: string
  line: number
  date: string | null
  fields: Fields
}

export interface Preview {
  /** By date and key; no more than 1,000 are looked for. */
  objects: LogObject[]
  records: PreviewRecord[]
  malformed: Malformed
}

const MAX_OBJECTS = 1_000

/**
 * What a scan of the window would read: the objects, and the first records of the first of them, parsed; with every problem that
 * these have in framing or content.
 * @throws SourceError if the logs can't be read, or the signal's reason
 */
export async function previewLogs(options: PreviewOptions): Promise<Preview> {
  const { source, format, window, count, signal } = options
  const preview: Preview = { objects: [], records: [], malformed: { count: 0, first: [] } }
  const { objects, records, malformed } = preview
  for await (const object of objectsOf(source, window, signal)) {
    objects.push(object)
    if (objects.length === MAX_OBJECTS) break
  }
  const sortKey = ({ date, key }: LogObject) => `${date ?? ''}\n${key}`
  objects.sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1))

  for (const object of objects) {
    if (records.length >= count) break
    const report = (line: number, problem: string) => {
      if (records.length < count) addMalformed(malformed, [{ object: object.key, line, problem }])
    }
    const framer = new Framer(
      format,
      {
        record(bytes, start, end) {
          const own = format.date(bytes, start, end)
          if (records.length >= count || !counts(own, object, window)) return
          const line = framer.lineAt(start)
          const parsed = format.parse(bytes.subarray(start, end))
          const date = own ?? object.date
          if ('fields' in parsed) records.push({ object: object.key, line, date, fields: parsed.fields })
          else report(line, parsed.problem)
        },
        malformed: report,
      },
      options.limits?.maxRecordBytes ?? MAX_RECORD_BYTES,
    )
    try {
      let done = false
      for await (const chunk of decompress(await source.open(object, signal))) {
        signal?.throwIfAborted()
        framer.push(chunk)
        done = records.length >= count
        if (done) break
      }
      if (!done) framer.end()
    } catch (error) {
      if (!(error instanceof BrokenData)) throw error
      report(framer.line, error.message)
    }
  }
  return preview
}
