/**
 * Does a call of another service, and sees how long it takes and how it ends.
 * @param operation what is called, in a small vocabulary: no ids, no data
 */
export type Observe = <T>(operation: string, work: () => Promise<T>) => Promise<T>

/** A call that has ended. */
export interface ObservedCall {
  operation: string
  /** `ok`, or the kind of its failure. */
  status: string
  seconds: number
}

/** Sees calls by how they end. */
export function noteCalls(note: (call: ObservedCall) => void): Observe {
  return async (operation, work) => {
    const start = performance.now()
    const end = (status: string) => note({ operation, status, seconds: (performance.now() - start) / 1000 })
    try {
      const result = await work()
      end('ok')
      return result
    } catch (error) {
      end(failureKind(error))
      throw error
    }
  }
}

/** How something failed, in a word of a small vocabulary. */
export function failureKind(error: unknown): string {
  const { kind, name } = (error ?? {}) as { kind?: unknown; name?: unknown }
  if (name === 'AbortError') return 'aborted'
  return typeof kind === 'string' ? kind : 'error'
}

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
