import { type Likeness, SkimmedBytes } from './skimmed-bytes.ts'

/** How a format's bytes fall into records; all of it works on bytes, before anything is decoded. */
export type Framing = (LineFraming | SearchFraming) & {
  /** What a piece between two starts is: null a record, '' nothing (blank), else what is wrong with it. */
  check(bytes: Buffer, start: number, end: number): string | null
}

/** Records begin at certain lines, whatever came before. */
export interface LineFraming {
  /** What these lines begin with; nothing where every line is a record. All that begins with something is one, without a check. */
  lineStart: Buffer
}

/** Records begin where a search finds it. */
export interface SearchFraming {
  lineStart?: undefined
  /**
   * The first record start after `from`, a position in the record before it; -1 if `bytes` holds none, or not enough to know.
   * With `last` no more bytes come.
   */
  nextStart(bytes: Buffer, from: number, last: boolean): number
  /**
   * How many bytes before the end of what has come may be the beginning of a record start. Infinite where a record has to be
   * looked at as a whole: `from` is then always its start, and there must be `recover`.
   */
  lookback: number
  /** The first position after `from` where a record may start, whatever came before; to go on after one that is too long. */
  recover?(bytes: Buffer, from: number): number
}

export interface FrameSink {
  /** One record in `bytes[start, end)`, valid during the call; `offset` is its first byte's in the object. */
  record(bytes: Buffer, start: number, end: number, offset: number): void
  malformed(line: number, problem: string): void
  /** Which records need not be handed over but only be counted, after each one that was handed over; null: none. */
  alike?(): Likeness | null
  /** So many of them. */
  passed?(records: number): void
}

export const MAX_RECORD_BYTES = 1 << 20

const BOM = Buffer.from('\u{feff}')

const NO_LINES = Buffer.alloc(0)

export interface FramerOptions {
  /** The longest record, in bytes with its line ends. */
  limit?: number
  /** Only records that begin at or after this offset; the bytes given then begin one before it. */
  from?: number
  /** Only records that begin before this offset. */
  to?: number | null
}

/**
 * Cuts the decompressed bytes of one object, or of a piece of it, into records and hands each to the sink. What comes out depends
 * neither on how the bytes were cut into chunks nor, taken together, on how the object was cut into pieces. It holds the record
 * in work and the latest chunk, never more than a few times the limit.
 */
export class Framer {
  readonly #framing: Framing
  readonly #search: SearchFraming
  readonly #sink: FrameSink
  readonly #limit: number
  readonly #to: number
  readonly #held: SkimmedBytes
  /** Offset in the object of the first byte held. */
  #base = 0
  #start = 0
  #end = 0
  #searched = 0
  #lines = 0
  #counted = 0
  #begun = false
  #skipping = false
  #done = false

  constructor(framing: Framing, sink: FrameSink, options: FramerOptions = {}) {
    const { limit = MAX_RECORD_BYTES, from = 0, to } = options
    this.#framing = framing
    const held = SkimmedBytes.take(framing.lineStart ?? NO_LINES)
    this.#held = held
    this.#search = framing.lineStart
      ? {
          nextStart: (bytes, at) => held.nextStart(at, bytes.length),
          // a newline that comes before all but the last byte of what a record begins with
          lookback: framing.lineStart.length,
        }
      : framing
    this.#sink = sink
    this.#limit = limit
    this.#to = to ?? Number.POSITIVE_INFINITY
    if (from === 0) return
    // what the piece begins with is the end of a record of the piece before, and so is the byte before it
    this.#base = from - 1
    this.#counted = 1
    this.#begun = true
    this.#skipping = true
  }

  /** Whether all records of the piece have been handed over; more bytes change nothing. */
  get isDone(): boolean {
    return this.#done
  }

