import { type Allocation, allocate } from './allocation.ts'
import { ownCopy } from './buffers.ts'
import { textHash } from './hash.ts'

/** A record that may come into the sample. Its identity is (source, object, offset). */
export interface Candidate {
  /** Its place in the sample: the smallest of a stratum are taken. */
  hash: number
  /** Its place in the import, independent of `hash`. */
  order: number
  /** Decides whether it is imported without its prediction, independent of both. */
  blind: number
  /** The key of its object. */
  object: string
  /** Of its first byte in the decompressed object. */
  offset: number
  line: number
  date: string | null
  bytes: Buffer
}

/** What one stratum came to. */
export interface Stratum {
  key: string
  /** Records seen, exactly. */
  seen: number
  tie: number
  /** The best candidates by hash, the best first. */
  candidates: Candidate[]
  /** A hash above this can't come in any more. */
  highest: number
}

export interface SketchOptions {
  /** Records to sample in all. */
  total: number
  seed: string
  allocation?: Allocation
  maxStrata?: number
}

/** A sketch as JSON, `bytes` in base64. */
export interface SketchJson {
  options: SketchOptions
  strata: { key: string; seen: number; candidates: (Omit<Candidate, 'bytes'> & { bytes: string })[] }[]
}

/** Where records go whose stratum would be one too many. */
export const OTHER = '(other)'

const MAX_STRATA = 10_000
/** Bounds strata times total of a sketch that is not even: there each stratum could still get the whole sample. */
const MAX_SHARES = 50_000
/** Candidates kept beyond what a stratum can get, at least; as many again as it can get come on top. */
const RESERVE = 4

export function byHash(a: Candidate, b: Candidate): number {
  return a.hash - b.hash || (a.object < b.object ? -1 : a.object > b.object ? 1 : a.offset - b.offset)
}

/**
 * A mergeable sample: per stratum the k candidates with the smallest hashes (bottom-k, Cohen & Kaplan 2007) and the number seen.
 * What it ends with depends on the records offered alone, not on their order or on how sketches were merged.
 *
 * k is twice the most that a stratum can still get, plus a reserve: half of the candidates may turn out malformed. Under an even
 * allocation that most only falls as records come in, so what was dropped would never be needed again. There are at most
 * max(10,000, total) strata, those with the smallest hash of their key; the rest share the stratum `(other)`. In any other
 * allocation it can rise again, so there k follows from the total, and there are at most 50,000 / total strata.
 */
export class Sketch {
  readonly #options: SketchOptions & { allocation: Allocation; maxStrata: number }
  readonly #strata = new Map<string, Stratum>()
  #seen = 0
  #keep: number
  #reviewAt: number
  #tieLimit = Number.POSITIVE_INFINITY
  #last: Stratum | null = null

  constructor(options: SketchOptions) {
    const { total, allocation = 'even' } = options
    const most = options.maxStrata ?? MAX_STRATA
    // with fewer strata than records to sample, folding some into (other) could raise again what a stratum can get
    const maxStrata =
      allocation === 'even' ? Math.max(most, total) : Math.min(most, Math.ceil(MAX_SHARES / total))
    this.#options = { ...options, allocation, maxStrata }
    this.#keep = 2 * total + RESERVE
    this.#reviewAt = total + 1
  }

  get options() {
    return this.#options
  }

  /** Records seen in all. */
  get seen(): number {
    return this.#seen
  }

