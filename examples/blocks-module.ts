/**
 * A format of one's own: records are blocks of `key=value` lines between lines of dashes. In a monitor, with any source:
 *
 *   "format": {"type": "module", "path": "blocks-module.ts", "options": {"separator": "---"}}
 */
import type { LogRecord, ParseRequest } from '../src/logs/module.ts'

export async function* parse(
  chunks: AsyncIterable<Uint8Array>,
  { options }: ParseRequest,
): AsyncGenerator<LogRecord> {
  let record: LogRecord = {}
  for await (const line of lines(chunks)) {
    const [, key, value] = /^(\w+)=(.*)$/.exec(line) ?? []
    if (key) record[key] = value
    if (line === options.separator) {
      yield record
      record = {}
    }
  }
  if (Object.keys(record).length > 0) yield record
}

async function* lines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of chunks) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = parts.pop() ?? ''
    yield* parts
  }
  if (rest) yield rest
}
