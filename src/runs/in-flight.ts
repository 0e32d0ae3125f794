import { LabelStudioError } from '../labeling/client.ts'

/** After this long without a trace of it, what Label Studio was asked for by a sender that was killed is asked for again. */
export const IN_FLIGHT_MS = 20_000
/**
 * After this long, an earlier one of two requests comes no more. On SQLite, Label Studio waits 20 s for a lock, and then tries
 * an import once more.
 */
export const OVER_MS = 45_000
export const LOOK_AGAIN_MS = 1_000

/** Does something in Label Studio of which it was noted before; the note is taken back where surely nothing was done. */
export async function attempt<T>(work: () => Promise<T>, takeBack: () => Promise<void>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof LabelStudioError && !error.mayHaveActed) await takeBack()
    throw error
  }
}
