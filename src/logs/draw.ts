import { allocate, type Share, type Spread, weightsOf } from './allocation.ts'
import type { Fields, Parsed } from './format.ts'
import { addMalformed, type Malformed, type MalformedRecord } from './malformed.ts'
import type { Candidate, Sketch } from './sample.ts'

/** A record of the sample. */
export interface SampledRecord extends Omit<Candidate, 'bytes'> {
  /** The key of its stratum. */
  stratum: string
  fields: Fields
}

export interface Drawn {
  /** In import order: every beginning of it is a random sample of each stratum and of the mix. */
  records: SampledRecord[]
  strata: { key: string; seen: number; sampled: number }[]
  /** Candidates with broken content, each replaced by the next of its stratum where there was one. */
  malformed: Malformed
}

/**
 * Draws the sample: each stratum's share by the sketch's allocation, its candidates in hash order. A candidate that does not
 * parse is replaced by the next of its stratum; what a stratum then lacks goes to the others.
 *
 * @param spread of what is to be measured, for the allocation `neyman`; null makes that proportional
 */
export function draw(sketch: Sketch, parse: (record: Buffer) => Parsed, spread: Spread | null = null): Drawn {
  const { total, allocation } = sketch.options
  const malformed: Malformed = { count: 0, first: [] }
  const found = sketch.strata()
  const weights = weightsOf(allocation ?? 'even', found, spread)
  const strata = found.map((stratum, i) => {
    const share: Share = { weight: weights[i] as number, limit: stratum.seen, tie: stratum.tie }
    return { stratum, share, next: 0, good: [] as SampledRecord[] }
  })

  function fill({ stratum, good, ...state }: (typeof strata)[number], wanted: number): number {
    let next = state.next
    const broken: MalformedRecord[] = []
    for (; good.length < wanted && next < stratum.candidates.length; next++) {
      const { bytes, ...candidate } = stratum.candidates[next] as Candidate
      const parsed = parse(bytes)
      if ('fields' in parsed) good.push({ ...candidate, stratum: stratum.key, fields: parsed.fields })
      else broken.push({ object: candidate.object, line: candidate.line, problem: parsed.problem })
    }
    addMalformed(malformed, broken)
    return next
  }

  for (;;) {
    const wanted = allocate(
      strata.map((s) => s.share),
      total,
    )
    let short = false
    for (const [i, state] of strata.entries()) {
      state.next = fill(state, wanted[i] as number)
      if (state.good.length >= (wanted[i] as number)) continue
      state.share.limit = state.good.length
      short = true
    }
    if (!short) {
      const records = strata.flatMap((state, i) => state.good.slice(0, wanted[i]))
      records.sort((a, b) => a.order - b.order || (a.object < b.object ? -1 : 1) || a.offset - b.offset)
      const counts = strata.map(({ stratum: { key, seen } }, i) => ({
        key,
        seen,
        sampled: wanted[i] as number,
      }))
      return { records, strata: counts, malformed }
    }
  }
}
