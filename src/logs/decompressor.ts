import type { Transform } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { takeBuffer } from './buffers.ts'

/** At 64 KiB it takes a tenth longer; more is no faster. */
const OUTPUT_BYTES = 1 << 18
/** The latest two are the reader's, the next is being filled. */
const OUTPUTS = 3

/**
 * What a stream of `node:zlib` is made of, from the beginnings of Node to today; npm itself unpacks with it. The stream gives each block
 * to another thread and copies what comes back, which takes twice as long as decompressing it.
 */
interface Parts {
  _handle: {
    /** Fills `output` and leaves in `_writeState` what is left of it and of the input. */
    writeSync(
      flush: number,
      input: Buffer | null,
      inputAt: number,
      inputLength: number,
      output: Buffer,
      outputAt: number,
      outputLength: number,
    ): void
    onerror: (message: string, errno: number, code: string) => void
  }
  _writeState: Uint32Array
}

/** Decompresses members (gzip) or frames (zstd), at once and on this thread. Node's gzip goes on over members by itself. */
export class Decompressor {
  readonly #start: () => Transform
  readonly #outputs: Buffer[]
  #stream: Transform | null = null
  #error: Error | null = null
  #given = 0
  #unused = 0

  /**
   * @param start makes one of Node's decompressors
   * @param outputs gets the buffers that are filled, for who reads them to give back
   */
  constructor(start: () => Transform, outputs: Buffer[] = []) {
    this.#start = start
    this.#outputs = outputs
  }

  /** Whether a member was begun. */
  get isInside(): boolean {
    return this.#stream !== null
  }

  /** Bytes of the last block that its member did not take, because it ended before them: they are of the next one. */
  get unused(): number {
    return this.#unused
  }

  /**
   * What a block gives. A chunk is valid until two more were read; after each the event loop has a turn, because a block may become
   * a thousand times its size. All of it is taken out before more goes in: what a failing block gave last is lost.
   * @param flush the last block, which is empty, has the flag that ends the data
   */
  async *feed(block: Buffer, flush = 0): AsyncGenerator<Buffer> {
    const { _handle: handle, _writeState: left } = this.#parts()
    this.#unused = block.length
    for (let room = 0; room === 0; ) {
      const output = this.#output()
      handle.writeSync(flush, block, block.length - this.#unused, this.#unused, output, 0, output.length)
      if (this.#error) throw this.#error
      room = left[0] as number
      this.#unused = left[1] as number
      if (room === output.length) return
      this.#given++
      yield output.subarray(0, output.length - room)
      await setImmediate()
    }
  }

  /** Ends the member; the next block begins another. */
  leave(): void {
    this.#stream?.destroy()
    this.#stream = null
  }

  #parts(): Parts {
    if (this.#stream) return this.#stream as unknown as Parts
    this.#stream = this.#start()
    const parts = this.#stream as unknown as Parts
    parts._handle.onerror = (message, errno, code) => {
      this.#error = Object.assign(new Error(message), { errno, code })
    }
    return parts
  }

  #output(): Buffer {
    const at = this.#given % OUTPUTS
    this.#outputs[at] ??= takeBuffer(OUTPUT_BYTES)
    return this.#outputs[at]
  }
}
