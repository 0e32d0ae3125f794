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
