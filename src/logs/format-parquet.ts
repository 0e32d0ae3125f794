import type { Decoder } from './decoder.ts'
import type { Format, FormatOptions } from './format.ts'
import { jsonlFormat, TIMESTAMPS } from './format-jsonl.ts'

/** Parquet: its rows are read as JSON objects. */
export function parquetFormat({ timestampField, readDate }: FormatOptions): Format {
  const dates = timestampField === null ? TIMESTAMPS : [timestampField]
  return { ...jsonlFormat({ timestampField, readDate }), canCut: false, decoder: lazyDecoder(dates) }
}

/** The reader is loaded where it is used: each process and thread that reads logs has this module. */
function lazyDecoder(dates: readonly string[]): Decoder {
  const load = async () => (await import('./parquet-decoder.ts')).parquetDecoder(dates)
  return {
    async *decode(object, fields) {
      yield* (await load()).decode(object, fields)
    },
    async complete(object, records) {
      await (await load()).complete?.(object, records)
    },
  }
}
