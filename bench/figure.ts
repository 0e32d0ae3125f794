/** One measured figure beside that of a peer, taken in turn in the same run. */
export interface Figure {
  name: string
  unit: string
  /** Medians. */
  ours: number
  /** Null where there is nothing to compare with. */
  peer: number | null
  /** Which peer. */
  against: string
  /** How many times as good as the peer: above 1, ours is better. The median over pairs taken in turn. */
  ratio: number | null
  /** What the figure has to reach, in words, and whether it does. */
  goal?: { text: string; met: boolean }
  means: string
}

/** A figure, or a part of it, that this machine or this version cannot give; the message says why. */
export class Unable extends Error {
  override name = 'Unable'
}

export type Entry = Figure | { name: string; skipped: string }

/** The figures of `work`, or that they can't be had here. */
export async function unlessUnable(name: string, work: () => Promise<Entry[]>): Promise<Entry[]> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Unable) return [{ name, skipped: error.message }]
    throw error
  }
}

/** What all measurements are given. */
export interface Bench {
  /** Small sizes: whether everything works, rather than how fast it is. */
  quick: boolean
  /** How often each side is measured. */
  runs: number
  /** MB of logs, before compression. */
  mb: number
  /** GB of the larger logs whose reading must take no more memory than that of small ones. */
  memoryGb: number
  /** A scratch directory of this measurement, gone at its end. */
  directory: string
  log: (line: string) => void
}

/** A named part of the benchmark, which can be asked for alone. */
export interface Measurement {
  name: string
  measure(bench: Bench): Promise<Entry[]>
}

type Sides = Pick<Figure, 'name' | 'unit' | 'against' | 'means'> & {
  ours: readonly number[]
  peer: readonly number[]
  /** The goal: the least ratio. */
  atLeast?: number
}

/** A figure where more is better: rates. */
export function rate(sides: Sides): Figure {
  return compared(sides, (ours, peer) => ours / peer)
}

/** A figure where less is better: times and sizes. */
export function cost(sides: Sides): Figure {
  return compared(sides, (ours, peer) => peer / ours)
}

function compared(
  { ours, peer, atLeast, ...rest }: Sides,
  ratioOf: (ours: number, peer: number) => number,
): Figure {
  const ratio = median(ours.map((value, round) => ratioOf(value, peer[round] as number)))
  return {
    ...rest,
    ours: median(ours),
    peer: median(peer),
    ratio,
    ...(atLeast !== undefined && { goal: { text: `≥ ${atLeast}`, met: ratio >= atLeast } }),
  }
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5)
}

/** The value that a share of all values does not exceed, between two of them in proportion; NaN of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (sorted.length - 1) * share
  const [low, high] = [sorted[Math.floor(at)] ?? Number.NaN, sorted[Math.ceil(at)] ?? Number.NaN]
  return low + (high - low) * (at - Math.floor(at))
}

/** In seconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return (performance.now() - began) / 1000
}

/**
 * Measures several things in turn, A B B A …, after one round that does not count: a machine whose speed drifts then moves
 * all of them alike, and what one leaves behind is not always the next one's to bear.
 */
export async function inTurn<K extends string, T>(
  runs: number,
  works: Record<K, () => Promise<T>>,
): Promise<Record<K, T[]>> {
  const names = Object.keys(works) as K[]
  const results = Object.fromEntries(names.map((name) => [name, [] as T[]])) as Record<K, T[]>
  for (let round = -1; round < runs; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const value = await works[name]()
      if (round >= 0) results[name].push(value)
    }
  }
  return results
}
