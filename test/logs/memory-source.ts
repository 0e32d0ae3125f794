import { Readable } from 'node:stream'
import { compileKeyPattern } from '../../src/logs/key-pattern.ts'
import { type LogSource, SourceError } from '../../src/logs/source.ts'

export interface MemorySource extends LogSource {
  /** Keys in the order they were opened. */
  opened: string[]
  /** How many objects are open now, and were at most. */
  open_now: number
  open_most: number
}

/** Logs in memory; an object whose content is an error fails with it when read. */
export function memorySource(
  objects: Record<string, string | Buffer | Error>,
  { pattern = '*', chunk = 1 << 16, sizes = true, order = Object.keys(objects) } = {},
): MemorySource {
  const { match } = compileKeyPattern(pattern)
  const source: MemorySource = {
    id: 'memory',
    opensFrom: true,
    opened: [],
    open_now: 0,
    open_most: 0,
    async *list(signal) {
      for (const key of order) {
        signal?.throwIfAborted()
        const found = match(key)
        const content = objects[key]
        const size = content instanceof Error || !sizes ? null : Buffer.byteLength(content ?? '')
        if (found) yield { key, size, date: found.date }
      }
    },
    async open({ key }, signal, { from = 0, to = null } = {}) {
      const content = objects[key]
      if (content === undefined) throw new SourceError('unavailable', `${key}: gone`)
      source.opened.push(key)
      async function* bytes() {
        source.open_most = Math.max(source.open_most, ++source.open_now)
        try {
          if (content instanceof Error) throw content
          const all = Buffer.from(content as string).subarray(0, to ?? undefined)
          for (let at = from; at < all.length; at += chunk) {
            signal?.throwIfAborted()
            await new Promise(setImmediate)
            yield all.subarray(at, at + chunk)
          }
        } finally {
          source.open_now--
        }
      }
      return Readable.from(bytes(), { objectMode: false })
    },
  }
  return source
}
