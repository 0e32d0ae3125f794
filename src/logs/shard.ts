import type { LogObject } from './source.ts'

/**
 * A part of an object: the records that begin in its decompressed bytes `[from, to)`. Objects that are read as a whole go from 0
 * to null, the end. A record's identity is its offset, so that where an object is cut changes nothing.
 */
export interface Piece {
  object: LogObject
  from: number
  to: number | null
}

/** What is scanned at a time, by one worker: whole objects, or one piece of a large one. */
export type Shard = Piece[]

/** What opening an object costs, as bytes that could be read meanwhile; so that a shard never has thousands of them. */
const OPENING_BYTES = 1 << 20

const lengthOf = ({ object, from, to }: Piece) => (object.size === null ? null : (to ?? object.size) - from)

/** In bytes as stored; 0 where that is not known. */
export const shardBytes = (shard: Shard) => shard.reduce((sum, piece) => sum + (lengthOf(piece) ?? 0), 0)

/** Whether the shard is one piece of an object, among others of it. */
export const isPart = ([piece]: Shard) => piece !== undefined && (piece.from > 0 || piece.to !== null)

/**
 * Shares the objects out to shards: small ones together, large ones cut where `canCut` says they may be, those of unknown size alone.
 * @param bytes about how large a shard is, of so many bytes that are left
 */
export function cutShards(
  objects: readonly LogObject[],
  { bytes, canCut }: { bytes: (left: number) => number; canCut: (object: LogObject) => boolean },
): Shard[] {
  const shards: Shard[] = []
  let small: Shard = []
  let weight = 0
  let left = objects.reduce((sum, { size }) => sum + (size ?? 0), 0)
  for (const object of objects) {
    const target = bytes(left)
    left -= object.size ?? 0
    const parts = object.size !== null && canCut(object) ? Math.round(object.size / target) : 1
    if (parts > 1) {
      const length = Math.ceil((object.size as number) / parts)
      for (let part = 0; part < parts; part++)
        shards.push([{ object, from: part * length, to: part === parts - 1 ? null : (part + 1) * length }])
      continue
    }
    small.push({ object, from: 0, to: null })
    weight += object.size === null ? target : object.size + OPENING_BYTES
    if (weight < target) continue
    shards.push(small)
    small = []
    weight = 0
  }
  if (small.length) shards.push(small)
  return shards
}
