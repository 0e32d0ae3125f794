import { LabelStudioError } from '../labeling/client.ts'

/**
 * How long Label Studio may still be busy with a request whose sender was killed, or gave up: 5,000 tasks take it 6–12 s,
 * and other requests wait behind them.
 */
export const IN_FLIGHT_MS = 20_000
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