  push(chunk: Buffer): void {
    for (let taken = 0; taken < chunk.length && !this.#done; ) {
      this.#makeRoom()
      const copied = chunk.copy(this.#held.bytes, this.#end, taken)
      taken += copied
      this.#end += copied
      this.#frame(false)
    }
  }

  /** Closes the last record. Not to be called where the bytes broke off: the record in work is then no record. */
  end(): void {
    if (!this.#done) this.#frame(true)
    if (!this.#done && this.#end > this.#start)
      this.#close(this.#held.bytes.subarray(0, this.#end), this.#end)
  }

  /** Gives its memory back; nothing else may be called any more. */
  close(): void {
    this.#held.giveBack()
  }

  /**
   * The line number (from 1, the piece's first) of a position in the bytes that the sink was given last; positions must not fall.
   */
  lineAt(position: number): number {
    const end = Math.min(position, this.#to - this.#base)
    this.#lines += this.#held.countNewlines(this.#counted, end)
    this.#counted = Math.max(this.#counted, end)
    return this.#lines + 1
  }

  /** The line number that was reached; at the end of a piece, how many lines further those of the next one are, plus 1. */
  get line(): number {
    return this.lineAt(this.#end)
  }

  #makeRoom(): void {
    if (this.#start > 0) {
      this.lineAt(Math.max(this.#start, this.#counted))
      this.#held.bytes.copyWithin(0, this.#start, this.#end)
      this.#base += this.#start
      this.#counted -= this.#start
      this.#searched -= this.#start
      this.#end -= this.#start
      this.#start = 0
    }
    if (this.#end > this.#held.bytes.length / 2) this.#held.grow()
  }

  #frame(last: boolean): void {
    if (!this.#begun) {
      if (this.#end < BOM.length && !last) return
      this.#begun = true
      if (this.#end >= BOM.length && BOM.equals(this.#held.bytes.subarray(0, BOM.length)))
        this.#start = BOM.length
      this.#searched = this.#start
    }
    const { nextStart, lookback, recover } = this.#search
    const bytes = this.#held.bytes.subarray(0, this.#end)
    for (;;) {
      if (this.#passAlike()) return
      const next =
        recover && this.#skipping ? recover(bytes, this.#searched) : nextStart(bytes, this.#searched, last)
      if (recover && !this.#skipping && (next < 0 ? this.#end : next) - this.#start > this.#limit) {
        this.#tooLong()
        this.#skipping = true
        continue
      }
      if (next < 0) break
      this.#close(bytes, next)
      this.#start = this.#searched = next
      if (this.#base + next < this.#to) continue
      this.#done = true
      return
    }
    this.#searched = Math.max(this.#searched, this.#end - (recover && this.#skipping ? 0 : lookback))
    // what is not searched yet may be the begin of the next record
    if (!this.#skipping && this.#searched - this.#start > this.#limit) {
      this.#tooLong()
      this.#skipping = true
    }
    if (!this.#skipping) return
    this.#start = this.#searched
    this.#done = this.#base + this.#start >= this.#to
  }

  /**
   * Passes over records that need only be counted.
   * @returns whether those of the piece end there
   */
  #passAlike(): boolean {
    const isOpen = this.#skipping || this.#searched > this.#start
    const alike = isOpen || !this.#framing.lineStart?.length ? null : this.#sink.alike?.()
    if (!alike) return false
    const stretch = { at: this.#start, until: this.#to - this.#base, end: this.#end }
    const next = this.#held.pass(alike, { ...stretch, limit: this.#limit, base: this.#base })
    if (next === this.#start) return false
    this.#sink.passed?.(this.#held.passed)
    this.#start = this.#searched = next
    this.#done = this.#base + next >= this.#to
    return this.#done
  }

  #close(bytes: Buffer, end: number): void {
    if (this.#skipping) {
      this.#skipping = false
      return
    }
    if (end - this.#start > this.#limit) {
      this.#tooLong()
      return
    }
    const problem = this.#framing.check(bytes, this.#start, end)
    if (problem === null) this.#sink.record(bytes, this.#start, end, this.#base + this.#start)
    else if (problem) this.#sink.malformed(this.lineAt(this.#start), problem)
  }

  #tooLong(): void {
    this.#sink.malformed(this.lineAt(this.#start), `longer than ${this.#limit} bytes`)
  }
}
