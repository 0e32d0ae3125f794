import { setTimeout as sleep } from 'node:timers/promises'

export interface Backoff {
  /** How often to try, the first time included. */
  attempts: number
  baseMs: number
  maxMs: number
}

/** Waits 1, 2, 4, 8, 16, 32, then 60 s: an outage of about four minutes is sat out. */
export const RUN_BACKOFF: Backoff = { attempts: 9, baseMs: 1_000, maxMs: 60_000 }

/** Longer than any throttling that was seen; who is away for hours is better told to somebody. */
const MOST_ASKED_MS = 10 * 60_000

/**
 * Does something again while it fails for reasons that pass.
 *
 * @param passing whether a failure may pass by itself
 * @param onWait told before each wait, for those who watch
 */
export async function withBackoff<T>(
  work: () => Promise<T>,
  options: Backoff & {
    passing: (error: unknown) => boolean
    /** How long the other side asks to be left alone, in ms; what it asks for is granted up to `MOST_ASKED_MS`. */
    asked?: (error: unknown) => number | null
    signal: AbortSignal
    onWait: (error: unknown, attempt: number, waitMs: number) => Promise<void> | void
  },
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      options.signal.throwIfAborted()
      if (!options.passing(error) || attempt >= options.attempts) throw error
      const ownMs = Math.min(options.maxMs, options.baseMs * 2 ** (attempt - 1))
      const waitMs = Math.max(ownMs, Math.min(options.asked?.(error) ?? 0, MOST_ASKED_MS))
      await options.onWait(error, attempt, waitMs)
      await sleep(waitMs, undefined, { signal: options.signal })
    }
  }
}