  /** Counts a record of a stratum; `make` is called at once, and only if the record may come into the sample. */
  offer(key: string, hash: number, make: () => Candidate): void {
    const stratum = this.#last?.key === key ? this.#last : this.#stratum(key)
    this.#last = stratum
    stratum.seen++
    this.#seen++
    if (hash <= stratum.highest) {
      stratum.candidates.push(make())
      if (stratum.candidates.length > 2 * this.#keep) this.#trim(stratum)
    }
    if (this.#seen >= this.#reviewAt) this.#review()
  }

  /**
   * Which records of a stratum need only be counted, because they can't come into the sample: those with a hash above `above`, and no more
   * than `most` of them at a time. Null where each is to be offered.
   */
  surplus(key: string): { above: number; most: number } | null {
    const highest = this.#strata.get(key)?.highest ?? Number.POSITIVE_INFINITY
    const most = Math.ceil(this.#reviewAt) - this.#seen - 1
    return highest < Number.POSITIVE_INFINITY && most > 0 ? { above: highest, most } : null
  }

  /** Counts records of a stratum that `surplus` describes. */
  count(key: string, records: number): void {
    this.#stratum(key).seen += records
    this.#seen += records
  }

  /** Takes in what another sketch of the same seed, total and allocation has seen. */
  merge(other: Sketch): void {
    for (const stratum of other.#strata.values()) this.#absorb(this.#stratum(stratum.key), stratum)
    this.#seen += other.#seen
    this.#fold()
    this.#review()
  }

  /** The candidates of one object that are left now. */
  candidatesOf(object: string): Candidate[] {
    return this.strata().flatMap(({ candidates }) => candidates.filter((each) => each.object === object))
  }

  /** The strata by key, each with no more candidates than it needs. */
  strata(): Stratum[] {
    this.#fold()
    this.#review()
    for (const { candidates } of this.#strata.values()) {
      candidates.sort(byHash)
      if (candidates.length > this.#keep) candidates.length = this.#keep
    }
    return [...this.#strata.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
  }

  toJSON(): SketchJson {
    const strata = this.strata().map(({ key, seen, candidates }) => ({
      key,
      seen,
      candidates: candidates.map((c) => ({ ...c, bytes: c.bytes.toString('base64') })),
    }))
    return { options: this.#options, strata }
  }

  static fromJSON({ options, strata }: SketchJson): Sketch {
    const sketch = new Sketch(options)
    for (const { key, seen, candidates } of strata) {
      const stratum = sketch.#stratum(key)
      stratum.seen = seen
      stratum.candidates = candidates.map((c) => ({ ...c, bytes: ownCopy(Buffer.from(c.bytes, 'base64')) }))
      sketch.#seen += seen
    }
    sketch.#review()
    return sketch
  }

  #stratum(key: string): Stratum {
    const known = this.#strata.get(key)
    if (known) return known
    const tie = textHash(this.#options.seed, 'stratum', key)
    if (tie > this.#tieLimit && key !== OTHER) return this.#stratum(OTHER)
    const stratum = { key, tie, seen: 0, candidates: [], highest: Number.POSITIVE_INFINITY }
    this.#strata.set(key, stratum)
    if (key !== OTHER && this.#strata.size > 2 * this.#options.maxStrata) {
      this.#fold()
      return this.#strata.get(key) ?? this.#stratum(OTHER)
    }
    return stratum
  }

  /** Leaves the strata with the smallest ties and puts the rest into `(other)`. */
  #fold(): void {
    const { maxStrata } = this.#options
    const named = [...this.#strata.values()].filter((s) => s.key !== OTHER)
    if (named.length <= maxStrata && this.#tieLimit === Number.POSITIVE_INFINITY) return
    named.sort((a, b) => a.tie - b.tie)
    for (const [rank, stratum] of named.entries()) {
      if (rank < maxStrata && stratum.tie <= this.#tieLimit) continue
      this.#strata.delete(stratum.key)
      this.#absorb(this.#stratum(OTHER), stratum)
    }
    if (named.length >= maxStrata)
      this.#tieLimit = Math.min(this.#tieLimit, (named[maxStrata - 1] as Stratum).tie)
    this.#last = null
  }

  #absorb(stratum: Stratum, other: Stratum): void {
    stratum.seen += other.seen
    stratum.candidates = stratum.candidates.concat(other.candidates)
    if (stratum.candidates.length > 2 * this.#keep) this.#trim(stratum)
  }

  /** Drops what a stratum can't get. Numbers are sorted many times as fast as the candidates would be, which are put in order at the end. */
  #trim(stratum: Stratum): void {
    if (stratum.candidates.length < this.#keep) return
    const hashes = Float64Array.from(stratum.candidates, ({ hash }) => hash).sort()
    const highest = hashes[this.#keep - 1] as number
    stratum.candidates = stratum.candidates.filter(({ hash }) => hash <= highest)
    stratum.highest = highest
  }

  /** Finds anew how many candidates each stratum needs, when the records seen have grown by a quarter. */
  #review(): void {
    const { total, allocation } = this.#options
    this.#reviewAt = Math.max(total + 1, this.#seen * 1.25)
    if (allocation === 'even' && this.#seen > total) {
      const shares = [...this.#strata.values()].map((s) => ({ weight: 1, limit: s.seen, tie: s.tie }))
      this.#keep = 2 * allocate(shares, total).reduce((a, b) => Math.max(a, b), 0) + RESERVE
    }
    for (const stratum of this.#strata.values()) this.#trim(stratum)
  }
}
