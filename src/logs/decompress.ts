import type { Transform } from 'node:stream'
import { constants, createGunzip, createZstdDecompress } from 'node:zlib'
import { giveBack, takeBuffer } from './buffers.ts'
import { bunzip2 } from './bzip2.ts'
import { BrokenBlock } from './bzip2-block.ts'
import { Decompressor } from './decompressor.ts'
import { ExpandsTooFar, MAX_EXPANSION, withinExpansion } from './expansion.ts'

/** Stored bytes that can't be decompressed from here on; what came before is good. */
export class BrokenData extends Error {
  override name = 'BrokenData'
}

const [FIRST_BLOCK, LAST_BLOCK] = [1 << 9, 1 << 17]
const MAGIC_BYTES = 4
/** The streams' own outputs: the least that they take. */
const UNUSED = 64

/** What data that begins so is compressed with, by name; null if it is not. */
export function compressionOf(head: Buffer): string | null {
  return CODECS.find(({ magic }) => magic(head))?.name ?? null
}

interface Codec {
  name: string
  magic: (head: Buffer) => boolean
  /** One of Node's decompressors, and its flag for the end of the data; null: known, but not understood. */
  start: (() => Transform) | null
  end?: number
  /** Decompresses all of it, where Node has nothing. */
  read?: (stored: AsyncIterable<Buffer>) => AsyncGenerator<Buffer>
  /** Whether zero bytes after a member are padding. */
  padded?: boolean
}

const startsWith =
  (...magic: number[]) =>
  (head: Buffer) =>
    magic.every((byte, i) => head[i] === byte)
const zstdFrame = startsWith(0x28, 0xb5, 0x2f, 0xfd)

const CODECS: Codec[] = [
  {
    name: 'gzip',
    magic: startsWith(0x1f, 0x8b),
    start: () => createGunzip({ chunkSize: UNUSED }),
    end: constants.Z_FINISH,
    padded: true,
  },
  {
    name: 'zstd',
    // a file may also begin with a skippable frame
    magic: (head) =>
      zstdFrame(head) || (((head[0] ?? 0) & 0xf0) === 0x50 && startsWith(0x2a, 0x4d, 0x18)(head.subarray(1))),
    start: () => createZstdDecompress({ chunkSize: UNUSED, params: { [constants.ZSTD_d_windowLogMax]: 27 } }),
    end: constants.ZSTD_e_end,
  },
  { name: 'bzip2', magic: startsWith(0x42, 0x5a, 0x68), start: null, read: bunzip2 },
  { name: 'zip', magic: startsWith(0x50, 0x4b, 0x03, 0x04), start: null },
  { name: 'xz', magic: startsWith(0xfd, 0x37, 0x7a, 0x58), start: null },
]

/**
 * Cuts stored bytes into blocks whose ends depend on their offset alone. A decompressor that fails loses the output of its whole
 * block: so the same records are lost however the bytes arrived, and never more than about a sixteenth of those before.
 */
async function* blocks(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const joined = takeBuffer(LAST_BLOCK)
  let held = 0
  let size = FIRST_BLOCK
  let offset = 0
  try {
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.length; ) {
        const isWhole = held === 0 && chunk.length - at >= size
        const taken = isWhole ? size : chunk.copy(joined, held, at, at + size - held)
        if (!isWhole) held += taken
        if (isWhole) yield chunk.subarray(at, at + size)
        else if (held === size) yield joined.subarray(0, size)
        else break
        at += taken
        held = 0
        offset += size
        size = Math.min(LAST_BLOCK, Math.max(FIRST_BLOCK, offset >> 4))
      }
    }
    if (held) yield joined.subarray(0, held)
  } finally {
    giveBack(joined)
  }
}

async function* members(
  codec: Codec & { start: () => Transform },
  stored: AsyncIterable<Buffer>,
  outputs: Buffer[],
) {
  const decompressor = new Decompressor(codec.start, outputs)
  try {
    for await (let block of blocks(stored)) {
      while (block.length) {
        if (!decompressor.isInside && codec.padded) {
          const data = block.findIndex((byte) => byte !== 0)
          if (data < 0) break
          block = block.subarray(data)
        }
        yield* decompressor.feed(block)
        block = block.subarray(block.length - decompressor.unused)
        if (block.length) decompressor.leave()
      }
    }
    if (decompressor.isInside) yield* decompressor.feed(Buffer.alloc(0), codec.end)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code?.match(/^(Z_|ZSTD_|ERR_ZSTD)/))
      throw brokenData(codec.name, error)
    throw error
  } finally {
    decompressor.leave()
  }
}

const brokenData = (name: string, error: unknown) =>
  new BrokenData(`its ${name} data is broken or cut off: ${(error as Error).message}`)

async function* readBlocks(name: string, blocks: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* blocks
  } catch (error) {
    throw error instanceof BrokenBlock ? brokenData(name, error) : error
  }
}

async function* prepend(head: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (head.length) yield head
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value
}

/**
 * Decompresses what is gzip, zstd or bzip2 (also of several members) and passes on what is neither, by the first bytes.
 * Fails with BrokenData where the compression is broken, cut off, or not understood, after all that came before.
 */
async function* decompressAll(stored: AsyncIterable<Buffer>, outputs: Buffer[]): AsyncGenerator<Buffer> {
  const chunks = stored[Symbol.asyncIterator]()
  try {
    let head: Buffer = Buffer.alloc(0)
    while (head.length < MAGIC_BYTES) {
      const next = await chunks.next()
      if (next.done) break
      head = head.length ? Buffer.concat([head, next.value]) : next.value
    }
    const codec = CODECS.find(({ magic }) => magic(head))
    const all = prepend(head, chunks)
    if (!codec) yield* all
    else if (codec.start) yield* members({ ...codec, start: codec.start }, all, outputs)
    else if (codec.read) yield* readBlocks(codec.name, codec.read(all))
    else
      throw new BrokenData(
        `is compressed with ${codec.name}, which is not understood; use gzip, zstd or bzip2`,
      )
  } finally {
    await chunks.return?.()
  }
}

/**
 * As `decompressAll`, cut off with BrokenData where it becomes more than `maxExpansion` times what is stored, and more than
 * any object may.
 * @param outputs gets the buffers that hold what is decompressed, for who has read it all to give back
 */
export async function* decompress(
  stored: AsyncIterable<Buffer>,
  maxExpansion = MAX_EXPANSION,
  outputs: Buffer[] = [],
): AsyncGenerator<Buffer> {
  let taken = 0
  async function* counted(): AsyncGenerator<Buffer> {
    for await (const chunk of stored) {
      taken += chunk.length
      yield chunk
    }
  }
  try {
    yield* withinExpansion(decompressAll(counted(), outputs), () => taken, maxExpansion)
  } catch (error) {
    throw error instanceof ExpandsTooFar ? new BrokenData(error.message) : error
  }
}
