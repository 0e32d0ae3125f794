import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BrokenData, decompress } from '../../src/logs/decompress.ts'

const stored: Record<string, string> = JSON.parse(
  readFileSync(new URL('./fixtures/bzip2.json', import.meta.url), 'utf8'),
)
const random = (seed: number, length: number) =>
  Array.from({ length }, (_, i) => (Math.imul(i + seed, 0x9e3779b1) >>> 8).toString(36)).join('\n')
const TEXT = Buffer.from(random(9, 3_000))
const PLAIN: Record<string, Buffer> = {
  text: TEXT,
  'several blocks': Buffer.concat(Array(20).fill(TEXT)),
  'long runs': Buffer.concat([Buffer.alloc(1_000_000, 'a'), Buffer.alloc(259, 'b'), Buffer.from('cccc')]),
  nothing: Buffer.alloc(0),
  'one byte': Buffer.from('x'),
  'all bytes': Buffer.concat(Array(3).fill(Buffer.from(Array.from({ length: 256 }, (_, i) => i)))),
}
const packed = (name: string) => Buffer.from(stored[name] as string, 'base64')

async function* chunks(bytes: Buffer, size: number) {
  // one memory for all, as sources use it
  const reused = Buffer.alloc(size)
  for (let at = 0; at < bytes.length; at += size) {
    const copied = bytes.copy(reused, 0, at, at + size)
    yield reused.subarray(0, copied)
  }
}

async function read(bytes: Buffer, size = 1 << 16): Promise<{ output: Buffer; problem: string | null }> {
  const output: Buffer[] = []
  try {
    for await (const chunk of decompress(chunks(bytes, size))) output.push(Buffer.from(chunk))
    return { output: Buffer.concat(output), problem: null }
  } catch (error) {
    if (!(error instanceof BrokenData)) throw error
    return { output: Buffer.concat(output), problem: error.message }
  }
}

test.each(Object.keys(PLAIN))('%s, however it arrives', async (name) => {
  for (const size of [1 << 20, 4_099, 71]) {
    const { output, problem } = await read(packed(name), size)
    expect(problem).toBe(null)
    expect(output.equals(PLAIN[name] as Buffer)).toBe(true)
  }
})

test('several streams, one after another', async () => {
  const names = ['text', 'nothing', 'several blocks', 'one byte']
  for (const size of [1 << 20, 1_000]) {
    const { output, problem } = await read(Buffer.concat(names.map(packed)), size)
    expect(problem).toBe(null)
    expect(output.equals(Buffer.concat(names.map((name) => PLAIN[name] as Buffer)))).toBe(true)
  }
})

test.each([
  ['cut off', (bytes: Buffer) => bytes.subarray(0, -5), /end is missing/],
  [
    'with a wrong byte',
    (bytes: Buffer) => Buffer.from(bytes).fill(0x55, bytes.length - 900, bytes.length - 880),
    /./,
  ],
  [
    'with text after it',
    (bytes: Buffer) => Buffer.concat([bytes, Buffer.from('more than that')]),
    /something else/,
  ],
])('%s, gives the blocks before, the same however it arrives', async (_, spoil, problem) => {
  const bytes = spoil(packed('several blocks'))
  const first = await read(bytes, 1 << 20)
  expect(first.problem).toMatch('its bzip2 data is broken or cut off: ')
  expect(first.problem).toMatch(problem)
  const plain = PLAIN['several blocks'] as Buffer
  expect(first.output.length).toBeGreaterThan(plain.length * 0.6)
  expect(first.output.equals(plain.subarray(0, first.output.length))).toBe(true)
  for (const size of [10_000, 333]) expect(await read(bytes, size)).toEqual(first)
})

test('random damage is never more than broken data', async () => {
  const bytes = packed('text')
  const damage = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 3 })
  await fc.assert(
    fc.asyncProperty(damage, async (places) => {
      const spoilt = Buffer.from(bytes)
      for (const [at, byte] of places) spoilt[at] = byte
      await read(spoilt)
    }),
    { numRuns: 200 },
  )
})
