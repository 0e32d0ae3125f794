/**
 * Does a call of another service, and sees how long it takes and how it ends.
 * @param operation what is called, in a small vocabulary: no ids, no data
 */
export type Observe = <T>(operation: string, work: () => Promise<T>) => Promise<T>

export const unobserved: Observe = (_operation, work) => work()

/** What an iteration yields, the whole of it seen as one call. */
export async function* observeWhole<T>(
  observe: Observe,
  operation: string,
  items: AsyncIterable<T>,
): AsyncGenerator<T> {
  const whole = Promise.withResolvers<void>()
  // The failure is the reader's to handle.
  observe(operation, () => whole.promise).catch(() => {})
  try {
    yield* items
  } catch (error) {
    whole.reject(error)
    throw error
  } finally {
    whole.resolve()
  }
}
