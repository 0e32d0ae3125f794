/**
 * Buffers that are used again: memory that is collected instead costs a third more time, and is collected late. A thread has its own.
 * Only for who knows when nobody reads them any more: chunks of a stream may still be on their way when it has ended.
 */
const free = new Map<number, Buffer[]>()
const MAX_FREE = 16

/** A buffer of this size with anything in it, and a memory of its own. */
export function takeBuffer(bytes: number): Buffer {
  return free.get(bytes)?.pop() ?? Buffer.allocUnsafeSlow(bytes)
}

/** Nobody may use the buffer any more. */
export function giveBack(buffer: Buffer): void {
  const others = free.get(buffer.length) ?? []
  free.set(buffer.length, others)
  if (others.length < MAX_FREE) others.push(buffer)
}

/** A copy in memory of its own. Small ones of `Buffer.from` lie in 8 KB with others, all of which stay for as long as one of them does. */
export function ownCopy(bytes: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length)
  copy.set(bytes)
  return copy
}

const LATEST = 3

/**
 * Takes chunks in the order in which they are read, each in memory that is its alone, and frees that of all but the latest three. V8 would
 * free it as well, but look for it every few megabytes.
 */
export function freeOlder(): (chunk: Buffer) => void {
  const latest: Buffer[] = []
  return (chunk) => {
    latest.push(chunk)
    const old = latest.length > LATEST ? latest.shift() : undefined
    if (old && old.length === old.buffer.byteLength) (old.buffer as ArrayBuffer).transfer(0)
  }
}
