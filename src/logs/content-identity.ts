import { mixBytes } from './hash.ts'

/** Gives a record a number below 2^53 by its content and by how many equal ones came before. */
export type ContentIdentity = (bytes: Buffer, start: number, end: number) => number

const FIRST_SLOTS = 1 << 12
/** Bounds the memory at 48 MB: different contents beyond share no count, so that equal ones among them share a number. */
const MAX_SLOTS = 1 << 22

/**
 * For records without a place that lasts, such as the rows of a query: the same records have the same numbers in whatever order
 * they come.
 */
export function contentIdentity(): ContentIdentity {
  let hashes = new Float64Array(FIRST_SLOTS).fill(-1)
  let counts = new Uint32Array(FIRST_SLOTS)
  let used = 0

  function slotOf(hash: number, table: Float64Array): number {
    const mask = table.length - 1
    let slot = hash & mask
    while (table[slot] !== hash && table[slot] !== -1) slot = (slot + 1) & mask
    return slot
  }

  function grow(): void {
    const [oldHashes, oldCounts] = [hashes, counts]
    hashes = new Float64Array(oldHashes.length * 2).fill(-1)
    counts = new Uint32Array(oldCounts.length * 2)
    for (const [at, hash] of oldHashes.entries()) {
      if (hash === -1) continue
      const slot = slotOf(hash, hashes)
      hashes[slot] = hash
      counts[slot] = oldCounts[at] as number
    }
  }

  return (bytes, start, end) => {
    const hash = mixBytes(bytes, start, end, 0)
    if (used * 2 >= hashes.length && hashes.length < MAX_SLOTS) grow()
    const slot = slotOf(hash, hashes)
    if (hashes[slot] === -1) {
      if (used * 2 >= hashes.length) return hash
      hashes[slot] = hash
      used++
    }
    const before = counts[slot] as number
    counts[slot] = before + 1
    return before === 0 ? hash : mixBytes(bytes, start, end, before)
  }
}
