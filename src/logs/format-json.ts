import type { Format, FormatOptions } from './format.ts'
import { jsonlFormat } from './format-jsonl.ts'
import { jsonValues } from './json-values.ts'

/** A list of JSON objects, or objects one after another, over as many lines as they like; the keys of each are its fields. */
export function jsonFormat({ timestampField, readDate, maxRecordBytes }: FormatOptions): Format {
  return {
    ...jsonlFormat({ timestampField, readDate }),
    canCut: false,
    decoder: {
      async *decode(object) {
        for await (const values of jsonValues(object.bytes(), maxRecordBytes))
          yield values.map(({ bytes, offset, line }) => ({ json: bytes, offset, line }))
      },
    },
  }
}
