import { setImmediate } from 'node:timers/promises'
import { BitReader, BrokenBlock, MoreBytesNeeded, readBlock } from './bzip2-block.ts'

/** bzip2's streams, one or several: blocks of up to 900,000 bytes, each decoded as soon as all of it is there. */

const BLOCK_UNIT = 100_000
const BLOCK = 0x314159265359
const END = 0x177245385090

/** What is not all there is tried again when there is half as much again, so that it costs no more than a few tries. */
const GROWTH = 1.5

/**
 * Decompresses. The event loop has a turn after each block.
 * @throws BrokenBlock where the data is broken or cut off, after all blocks before
 */
export async function* bunzip2(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let held: Buffer = Buffer.alloc(0)
  let arrived: Buffer[] = []
  let arrivedBytes = 0
  /** Bits of `held` that were read. */
  let bit = 0
  let wanted = 0
  let table = new Uint32Array(0)
  let sum = 0

  /** Reads what comes next; null at the end of a stream, where another may begin. */
  function next(): Buffer | null {
    const bits = new BitReader(held, bit)
    if (table.length === 0) {
      const level = bits.read(24) === 0x425a68 ? bits.read(8) - 0x30 : 0
      if (level < 1 || level > 9) throw new BrokenBlock('something else after its end')
      table = new Uint32Array(level * BLOCK_UNIT)
      sum = 0
    }
    const magic = bits.read(24) * 0x1000000 + bits.read(24)
    if (magic === END) {
      if (bits.read(16) * 0x10000 + bits.read(16) !== sum) throw new BrokenBlock('a wrong checksum')
      bit = Math.ceil(bits.position / 8) * 8
      table = new Uint32Array(0)
      return null
    }
    if (magic !== BLOCK) throw new BrokenBlock('a block without its mark')
    const { bytes, crc } = readBlock(bits, table)
    sum = (((sum << 1) | (sum >>> 31)) ^ crc) >>> 0
    bit = bits.position
    return bytes
  }

  function* blocks(last: boolean): Generator<Buffer> {
    held = Buffer.concat([held.subarray(bit >> 3), ...arrived])
    arrived = []
    arrivedBytes = 0
    bit &= 7
    const isDone = () => table.length === 0 && bit >> 3 === held.length
    while (!isDone()) {
      const before = { table, bit }
      try {
        const bytes = next()
        if (bytes) yield bytes
      } catch (error) {
        if (!(error instanceof MoreBytesNeeded)) throw error
        if (last)
          throw new BrokenBlock('its end is missing')
          // the head of a stream is read again with its first block
        ;({ table, bit } = before)
        wanted = (held.length - (bit >> 3)) * GROWTH
        return
      }
    }
  }

  for await (const chunk of chunks) {
    // the memory of a chunk is used again
    arrived.push(Buffer.from(chunk))
    arrivedBytes += chunk.length
    if (held.length - (bit >> 3) + arrivedBytes < wanted) continue
    wanted = 0
    for (const bytes of blocks(false)) {
      yield bytes
      await setImmediate()
    }
  }
  for (const bytes of blocks(true)) {
    yield bytes
    await setImmediate()
  }
}
