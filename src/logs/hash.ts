import { hash as digest } from 'node:crypto'

/** What a hash is for; hashes of different purposes are independent of each other. */
export type Purpose = 'sample' | 'order' | 'blind' | 'stratum'

/** Maps the byte offset of a record in its object to a number in [0, 2^53). */
export type OffsetHash = (offset: number) => number

/** The four words that the hash of one object's offsets is keyed with. */
export function hashKey(seed: string, purpose: Purpose, source: string, object: string): Int32Array {
  return words(seed, purpose, [source, object])
}

function words(seed: string, purpose: Purpose, parts: readonly string[]): Int32Array {
  const bytes = digest('sha256', JSON.stringify([seed, purpose, ...parts]), 'buffer')
  return Int32Array.from({ length: 4 }, (_, i) => bytes.readInt32LE(i * 4))
}

/** The 32-bit finaliser of MurmurHash3 (Appleby, public domain): a bijection in which each input bit moves half the output bits. */
function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
  return x ^ (x >>> 16)
}

const join = (high: number, low: number) => (high >>> 11) * 0x1_0000_0000 + (low >>> 0)

/**
 * Makes the hash of the records of one object. A record's identity is (source, key, byte offset in the
 * decompressed object). SHA-256 keys the object once; each offset then costs a few integer operations:
 * a keyed permutation of its 64 bits, so that two records of one object only meet where the 53 kept bits do. The same is in skim.wat.
 */
export function offsetHash(seed: string, purpose: Purpose, source: string, object: string): OffsetHash {
  const [k0 = 0, k1 = 0, k2 = 0, k3 = 0] = hashKey(seed, purpose, source, object)
  return (offset) => {
    let low = mix((offset | 0) ^ k0)
    let high = mix(((offset / 0x1_0000_0000) | 0) ^ low ^ k1)
    low = mix(((low + high) | 0) ^ k2)
    high = mix(high ^ low ^ k3)
    return join(low, high)
  }
}

/** The hash of a text, e.g. of a stratum's key: a number in [0, 2^53). */
export function textHash(seed: string, purpose: Purpose, text: string): number {
  const [high = 0, low = 0] = words(seed, purpose, [text])
  return join(high, low)
}

/** A number in [0, 2^53) that follows from bytes and a count: two 32-bit lanes of FNV-1a steps, finished by the mixer. */
export function mixBytes(bytes: Buffer, start: number, end: number, count: number): number {
  let high = mix(count ^ 0x9e3779b9)
  let low = mix(count ^ (end - start))
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number
    high = Math.imul(high ^ byte, 0x01000193)
    low = Math.imul((low << 5) | (low >>> 27), 0x85ebca6b) ^ byte
  }
  high = mix(high ^ low)
  return join(mix(low ^ high), high)
}
