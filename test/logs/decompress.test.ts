import { constants, gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BrokenData, decompress } from '../../src/logs/decompress.ts'

async function* chunks(bytes: Buffer, sizes = [1 << 16]): AsyncGenerator<Buffer> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1
    yield bytes.subarray(at, at + size)
    at += size
  }
}

async function read(bytes: Buffer, sizes?: number[]): Promise<{ output: string; problem: string | null }> {
  const output: Buffer[] = []
  let problem = null
  try {
    for await (const chunk of decompress(chunks(bytes, sizes))) output.push(Buffer.from(chunk))
  } catch (error) {
    if (!(error instanceof BrokenData)) throw error
    problem = error.message
  }
  return { output: Buffer.concat(output).toString('latin1'), problem }
}

const random = (seed: number, length: number) =>
  Array.from({ length }, (_, i) => (Math.imul(i + seed, 0x9e3779b1) >>> 8).toString(36)).join('\n')
const [A, B] = [random(1, 200_000), random(9, 3_000)]
const CODECS = [
  ['gzip', (text: string) => gzipSync(text)],
  // with the checksum that the zstd command writes
  ['zstd', (text: string) => zstdCompressSync(text, { params: { [constants.ZSTD_c_checksumFlag]: 1 } })],
] as const
const SIZES = [[1 << 20], [1 << 16], [1000, 1], [70]]

test.each([
  ['nothing', ''],
  ['one byte', 'x'],
  ['text', A],
  ['text that begins like a compression', '\x1f\x8a BZ (\xb5/'],
])('%s that is not compressed passes', async (_, text) => {
  for (const sizes of SIZES)
    expect(await read(Buffer.from(text, 'latin1'), sizes)).toEqual({ output: text, problem: null })
})

describe.each(CODECS)('%s', (name, compress) => {
  test.each([
    ['one member', [A], A],
    ['an empty one', [''], ''],
    ['several members', [A, B, '', A], A + B + A],
  ])('%s', async (_, texts, output) => {
    const bytes = Buffer.concat(texts.map(compress))
    for (const sizes of SIZES) expect(await read(bytes, sizes)).toEqual({ output, problem: null })
  })

  test('where the members meet does not matter', async () => {
    const [a, b] = [compress('abc'), compress('def')]
    for (let cut = 1; cut < a.length + b.length; cut++)
      expect(await read(Buffer.concat([a, b]), [cut, 1 << 16])).toEqual({ output: 'abcdef', problem: null })
  })

  test.each([
    ['cut off', (bytes: Buffer) => bytes.subarray(0, -100)],
    [
      'broken late',
      (bytes: Buffer) => Buffer.from(bytes).fill(0xff, (bytes.length * 0.95) | 0, (bytes.length * 0.99) | 0),
    ],
    ['with text after it', (bytes: Buffer) => Buffer.concat([bytes, Buffer.from('more')])],
    ['with a cut off member after it', (bytes: Buffer) => Buffer.concat([bytes, compress(A).subarray(0, 3)])],
  ])('%s, gives what was before, the same however it arrives', async (_, spoil) => {
    const bytes = spoil(compress(A))
    const [first, ...others] = await Promise.all(SIZES.map((sizes) => read(bytes, sizes)))
    expect(first?.problem).toMatch(`its ${name} data is broken or cut off: `)
    const before = Math.floor(A.length * 0.85)
    expect(first?.output.slice(0, before) === A.slice(0, before)).toBe(true)
    for (const other of others) expect(other).toEqual(first)
  })

  test('random damage is never more than broken data', async () => {
    const bytes = compress(B)
    const damage = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(damage, fc.nat(bytes.length), async (places, length) => {
        const spoilt = Buffer.from(bytes)
        for (const [at, byte] of places) spoilt[at] = byte
        expect(await read(spoilt.subarray(0, length))).toEqual(await read(spoilt.subarray(0, length), [999]))
      }),
    )
  })

  test('others have their turns while a bomb is decompressed', async () => {
    let [turns, isOver] = [0, false]
    const take = () => {
      turns++
      if (!isOver) setImmediate(take)
    }
    setImmediate(take)
    for await (const _ of decompress(chunks(compress('x'.repeat(50 << 20)))));
    isOver = true
    expect(turns).toBeGreaterThan(100)
  })

  test('a bomb is decompressed piece by piece', async () => {
    let [size, most] = [0, 0]
    for await (const chunk of decompress(chunks(compress('x'.repeat(200 << 20))))) {
      size += chunk.length
      most = Math.max(most, chunk.length)
    }
    expect(size).toBe(200 << 20)
    expect(most).toBeLessThanOrEqual(1 << 20)
  })
})

test('of a small gzip file, too, nearly all before the damage is given', async () => {
  const bytes = gzipSync(B)
  const { output, problem } = await read(bytes.fill(0xff, (bytes.length * 0.7) | 0))
  expect(problem).toMatch('broken')
  expect(output.slice(0, B.length * 0.6) === B.slice(0, B.length * 0.6)).toBe(true)
})

test('zeros after a gzip member are padding, also before another', async () => {
  const bytes = Buffer.concat([gzipSync('a'), Buffer.alloc(700), gzipSync('b'), Buffer.alloc(5)])
  for (const sizes of SIZES) expect(await read(bytes, sizes)).toEqual({ output: 'ab', problem: null })
})

test('a zstd file may begin with a skippable frame', async () => {
  const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9])
  expect(await read(Buffer.concat([skippable, zstdCompressSync(B)]))).toEqual({ output: B, problem: null })
})

test.each([['xz', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0])]])(
  '%s is named as not understood',
  async (name, bytes) => {
    const problem = `is compressed with ${name}, which is not understood; use gzip, zstd or bzip2`
    expect(await read(bytes)).toEqual({ output: '', problem })
  },
)

test('the stored bytes are let go when the reader stops', async () => {
  for (const bytes of [Buffer.from(A), gzipSync(A)]) {
    let closed = false
    async function* stored() {
      try {
        yield* chunks(bytes, [100])
      } finally {
        closed = true
      }
    }
    for await (const _ of decompress(stored())) break
    expect(closed).toBe(true)
  }
})

test('an error of the storage is passed on as it is', async () => {
  async function* stored() {
    yield gzipSync(A).subarray(0, 50)
    throw new RangeError('gone')
  }
  await expect(Array.fromAsync(decompress(stored()))).rejects.toThrow(RangeError)
})
