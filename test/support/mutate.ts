/** What parsers stumble over. */
const AWKWARD = [
  ...[
    '',
    '\0',
    '\n',
    '\r\n',
    '\r',
    '"',
    "'",
    '\\',
    ',',
    ';',
    ':',
    '{',
    '}',
    '[',
    ']',
    '<',
    '>',
    '&',
    '\t',
    '\v',
  ],
  ...[
    '\\u0000',
    '\\ud800',
    '\\u',
    'null',
    'true',
    'NaN',
    '-',
    '1e999',
    '-0',
    '9'.repeat(40),
    '0.1e-400',
    '﻿',
    '�',
  ],
  ...[
    '__proto__',
    'constructor',
    'toString',
    '2024-13-45T99:99:99Z',
    '0000-00-00',
    '+275760-09-14',
    '𝒳',
    'é',
    '\u202e',
  ],
  ...['[['.repeat(200), '{"a":'.repeat(200), ' '.repeat(3_000), 'x'.repeat(3_000), 'Answer: ', '""', '"\n"'],
].map((text) => Buffer.from(text))

export interface Mutator {
  /** A whole number from 0 to below `limit`. */
  below(limit: number): number
  pick<T>(list: readonly T[]): T
  /** Random bytes, up to `most`. */
  noise(most: number): Buffer
  /** A copy with a few pieces flipped, cut, doubled, exchanged for others, or awkward. */
  mutate(bytes: Buffer, others: readonly Buffer[]): Buffer
}

/** The same mutations for the same seed, on every machine. */
export function mutator(seed: number): Mutator {
  let state = seed >>> 0
  /** Mulberry32 (Tommy Ettinger, public domain). */
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return (t ^ (t >>> 14)) >>> 0
  }
  const below = (limit: number) => next() % Math.max(1, limit)
  const pick = <T>(list: readonly T[]) => list[below(list.length)] as T
  const noise = (most: number) => Buffer.from(Array.from({ length: below(most) }, () => below(256)))

  function once(bytes: Buffer, others: readonly Buffer[]): Buffer {
    const at = below(bytes.length + 1)
    const end = at + below(Math.min(200, bytes.length - at + 1))
    const [head, piece, tail] = [bytes.subarray(0, at), bytes.subarray(at, end), bytes.subarray(end)]
    const other = pick(others) ?? bytes
    const from = below(other.length)
    const insert = [
      () => Buffer.alloc(0),
      () => Buffer.concat([piece, piece]),
      () => Buffer.from([...piece].map((byte) => (below(8) ? byte : byte ^ (1 << below(8))))),
      () => pick(AWKWARD),
      () => noise(20),
      () => other.subarray(from, from + below(300)),
    ]
    return Buffer.concat([head, pick(insert)(), tail])
  }
  return {
    below,
    pick,
    noise,
    mutate(bytes, others) {
      let mutated = bytes
      for (let times = 1 + below(4); times > 0; times--) mutated = once(mutated, others)
      return mutated
    },
  }
}
