import type { Log } from '../../src/db/database.ts'

/** For what a test doesn't look at. */
export const silent: Log = { debug() {}, info() {}, warn() {}, error() {} }

/** A log that a test can read: each entry as "level message". */
export function recordingLog(): Log & { readonly entries: string[] } {
  const entries: string[] = []
  const at = (level: string) => {
    return (...entry: unknown[]) => {
      entries.push(`${level} ${entry.filter((part) => typeof part === 'string').join(' ')}`)
    }
  }
  return { entries, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
