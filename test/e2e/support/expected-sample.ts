import { offsetHash, textHash } from '../../../src/logs/hash.ts'
import type { ExpectedTask, LogObject, PlacedRecord } from './logs.ts'

export interface ExpectedSample {
  /** In the order of import. */
  tasks: (PlacedRecord & { task: ExpectedTask; stratum: string })[]
  /** By key. */
  strata: { key: string; seen: number; sampled: number }[]
  /** Every place where something could not be read, by object and line. */
  malformed: { object: string; line: number }[]
}

/**
 * The sample that a run must draw, found the slow way: everything is sorted by its hash. Strata take turns, each
 * giving its next record of which a task can be made, until there are `total`.
 */
export function expectedSample(
  objects: LogObject[],
  { bucket, seed, total }: { bucket: string; seed: number; total: number },
): ExpectedSample {
  const records = objects.flatMap(({ key, records }) => {
    const [place, order] = (['sample', 'order'] as const).map((purpose) =>
      offsetHash(String(seed), purpose, `s3://${bucket}`, key),
    ) as [(offset: number) => number, (offset: number) => number]
    return records.map((record) => ({ ...record, place: place(record.offset), order: order(record.offset) }))
  })
  const strata = [...Map.groupBy(records, ({ date }) => date)]
    .map(([key, own]) => ({
      key,
      turn: textHash(String(seed), 'stratum', key),
      inOrder: own.sort((a, b) => a.place - b.place),
      next: 0,
      taken: [] as typeof own,
    }))
    .sort((a, b) => a.turn - b.turn)

  const unreadable: PlacedRecord[] = []
  for (let taken = 0, before = -1; taken < total && taken !== before; ) {
    before = taken
    for (const stratum of strata) {
      if (taken === total) break
      const skipped = stratum.inOrder.slice(stratum.next).findIndex(({ task }) => task !== null)
      const at = skipped < 0 ? stratum.inOrder.length : stratum.next + skipped
      unreadable.push(...stratum.inOrder.slice(stratum.next, at))
      stratum.next = at + 1
      const record = stratum.inOrder[at]
      if (!record) continue
      stratum.taken.push(record)
      taken++
    }
  }
  const byPlace = (a: { object: string; line: number }, b: typeof a) =>
    a.object < b.object ? -1 : a.object > b.object ? 1 : a.line - b.line
  return {
    tasks: strata
      .flatMap(({ key, taken }) => taken.map((record) => ({ ...record, stratum: key })))
      .sort((a, b) => a.order - b.order)
      .map(({ place: _place, order: _order, ...record }) => record as ExpectedSample['tasks'][number]),
    strata: strata
      .map(({ key, inOrder, taken }) => ({ key, seen: inOrder.length, sampled: taken.length }))
      .sort((a, b) => (a.key < b.key ? -1 : 1)),
    malformed: [...objects.flatMap(({ unframed }) => unframed), ...unreadable]
      .map(({ object, line }) => ({ object, line }))
      .sort(byPlace),
  }
}
