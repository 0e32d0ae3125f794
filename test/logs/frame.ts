import { createFormat, type FormatDefinition } from '../../src/logs/format.ts'
import { Framer } from '../../src/logs/framer.ts'

export interface Framed {
  text: string
  offset: number
  line: number
  date: string | null
}

/** Frames text cut into chunks at the given sizes, and tells records and malformed pieces in their order. */
export function frame(
  bytes: string | Buffer,
  definition: FormatDefinition,
  { sizes = [1 << 30], limit, timezone }: { sizes?: number[]; limit?: number; timezone?: string } = {},
): { records: Framed[]; malformed: { line: number; problem: string }[] } {
  const limited = limit === undefined ? definition : { ...definition, max_record_bytes: limit }
  const format = createFormat(limited, timezone)
  const records: Framed[] = []
  const malformed: { line: number; problem: string }[] = []
  const sink = {
    record: (held: Buffer, start: number, end: number, offset: number) => {
      const date = format.date(held, start, end)
      records.push({ text: held.toString('utf8', start, end), offset, line: framer.lineAt(start), date })
    },
    malformed: (line: number, problem: string) => malformed.push({ line, problem }),
  }
  const framer = new Framer(format, sink, limit === undefined ? {} : { limit })
  const all = Buffer.from(bytes as string)
  for (let at = 0, i = 0; at < all.length; i++) {
    const size = Math.max(1, sizes[i % sizes.length] ?? 1)
    framer.push(all.subarray(at, at + size))
    at += size
  }
  framer.end()
  return { records, malformed }
}
