import type { Measurement } from '../alerts/threshold.ts'
import { binomialSequence } from '../metrics/sequence.ts'
import { weighted, weightedSequence } from '../metrics/weighted.ts'
import { type Counts, mixOf, similaritySum, type Tallies } from './tallies.ts'

/** What a threshold may be set on; `NAME` is the name of a control tag. */
const PATTERN = /^(?:(change_rate|weighted_change_rate|similarity)|control:(.+)\.(change_rate|similarity))$/

export function isMetric(name: string): boolean {
  return PATTERN.test(name)
}

/**
 * A metric as it stands, with the sequence that decides a threshold on it.
 *
 * @returns null for a metric of no known name
 */
export function measure(
  name: string,
  tallies: Tallies,
  confidence: number,
): (Measurement & { value: number | null }) | null {
  const match = PATTERN.exec(name)
  if (!match) return null
  const [, ofProject, control, ofControl] = match
  if (ofProject === 'weighted_change_rate') {
    const sequence =
      tallies.strata.length === 0 || tallies.planned === 0
        ? null
        : weightedSequence(mixOf(tallies), tallies.planned, confidence)
    return { value: weighted(mixOf(tallies), confidence).value, sequence, reviewed: tallies.total.count }
  }
  const counts = control === undefined ? tallies.total : (tallies.controls.get(control) ?? NONE)
  const sum = (ofProject ?? ofControl) === 'similarity' ? similaritySum(counts) : counts.changed
  return {
    value: counts.count === 0 ? null : sum / counts.count,
    sequence: binomialSequence({ sum, reviewed: counts.count }, confidence),
    reviewed: counts.count,
  }
}

const NONE: Counts = { count: 0, changed: 0, amount: 0 }
