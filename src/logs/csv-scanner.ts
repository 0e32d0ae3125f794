const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d
const QUOTE = 0x22

/** Up to this length, looking at bytes one by one is faster than a search. */
const SHORT = 32
const MAX_FIELDS = 4_096

const UNCLOSED = 'has a quote that is never closed'
const TOO_MANY = `has more than ${MAX_FIELDS} fields`

/** Finds the fields of one record of delimited text at a time, without decoding it. */
export class CsvScanner {
  /** Why the record that was scanned last is none. */
  problem: string | null = null
  /** How many fields the record has that was scanned last. */
  count = 0
  readonly #delimiter: number
  readonly #limit: number
  readonly #bounds = new Int32Array(2 * MAX_FIELDS)
  #bytes: Buffer | null = null
  #start = -1
  #end = -1

  /** @param limit the longest record, in bytes; what lies behind is not looked at */
  constructor(delimiter: number, limit: number) {
    this.#delimiter = delimiter
    this.#limit = limit
  }

  /** Where a field of the record begins, its quotes included. */
  from(field: number): number {
    return this.#bounds[2 * field] as number
  }

  /** Where it ends. */
  to(field: number): number {
    return this.#bounds[2 * field + 1] as number
  }

  /** Makes the record in `bytes[start, end)` the one that was scanned last. */
  see(bytes: Buffer, start: number, end: number): void {
    if (bytes === this.#bytes && start === this.#start && end === this.#end) return
    this.scan(bytes.subarray(0, end), start, true)
    this.#bytes = bytes
    this.#end = end
  }

  /**
   * The position after the record that starts at `start`; -1 if its end is not in `bytes`, or, with `last`, if it is the end of
   * `bytes`.
   */
  scan(bytes: Buffer, start: number, last: boolean): number {
    const delimiter = this.#delimiter
    const bounds = this.#bounds
    const size = bytes.length
    const end = Math.min(size, start + this.#limit + 1)
    this.#bytes = bytes
    this.#start = start
    this.problem = null
    let count = 0
    let at = start
    for (;;) {
      const from = at
      if (bytes[at] === QUOTE && at < end) {
        at = closingQuote(bytes, at + 1, end)
        if (at === end) return this.#open(bytes, last && end === size)
        at++
        // the byte after the quote decides
        if (at === end && !(last && end === size)) return -1
        const next = bytes[at]
        if (at < end && next !== delimiter && next !== NEWLINE && next !== CARRIAGE_RETURN) {
          const line = bytes.indexOf(NEWLINE, from)
          if (line >= 0 && line < at) return this.#broken(bytes, UNCLOSED)
        }
      }
      let byte = 0
      while (at < end) {
        byte = bytes[at] as number
        if (byte === delimiter || byte === NEWLINE) break
        at++
      }
      if (at === end && !(last && end === size)) return -1
      if (count === MAX_FIELDS) return this.#broken(bytes, TOO_MANY)
      bounds[2 * count] = from
      bounds[2 * count + 1] = at
      count++
      if (at < end && byte === delimiter) {
        at++
        continue
      }
      if (at > from && bytes[at - 1] === CARRIAGE_RETURN) bounds[2 * count - 1] = at - 1
      this.count = count
      this.#end = at < end ? at + 1 : at
      return at < end ? at + 1 : -1
    }
  }

  /** A quoted field that goes on beyond what there is: with the end of the data, the quote was never closed. */
  #open(bytes: Buffer, last: boolean): number {
    return last ? this.#broken(bytes, UNCLOSED) : -1
  }

  /** The record is its first line, and is none. */
  #broken(bytes: Buffer, problem: string): number {
    this.problem = problem
    this.count = 0
    const line = bytes.indexOf(NEWLINE, this.#start)
    this.#end = line < 0 ? bytes.length : line + 1
    return line < 0 ? -1 : line + 1
  }
}

/** The position of the quote that closes a field opened before `at`, or `end`. */
function closingQuote(bytes: Buffer, at: number, end: number): number {
  for (;;) {
    const near = Math.min(at + SHORT, end)
    while (at < near && bytes[at] !== QUOTE) at++
    if (at === near && at < end) {
      at = bytes.indexOf(QUOTE, at)
      if (at < 0 || at >= end) return end
    }
    if (at === end || at + 1 === end || bytes[at + 1] !== QUOTE) return at
    at += 2
  }
}
