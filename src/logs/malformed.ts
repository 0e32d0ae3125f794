/** A record, or the rest of an object, that could not be read. */
export interface MalformedRecord {
  object: string
  line: number
  problem: string
}

export interface Malformed {
  count: number
  /** The first 20 by object and line. */
  first: MalformedRecord[]
}

const KEPT = 20

const byPlace = (a: MalformedRecord, b: MalformedRecord) =>
  a.object < b.object ? -1 : a.object > b.object ? 1 : a.line - b.line || (a.problem < b.problem ? -1 : 1)

/** Adds malformed records to what is known, in any order: the first ones stay the same. */
export function addMalformed(
  malformed: Malformed,
  records: readonly MalformedRecord[],
  count = records.length,
): void {
  malformed.count += count
  for (const record of records) {
    const last = malformed.first.at(-1)
    if (malformed.first.length === KEPT && last && byPlace(record, last) > 0) continue
    malformed.first.push(record)
    malformed.first.sort(byPlace)
    malformed.first.length = Math.min(malformed.first.length, KEPT)
  }
}
