/** What decides whether a record is blind, and sets it apart where two have the same hash. */
interface Place {
  blind: number
  object: string
  offset: number
}

/**
 * The records that are imported without their prediction: of all that were drawn the given fraction, rounded, with the
 * smallest `blind` hashes. These are independent of the sampling and of the import order, so that the blind records
 * and the others are two random samples of the same records.
 */
export function chooseBlind<T extends Place>(records: readonly T[], fraction: number): Set<T> {
  const inOrder = records.toSorted(
    (a, b) => a.blind - b.blind || (a.object < b.object ? -1 : a.object > b.object ? 1 : a.offset - b.offset),
  )
  return new Set(inOrder.slice(0, Math.round(fraction * records.length)))
}
