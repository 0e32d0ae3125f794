import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createFormat, type FormatDefinition } from '../../src/logs/format.ts'
import { frame } from './frame.ts'
import { readAll } from './read-all.ts'

const LINE = '^(?P<timestamp>\\S+) (?P<class>[a-z]+) q=(?<question>.*?)(?: a=(?P<answer>.*))?$'
const regex = (text: string | Buffer, more: Partial<FormatDefinition> = {}, field?: string) =>
  readAll(text, { type: 'regex', pattern: LINE, ...more }, field ? { field } : {})

test('a line is a record, its named groups are the fields; a group that takes no part is not there', async () => {
  const text = '2024-11-11T01:02:03Z refund q=why ä a=because\r\n\n2024-11-12 other q=how\n'
  const { records, malformed } = await regex(text, {}, 'class')
  expect(malformed).toEqual([])
  expect(records).toEqual([
    {
      fields: { timestamp: '2024-11-11T01:02:03Z', class: 'refund', question: 'why ä', answer: 'because' },
      offset: 0,
      line: 1,
      date: '2024-11-11',
      value: 'refund',
    },
    {
      fields: { timestamp: '2024-11-12', class: 'other', question: 'how' },
      offset: 49,
      line: 3,
      date: '2024-11-12',
      value: 'other',
    },
  ])
})

test('what does not match is malformed, and what is no text', async () => {
  const { records, malformed } = await regex(
    Buffer.from('# comment\n2024-11-11 x q=1\n2024-11-11 x q=\xff\n', 'latin1'),
  )
  expect(records).toHaveLength(1)
  expect(malformed).toEqual([
    { line: 1, problem: 'does not match format.pattern' },
    { line: 3, problem: 'is not UTF-8 text' },
  ])
})

const MULTI = {
  pattern: '(?s)^\\[(?P<date>[^\\]]+)\\] (?P<question>.*?)\n-> (?P<answer>.*)$',
  record_start: '^\\[\\d{4}-',
}

test('with a record start, a record goes on to the next line that has it', async () => {
  const text =
    'noise\n[2024-11-11 10:00] first\n[no start]\n-> yes\nand more\n[2024-11-12 10:00] second\n-> no'
  const { records, malformed } = await regex(text, MULTI)
  expect(malformed).toEqual([{ line: 1, problem: 'does not match format.pattern' }])
  expect(records.map(({ fields, date, line }) => ({ ...fields, date, line }))).toEqual([
    { date: '2024-11-11', question: 'first\n[no start]', answer: 'yes\nand more', line: 2 },
    { date: '2024-11-12', question: 'second', answer: 'no', line: 6 },
  ])
})

test('how the bytes are cut into chunks makes no difference', () => {
  const piece = fc.constantFrom(
    '[2024-1',
    '[2024',
    '\n',
    '\n[2024-11-11] x\n-> y',
    ' z',
    '\r\n',
    'ä',
    'x'.repeat(1_100),
  )
  const sizes = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), sizes, (pieces, cut) => {
      const text = pieces.join('')
      for (const more of [MULTI, { pattern: '(?P<a>.)' }]) {
        const format = { type: 'regex', ...more }
        expect(frame(text, format, { sizes: cut })).toEqual(frame(text, format))
      }
    }),
    { numRuns: 300 },
  )
})

test('a pattern that takes a backtracking engine years takes none here', async () => {
  const { malformed } = await regex(`${'a'.repeat(5_000)}!\n`, { pattern: '^(?P<x>(a+)+)$' })
  expect(malformed).toEqual([{ line: 1, problem: 'does not match format.pattern' }])
})

test.each([
  ['no regular expression', { pattern: '(?P<a>' }, /^format\.pattern: .*missing closing \)/],
  ['look-around', { pattern: '(?P<a>x)(?=y)' }, /^format\.pattern: .*RE2, which has no look-around/],
  ['no named group', { pattern: '(a)(b)' }, /^format\.pattern: expected named groups/],
  ['no pattern', { pattern: '' }, /^format\.pattern: /],
  ['a wrong record start', { pattern: '(?P<a>x)', record_start: '[' }, /^format\.record_start: /],
  ['a date that no group has', { pattern: '(?P<a>x)', timestamp_field: 'at' }, /^format\.timestamp_field: /],
  ['a pattern that repeats too often', { pattern: '(?P<a>((x{1000}){1000}){1000})' }, /^format\.pattern: /],
])('%s is refused', (_, definition, message) => {
  expect(() => createFormat({ type: 'regex', ...definition })).toThrow(message)
})
