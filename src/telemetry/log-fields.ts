import { AsyncLocalStorage } from 'node:async_hooks'
import { spanIds } from './trace.ts'

const fields = new AsyncLocalStorage<Readonly<Record<string, string>>>()

/** Does the work; every line that is logged meanwhile, however deep, carries these fields. */
export function withLogFields<T>(added: Record<string, string>, work: () => T): T {
  return fields.run({ ...fields.getStore(), ...added }, work)
}

/** What a line logged here and now carries: what it is about, and the trace it belongs to. */
export function logFields(): Record<string, string> {
  return { ...fields.getStore(), ...spanIds() }
}
