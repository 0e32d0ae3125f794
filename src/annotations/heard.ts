import type { Event } from './event.ts'

/** So that a backlog is no matter of memory: in bytes of bodies, of which an event keeps less than a half. */
const MOST_BYTES = 32 * 1024 * 1024
/** What the smallest event takes. */
const LEAST_BYTES = 1024

/**
 * Stored events that this process need not read back to process them, by their ids. Any may be missing: what came before
 * a crash, to another process, or while there were too many.
 */
export interface Heard {
  /** @param size of the body, in bytes */
  keep(id: number, event: Event, size: number): void
  get(id: number): Event | undefined
  /** Forgets those that are processed, here or elsewhere: all with lower ids than the oldest that is not. */
  forgetBefore(id: number): void
}

export function createHeard(): Heard {
  const events = new Map<number, { event: Event; bytes: number }>()
  let total = 0
  return {
    keep(id, event, size) {
      const bytes = LEAST_BYTES + size
      if (total + bytes > MOST_BYTES) return
      events.set(id, { event, bytes })
      total += bytes
    },
    get: (id) => events.get(id)?.event,
    forgetBefore(oldest) {
      for (const [id, { bytes }] of events) {
        if (id >= oldest) return
        events.delete(id)
        total -= bytes
      }
    },
  }
}
