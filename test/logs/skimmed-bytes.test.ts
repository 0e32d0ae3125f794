import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SkimmedBytes } from '../../src/logs/skimmed-bytes.ts'

/** Holds a text; what lies behind it in the memory counts for nothing. */
function hold(text: string, prefix: string) {
  const bytes = Buffer.from(text)
  const held = SkimmedBytes.take(Buffer.from(prefix))
  while (held.bytes.length < bytes.length) held.grow()
  bytes.copy(held.bytes)
  held.bytes.fill(`\n${prefix}`, bytes.length)
  return { held, bytes }
}

const text = fc.string({ unit: fc.constantFrom('\n', 'T', 'i', '\r', '\0', 'ä'), maxLength: 120 })
const prefix = fc.constantFrom(
  '',
  'T',
  'TiT',
  'ä',
  '\r',
  'iiiiiiiiTTTTTTTT',
  'TTTTTTTTTTTTTTTTii',
  'TTTTTTTTTTTTTTTTTT',
)

/** A text in which the prefix is often what a line begins with, or nearly. */
const lines = (begin: string) =>
  fc
    .array(fc.oneof(text, fc.constantFrom(`\n${begin}`, `\n${begin.slice(0, -1)}`, begin)), { maxLength: 20 })
    .map((parts) => parts.join(''))

test('finds the lines that begin with a prefix, and as many newlines as there are', () => {
  fc.assert(
    fc.property(
      prefix.chain((begin) => fc.tuple(fc.constant(begin), lines(begin), fc.nat(), fc.nat())),
      ([begin, written, some, other]) => {
        const { held, bytes } = hold(written, begin)
        const [from, end] = [some, other].map((n) => n % (bytes.length + 1)).sort((a, b) => a - b) as [
          number,
          number,
        ]
        const known = bytes.toString('latin1', from, end)
        const sought = `\n${Buffer.from(begin).toString('latin1')}`
        const expected: number[] = []
        for (let at = known.indexOf(sought); at >= 0; at = known.indexOf(sought, at + 1))
          expected.push(from + at + 1)
        const found: number[] = []
        for (let at = held.nextStart(from, end); at >= 0; at = held.nextStart(at, end)) found.push(at)
        expect(found).toEqual(expected)
        expect(held.countNewlines(from, end)).toBe(known.split('\n').length - 1)
        held.giveBack()
      },
    ),
    { numRuns: 500 },
  )
})

test('finds a text and a byte where they are first', () => {
  const sought = fc.constantFrom(
    'TT',
    'Ti\n',
    'ä',
    '\0\0',
    'iiiiiiiiTTTTTTTT',
    'TTTTTTTTTTTTTTTTii',
    'TTTTTTTTTTTTTTTTTT',
  )
  fc.assert(
    fc.property(
      sought.chain((some) => fc.tuple(fc.constant(some), lines(some), fc.nat(), fc.nat())),
      ([some, written, one, other]) => {
        const { held, bytes } = hold(written, some)
        const [from, end] = [one, other].map((n) => n % (bytes.length + 1)).sort((a, b) => a - b) as [
          number,
          number,
        ]
        const known = bytes.subarray(0, end)
        const pattern = Buffer.from(some)
        expect(held.findText(pattern, from, end)).toBe(known.indexOf(pattern, from))
        expect(held.findByte(0x54, from, end)).toBe(known.indexOf(0x54, from))
        expect(SkimmedBytes.holding(held.bytes.subarray(0, end))).toBe(held)
        expect(SkimmedBytes.holding(bytes)).toBeNull()
        held.giveBack()
      },
    ),
    { numRuns: 500 },
  )
})

test('holds more than it began with', () => {
  const { held, bytes } = hold(`${'x'.repeat(700_000)}\nT${'\n'.repeat(9)}T`, 'T')
  expect(held.nextStart(0, bytes.length)).toBe(700_001)
  expect(held.nextStart(700_001, bytes.length)).toBe(700_011)
  expect(held.countNewlines(0, bytes.length)).toBe(10)
})
