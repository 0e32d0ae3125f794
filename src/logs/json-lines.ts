import type { Decoded } from './decoder.ts'
import { jsonlFormat } from './format-jsonl.ts'
import { Framer } from './framer.ts'
import type { DateReader } from './record-date.ts'

const NO_DATES: DateReader = Object.assign(() => null, { last: () => null })

/**
 * Cuts lines of JSON objects, each of which holds records.
 * @param read the records of a line, whose bytes are valid during the call
 */
export async function* decodeLines(
  chunks: AsyncIterable<Buffer>,
  limit: number,
  read: (json: Buffer, offset: number, line: number) => Decoded[],
): AsyncGenerator<Decoded[]> {
  let found: Decoded[] = []
  const framing = jsonlFormat({ timestampField: null, readDate: NO_DATES })
  const framer = new Framer(
    framing,
    {
      record(bytes, start, end, offset) {
        found.push(...read(bytes.subarray(start, end), offset, framer.lineAt(start)))
      },
      malformed: (line, problem) => found.push({ line, problem }),
    },
    { limit },
  )
  for await (const chunk of chunks) {
    framer.push(chunk)
    yield found
    found = []
  }
  framer.end()
  yield found
}
