/** One block of bzip2 (Seward 1996): Huffman codes, move-to-front, the Burrows-Wheeler transform, and runs. */

/** There are not enough bytes yet. */
export class MoreBytesNeeded extends Error {}
/** The bytes are no bzip2. */
export class BrokenBlock extends Error {}

const RUN_A = 0
const RUN_B = 1
const GROUP_SYMBOLS = 50
const MAX_CODE_LENGTH = 20
const MAX_SELECTORS = 18_002

/** CRC-32 with the highest bit first, as bzip2 has it. */
const CRC_TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24
  for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1
  return crc
})

/** Reads numbers of a few bits, the highest first. */
export class BitReader {
  readonly #bytes: Buffer
  #at = 0
  #held = 0
  #count = 0

  /** @param skip bits at the start that were read before */
  constructor(bytes: Buffer, skip = 0) {
    this.#bytes = bytes
    if (skip > 0) this.read(skip)
  }

  /** How many bits were read. */
  get position(): number {
    return this.#at * 8 - this.#count
  }

  /** @param bits at most 24 */
  read(bits: number): number {
    while (this.#count < bits) {
      if (this.#at === this.#bytes.length) throw new MoreBytesNeeded()
      this.#held = (this.#held << 8) | (this.#bytes[this.#at++] as number)
      this.#count += 8
    }
    this.#count -= bits
    return (this.#held >>> this.#count) & ((1 << bits) - 1)
  }
}

interface Code {
  shortest: number
  /** By length: the highest code, and what to take from a code to have its place among the symbols. */
  limit: Int32Array
  base: Int32Array
  symbols: Uint16Array
}

function readCode(bits: BitReader, size: number): Code {
  const lengths = new Uint8Array(size)
  let length = bits.read(5)
  for (let symbol = 0; symbol < size; symbol++) {
    for (;;) {
      if (length < 1 || length > MAX_CODE_LENGTH) throw new BrokenBlock('a code of impossible length')
      if (bits.read(1) === 0) break
      length += bits.read(1) === 0 ? 1 : -1
    }
    lengths[symbol] = length
  }
  const limit = new Int32Array(MAX_CODE_LENGTH + 2).fill(-1)
  const base = new Int32Array(MAX_CODE_LENGTH + 2)
  const symbols = new Uint16Array(size)
  let code = 0
  let placed = 0
  for (let bit = 1; bit <= MAX_CODE_LENGTH; bit++) {
    const first = placed
    for (let symbol = 0; symbol < size; symbol++) if (lengths[symbol] === bit) symbols[placed++] = symbol
    base[bit] = code - first
    code += placed - first
    limit[bit] = code - 1
    code <<= 1
  }
  return { shortest: Math.min(...lengths), limit, base, symbols }
}

/** The byte values that occur. */
function readAlphabet(bits: BitReader): Uint8Array {
  const groups = bits.read(16)
  const found: number[] = []
  for (let group = 0; group < 16; group++) {
    if (!(groups & (0x8000 >> group))) continue
    const values = bits.read(16)
    for (let i = 0; i < 16; i++) if (values & (0x8000 >> i)) found.push(group * 16 + i)
  }
  if (found.length === 0) throw new BrokenBlock('a block without bytes')
  return Uint8Array.from(found)
}

function readSelectors(bits: BitReader, codes: number): Uint8Array {
  const count = bits.read(15)
  if (count === 0) throw new BrokenBlock('a block without codes')
  const order = Array.from({ length: codes }, (_, i) => i)
  const selectors = new Uint8Array(Math.min(count, MAX_SELECTORS))
  for (let i = 0; i < count; i++) {
    let rank = 0
    while (bits.read(1)) if (++rank >= codes) throw new BrokenBlock('a code that does not exist')
    order.unshift(...order.splice(rank, 1))
    if (i < selectors.length) selectors[i] = order[0] as number
  }
  return selectors
}

/** Undoes Huffman codes, runs of zeros and move-to-front. @returns the number of bytes written into `out` */
function readSymbols(bits: BitReader, out: Uint32Array, size: number): number {
  const ranked = readAlphabet(bits)
  const endOfBlock = ranked.length + 1
  const count = bits.read(3)
  if (count < 2 || count > 6) throw new BrokenBlock('a wrong number of codes')
  const selectors = readSelectors(bits, count)
  const codes = Array.from({ length: count }, () => readCode(bits, ranked.length + 2))
  let filled = 0
  let run = 0
  let weight = 1
  for (let read = 0; ; read++) {
    const selector = selectors[(read / GROUP_SYMBOLS) | 0]
    if (selector === undefined) throw new BrokenBlock('more symbols than codes')
    const { shortest, limit, base, symbols } = codes[selector] as Code
    let length = shortest
    let code = bits.read(length)
    while (code > (limit[length] as number)) {
      if (++length > MAX_CODE_LENGTH) throw new BrokenBlock('an unknown code')
      code = (code << 1) | bits.read(1)
    }
    const symbol = symbols[code - (base[length] as number)]
    if (symbol === undefined) throw new BrokenBlock('an unknown code')
    if (symbol === RUN_A || symbol === RUN_B) {
      run += weight << symbol
      weight <<= 1
      if (run > size) throw new BrokenBlock('a run beyond its block')
      continue
    }
    if (run > 0) {
      if (filled + run > size) throw new BrokenBlock('a run beyond its block')
      out.fill(ranked[0] as number, filled, filled + run)
      filled += run
      run = 0
      weight = 1
    }
    if (symbol === endOfBlock) return filled
    if (filled === size) throw new BrokenBlock('a block that is too long')
    const byte = ranked[symbol - 1] as number
    ranked.copyWithin(1, 0, symbol - 1)
    ranked[0] = byte
    out[filled++] = byte
  }
}

/** Undoes the transform and the runs of four to 255 equal bytes. */
function unsort(table: Uint32Array, length: number, origin: number): Buffer {
  const starts = new Uint32Array(257)
  for (let i = 0; i < length; i++) {
    const next = ((table[i] as number) & 255) + 1
    starts[next] = (starts[next] as number) + 1
  }
  for (let byte = 0; byte < 256; byte++)
    starts[byte + 1] = (starts[byte + 1] as number) + (starts[byte] as number)
  for (let i = 0; i < length; i++) {
    const byte = (table[i] as number) & 255
    const place = starts[byte] as number
    starts[byte] = place + 1
    table[place] = (table[place] as number) | (i << 8)
  }
  let out = Buffer.allocUnsafeSlow(length * 2 + 256)
  let filled = 0
  let at = (table[origin] as number) >>> 8
  let last = -1
  let equal = 0
  for (let i = 0; i < length; i++) {
    const entry = table[at] as number
    const byte = entry & 255
    at = entry >>> 8
    if (filled + 256 > out.length) {
      const larger = Buffer.allocUnsafeSlow(out.length * 2)
      out.copy(larger, 0, 0, filled)
      out = larger
    }
    if (equal === 4) {
      out.fill(last, filled, filled + byte)
      filled += byte
      equal = 0
      last = -1
      continue
    }
    equal = byte === last ? equal + 1 : 1
    last = byte
    out[filled++] = byte
  }
  return out.subarray(0, filled)
}

export function blockCrc(bytes: Buffer): number {
  let crc = -1
  for (let i = 0; i < bytes.length; i++)
    crc = (crc << 8) ^ (CRC_TABLE[(crc >>> 24) ^ (bytes[i] as number)] as number)
  return ~crc >>> 0
}

/**
 * Reads the block whose magic number was just read.
 * @param table for the sorted bytes, as many as the block may have
 * @throws MoreBytesNeeded, or BrokenBlock
 */
export function readBlock(bits: BitReader, table: Uint32Array): { bytes: Buffer; crc: number } {
  const crc = bits.read(16) * 0x10000 + bits.read(16)
  if (bits.read(1)) throw new BrokenBlock('a randomised block, which bzip2 has not written since 1996')
  const origin = bits.read(24)
  const length = readSymbols(bits, table, table.length)
  if (origin >= length) throw new BrokenBlock('a block without a beginning')
  const bytes = unsort(table, length, origin)
  if (blockCrc(bytes) !== crc) throw new BrokenBlock('a wrong checksum')
  return { bytes, crc }
}
