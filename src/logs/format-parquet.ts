import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import type { FileMetaData } from 'hyparquet'
import type { DecodableObject, Decoded, Decoder } from './decoder.ts'
import { BrokenData } from './decompress.ts'
import type { Format, FormatOptions } from './format.ts'
import { jsonlFormat, TIMESTAMPS } from './format-jsonl.ts'
import type { ParquetColumn } from './parquet-values.ts'
import { SourceError } from './source-error.ts'

/**
 * Parquet, read by ranges: its columns are the fields, nested ones included. A scan reads only the columns of the date and of
 * the stratum; of the rows that the sample keeps, the others are read afterwards. A row's place is its number.
 */

/** Rows that are handed on at once, and read at once where the file says where their pages are. */
const BATCH = 2_000

/** The reader is loaded when it is first needed: it takes 6 MB, in each thread. */
async function load() {
  const [{ parquetMetadataAsync, parquetScan }, { decompressLz4, decompressLz4Raw }, values] =
    await Promise.all([import('hyparquet'), import('hyparquet-compressors'), import('./parquet-values.ts')])
  // snappy is built into the reader; what Node has is several times as fast
  const compressors = {
    GZIP: (input: Uint8Array) => gunzipSync(input),
    ZSTD: (input: Uint8Array) => zstdDecompressSync(input),
    BROTLI: (input: Uint8Array) => brotliDecompressSync(input),
    LZ4: decompressLz4,
    LZ4_RAW: decompressLz4Raw,
  }
  return { parquetMetadataAsync, parquetScan, compressors, ...values }
}

interface OpenFile {
  metadata: FileMetaData
  columns: ParquetColumn[]
  /** Whether the file says where the pages of its columns are, so that a few rows can be read alone. */
  indexed: boolean
  /** The values of rows in `[from, to)`, by column. */
  read(columns: ParquetColumn[], from: number, to: number): Promise<Map<string, unknown[]>>
}

async function openFile({ key, size, range }: DecodableObject): Promise<OpenFile> {
  if (size === null)
    throw new SourceError('refused', `${key}: its size is unknown, and a Parquet file is read from its end`)
  const file = {
    byteLength: size,
    async slice(start: number, end = size) {
      const bytes = await range(start, end)
      return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer
    },
  }
  const { parquetMetadataAsync, parquetScan, compressors, columnsOf, PARSERS } = await load()
  const metadata = await parquetMetadataAsync(file, { parsers: PARSERS })
  const columns = columnsOf(metadata)
  const indexed = metadata.row_groups.every((group) =>
    group.columns.every((each) => each.offset_index_offset),
  )
  return {
    metadata,
    columns,
    indexed,
    async read(wanted, from, to) {
      const values = new Map<string, unknown[]>()
      const options = { file, metadata, compressors, parsers: PARSERS, useOffsetIndex: indexed }
      for (const { name, toJson } of wanted) {
        // a scan keeps what it has read
        const { readColumn } = await parquetScan({ ...options, columns: [name] })
        const column = await readColumn({ column: name, rowStart: from, rowEnd: to })
        values.set(name, Array.from(column as unknown[], toJson))
      }
      return values
    },
  }
}

/** The row groups as `[from, to)`. */
function groupsOf({ row_groups }: FileMetaData): [number, number][] {
  let from = 0
  return row_groups.map(({ num_rows }) => {
    const group: [number, number] = [from, from + Number(num_rows)]
    from = group[1]
    return group
  })
}

/** Rows `[from, to)` as JSON objects, without what is null: it is not there. */
function rowsOf(values: Map<string, unknown[]>, from: number, to: number, base: number): Decoded[] {
  const rows: Decoded[] = []
  for (let row = from; row < to; row++) {
    const fields: Record<string, unknown> = {}
    for (const [name, column] of values) {
      const value = column[row - base]
      if (value !== null && value !== undefined) fields[name] = value
    }
    rows.push({ offset: row, line: row + 1, json: Buffer.from(JSON.stringify(fields)) })
  }
  return rows
}

/** @param dates the columns that may hold the date */
function parquetDecoder(dates: readonly string[]): Decoder {
  return {
    async *decode(object, fields) {
      const file = await broken(() => openFile(object))
      const needed = fields && new Set([...dates, ...fields])
      const columns = file.columns.filter(({ name }) => !needed || needed.has(name))
      for (const [from, to] of groupsOf(file.metadata)) {
        const step = file.indexed && !needed ? BATCH : to - from
        for (let at = from; at < to; at += step) {
          object.signal?.throwIfAborted()
          const end = Math.min(at + step, to)
          const values = await broken(() => file.read(columns, at, end))
          for (let row = at; row < end; row += BATCH)
            yield rowsOf(values, row, Math.min(row + BATCH, end), at)
        }
      }
    },
    async complete(object, records) {
      const file = await broken(() => openFile(object))
      for (const [from, to] of groupsOf(file.metadata)) {
        object.signal?.throwIfAborted()
        const inside = records.filter(({ offset }) => offset >= from && offset < to)
        const ranges = file.indexed ? inside.map(({ offset }) => [offset, offset + 1]) : [[from, to]]
        for (const record of inside) record.bytes = Buffer.from('{}')
        for (const [start, end] of inside.length > 0 ? (ranges as [number, number][]) : []) {
          const asked = inside.filter(({ offset }) => offset >= start && offset < end)
          // one column at a time, because a row group may be larger than the memory
          const rows = asked.map(() => ({}) as Record<string, unknown>)
          for (const column of file.columns) {
            const values = (await broken(() => file.read([column], start, end))).get(column.name) ?? []
            for (const [i, { offset }] of asked.entries()) {
              const value = values[offset - start]
              if (value !== null && value !== undefined)
                (rows[i] as Record<string, unknown>)[column.name] = value
            }
          }
          for (const [i, record] of asked.entries()) record.bytes = Buffer.from(JSON.stringify(rows[i]))
        }
      }
    },
  }
}

/** What the reader throws is about the file, unless the source has failed. */
async function broken<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof SourceError || (error as Error).name === 'AbortError') throw error
    throw new BrokenData(`is no Parquet file, or a broken one: ${(error as Error).message}`)
  }
}

export function parquetFormat({ timestampField, readDate }: FormatOptions): Format {
  const dates = timestampField === null ? TIMESTAMPS : [timestampField]
  return { ...jsonlFormat({ timestampField, readDate }), canCut: false, decoder: parquetDecoder(dates) }
}
