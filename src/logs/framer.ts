/** How a format's bytes fall into records; all of it works on bytes, before anything is decoded. */
export interface Framing {
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
  /** What a piece between two starts is: null a record, '' nothing (blank), else what is wrong with it. */
  check(bytes: Buffer, start: number, end: number): string | null
}

export interface FrameSink {
  /** One record in `bytes[start, end)`, valid during the call; `offset` is its first byte's in the object. */
  record(bytes: Buffer, start: number, end: number, offset: number): void
  malformed(line: number, problem: string): void
}

export const MAX_RECORD_BYTES = 1 << 20

const FIRST_CAPACITY = 1 << 19
const NEWLINE = 0x0a
const BOM = Buffer.from('\u{feff}')

/** Counts the newlines in `bytes[from, to)`, four bytes at a time; `words` is the same memory. */
function countNewlines(bytes: Buffer, words: Int32Array, from: number, to: number): number {
  let count = 0
  for (; from < to && from % 4 !== 0; from++) if (bytes[from] === NEWLINE) count++
  const last = to >> 2
  for (let i = from >> 2; i < last; ) {
    let lanes = 0
    // 255 rounds: each of the four lanes of one byte counts up to 255
    for (const stop = Math.min(last, i + 255); i < stop; i++) {
      const x = (words[i] as number) ^ 0x0a0a0a0a
      // the high bit of each byte of x that is zero (Warren, Hacker's Delight, 6-1)
      lanes = (lanes + ((~(((x & 0x7f7f7f7f) + 0x7f7f7f7f) | x) & 0x80808080) >>> 7)) | 0
    }
    count += (lanes & 255) + ((lanes >>> 8) & 255) + ((lanes >>> 16) & 255) + (lanes >>> 24)
  }
  for (from = Math.max(from, last << 2); from < to; from++) if (bytes[from] === NEWLINE) count++
  return count
}

/**
 * Cuts the decompressed bytes of one object into records and hands each to the sink. What comes out does not depend on how the
 * bytes were cut into chunks. It holds the record in work and the latest chunk, never more than a few times the limit.
 */
export class Framer {
  readonly #framing: Framing
  readonly #sink: FrameSink
  readonly #limit: number
  #bytes = Buffer.allocUnsafeSlow(FIRST_CAPACITY)
  #words = new Int32Array(this.#bytes.buffer)
  /** Offset in the object of the first byte held. */
  #base = 0
  #start = 0
  #end = 0
  #searched = 0
  #lines = 0
  #counted = 0
  #begun = false
  #skipping = false

  /** @param limit the longest record, in bytes with its line ends */
  constructor(framing: Framing, sink: FrameSink, limit: number = MAX_RECORD_BYTES) {
    this.#framing = framing
    this.#sink = sink
    this.#limit = limit
  }

  push(chunk: Buffer): void {
    for (let taken = 0; taken < chunk.length; ) {
      this.#makeRoom()
      const copied = chunk.copy(this.#bytes, this.#end, taken)
      taken += copied
      this.#end += copied
      this.#frame(false)
    }
  }

  /** Closes the last record. Not to be called where the bytes broke off: the record in work is then no record. */
  end(): void {
    this.#frame(true)
    if (this.#end > this.#start) this.#close(this.#bytes.subarray(0, this.#end), this.#end)
  }

  /** The line number (from 1) of a position in the bytes that the sink was given last; positions must not fall. */
  lineAt(position: number): number {
    this.#lines += countNewlines(this.#bytes, this.#words, this.#counted, position)
    this.#counted = position
    return this.#lines + 1
  }

  /** The line number that was reached. */
  get line(): number {
    return this.lineAt(this.#end)
  }

  #makeRoom(): void {
    if (this.#start > 0) {
      this.lineAt(Math.max(this.#start, this.#counted))
      this.#bytes.copyWithin(0, this.#start, this.#end)
      this.#base += this.#start
      this.#counted -= this.#start
      this.#searched -= this.#start
      this.#end -= this.#start
      this.#start = 0
    }
    if (this.#end <= this.#bytes.length / 2) return
    const larger = Buffer.allocUnsafeSlow(this.#bytes.length * 2)
    this.#bytes.copy(larger, 0, 0, this.#end)
    this.#bytes = larger
    this.#words = new Int32Array(larger.buffer)
  }

  #frame(last: boolean): void {
    if (!this.#begun) {
      if (this.#end < BOM.length && !last) return
      this.#begun = true
      if (this.#end >= BOM.length && BOM.equals(this.#bytes.subarray(0, BOM.length))) this.#start = BOM.length
      this.#searched = this.#start
    }
    const { nextStart, lookback, recover } = this.#framing
    const bytes = this.#bytes.subarray(0, this.#end)
    for (;;) {
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
    }
    this.#searched = Math.max(this.#searched, this.#end - (recover && this.#skipping ? 0 : lookback))
    // what is not searched yet may be the begin of the next record
    if (!this.#skipping && this.#searched - this.#start > this.#limit) {
      this.#tooLong()
      this.#skipping = true
    }
    if (this.#skipping) this.#start = this.#searched
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
