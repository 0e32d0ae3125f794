import { TIME_BYTES } from './record-date.ts'
import { SKIM_MODULE } from './skim-module.ts'

/** Which records are nothing but one more of those that came before. Dates and keys are compared by identity: no writing into them. */
export interface Likeness {
  /** What their date is written as, right behind what their line begins with; null where dates do not matter. */
  date: Buffer | null
  /** The hash of their offset, keyed (`offsetHash`), is above this. */
  above: number
  key: Int32Array
  /** How many of them at most. */
  most: number
}

/** Where records are looked for, as positions in the bytes: they begin in `[at, until)`, and what is known ends at `end`. */
export interface Stretch {
  at: number
  until: number
  end: number
  /** The longest record, in bytes. */
  limit: number
  /** Offset in the object of the first byte. */
  base: number
}

/** What `skim.wat` exports; positions are addresses. */
interface Skim {
  countNewlines(from: number, to: number): number
  nextStart(from: number, to: number): number
  findText(from: number, to: number): number
  findByte(from: number, to: number, byte: number): number
  pass(at: number, until: number, to: number): number
}

/** What is used of the JavaScript API, which the types of Node do not have. */
declare const WebAssembly: {
  Memory: new (size: { initial: number }) => Memory
  Module: new (bytes: Buffer) => object
  Instance: new (module: object, imports: object) => { exports: object }
}
interface Memory {
  /** Another one after it has grown. */
  readonly buffer: ArrayBuffer
  grow(pages: number): number
}
const PAGE = 1 << 16
const PAGES = 8

/** The addresses at which `skim.wat` finds what it is asked about. */
const ASKED = {
  prefix: 0,
  prefixLength: 32,
  dateLength: 36,
  date: 48,
  key: 80,
  origin: 96,
  above: 104,
  most: 112,
}
const [LIMIT, PASSED, TEXT, TEXT_LENGTH, TIMES, DATA] = [116, 120, 128, 160, 256, 512]
/** As much of a text as it compares. */
const COMPARED = 16
/** How far it reads beyond what it is asked about. */
const BEYOND = 32

const MAX_FREE = 4
const free: SkimmedBytes[] = []
const byMemory = new WeakMap<ArrayBufferLike, SkimmedBytes>()
let module: object | undefined

/**
 * Bytes in a memory in which lines are found, counted and passed over quickly. Memories are used again, as new ones would have to be
 * cleared.
 */
export class SkimmedBytes {
  /** How many records were passed over by the last `pass`. */
  passed = 0
  readonly #memory = new WebAssembly.Memory({ initial: PAGES })
  readonly #skim: Skim
  #bytes!: Buffer
  #asked!: DataView
  #prefix!: Buffer
  #text: Buffer | null = null
  #date: Buffer | null = null
  #key: Int32Array | null = null

  private constructor() {
    module ??= new WebAssembly.Module(Buffer.from(SKIM_MODULE, 'base64'))
    this.#skim = new WebAssembly.Instance(module, { js: { memory: this.#memory } }).exports as Skim
    this.#view()
    new Uint8Array(this.#memory.buffer).set(TIME_BYTES, TIMES)
  }

  /**
   * With anything in it.
   * @param prefix what a line begins with that begins a record
   */
  static take(prefix: Buffer): SkimmedBytes {
    const held = free.pop() ?? new SkimmedBytes()
    held.#prefix = prefix
    held.#ask(ASKED.prefix, prefix.subarray(0, COMPARED))
    held.#asked.setInt32(ASKED.prefixLength, prefix.length, true)
    return held
  }

  /** What holds these bytes, from their first one on, if they are held like this. */
  static holding(bytes: Buffer): SkimmedBytes | null {
    return bytes.byteOffset === DATA ? (byMemory.get(bytes.buffer) ?? null) : null
  }

  /** Nobody may use it any more. */
  giveBack(): void {
    if (free.length < MAX_FREE && this.#memory.buffer.byteLength === PAGES * PAGE) free.push(this)
  }

  /** The bytes, until they grow. */
  get bytes(): Buffer {
    return this.#bytes
  }

  /** Makes room for about twice as many; those that are there stay. */
  grow(): void {
    this.#memory.grow(this.#memory.buffer.byteLength / PAGE)
    this.#view()
  }

  countNewlines(from: number, to: number): number {
    return from < to ? this.#skim.countNewlines(DATA + from, DATA + to) : 0
  }

  /** The first line that begins with the prefix behind a newline at or after `from`, or -1 if none does within `[from, end)`. */
  nextStart(from: number, end: number): number {
    for (;;) {
      const found = this.#skim.nextStart(DATA + from, DATA + end) - DATA
      if (found < 0) return -1
      if (this.#hasRest(this.#prefix, found)) return found
      from = found
    }
  }

  /** Where a text of at least two bytes is first within `[from, end)`, or -1; the text is never written into. */
  findText(text: Buffer, from: number, end: number): number {
    if (text !== this.#text) {
      this.#text = text
      this.#ask(TEXT, text.subarray(0, COMPARED))
      this.#asked.setInt32(TEXT_LENGTH, text.length, true)
    }
    for (;;) {
      const found = this.#skim.findText(DATA + from, DATA + end) - DATA
      if (found < 0) return -1
      if (this.#hasRest(text, found)) return found
      from = found + 1
    }
  }

  /** Where a byte is first within `[from, end)`, or -1. */
  findByte(byte: number, from: number, end: number): number {
    const found = this.#skim.findByte(DATA + from, DATA + end, byte) - DATA
    return found < 0 ? -1 : found
  }

  /**
   * Goes from record to record, beginning with the one at `at`, as long as each is like the others and ends within the stretch.
   * @returns the start of the first that is not; `passed` tells how many were
   */
  pass({ date, above, key, most }: Likeness, { at, until, end, limit, base }: Stretch): number {
    this.passed = 0
    if (this.#prefix.length > COMPARED) return at
    const asked = this.#asked
    if (date !== this.#date) {
      this.#date = date
      asked.setInt32(ASKED.dateLength, date?.length ?? 0, true)
      if (date) this.#ask(ASKED.date, date)
    }
    if (key !== this.#key) {
      this.#key = key
      for (let i = 0; i < 4; i++) asked.setInt32(ASKED.key + 4 * i, key[i] as number, true)
    }
    asked.setFloat64(ASKED.origin, base - DATA, true)
    asked.setFloat64(ASKED.above, above, true)
    asked.setInt32(ASKED.most, Math.min(most, 0x7fffffff), true)
    asked.setInt32(LIMIT, Math.min(limit, 0x7fffffff), true)
    const next = this.#skim.pass(DATA + at, DATA + Math.min(until, end), DATA + end) - DATA
    this.passed = asked.getInt32(PASSED, true)
    return next
  }

  /** Whether what is too long to be compared goes on at a place as it begins. */
  #hasRest(text: Buffer, at: number): boolean {
    let i = COMPARED
    while (i < text.length && this.#bytes[at + i] === text[i]) i++
    return i >= text.length
  }

  /** Writes a text of at most 16 bytes, and 16 more that say which of these it has. */
  #ask(at: number, text: Buffer): void {
    const all = new Uint8Array(this.#memory.buffer, at, 2 * COMPARED).fill(0)
    all.set(text)
    all.fill(0xff, COMPARED, COMPARED + text.length)
  }

  #view(): void {
    const { buffer } = this.#memory
    this.#bytes = Buffer.from(buffer, DATA, buffer.byteLength - DATA - BEYOND)
    this.#asked = new DataView(buffer, 0, DATA)
    byMemory.set(buffer, this)
  }
}
