import { Readable } from 'node:stream'
import type { LogSource } from './source.ts'

/**
 * A text as the only object of a source, for trying things out.
 *
 * @param date that of its key: every record of an object with a date counts, whatever its own date is
 */
export function openText(text: string, date: string): LogSource {
  const bytes = Buffer.from(text, 'utf8')
  return {
    id: 'text',
    async *list() {
      yield { key: 'sample', size: bytes.length, date }
    },
    open: async () => Readable.from([bytes], { objectMode: false }),
  }
}
