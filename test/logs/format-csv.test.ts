import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createFormat, type FormatDefinition, FormatError } from '../../src/logs/format.ts'
import { frame } from './frame.ts'
import { readAll } from './read-all.ts'

interface Case {
  delimiter: string
  columns: number
  text: string
  rows: string[][]
}
const cases: Case[] = JSON.parse(readFileSync(new URL('./fixtures/csv.json', import.meta.url), 'utf8'))
const names = (count: number) => Array.from({ length: count }, (_, i) => `c${i}`)

test("Python's csv module reads the same values", async () => {
  for (const { delimiter, columns, text, rows } of cases) {
    const format = { type: 'csv', delimiter, header: false, columns: names(columns) }
    const { records, malformed } = await readAll(text, format)
    const expected = rows.filter((row) => row.join('').trim() !== '' || /["]/.test(text))
    expect({ text, rows: records.map(({ fields }) => Object.values(fields)), malformed }).toEqual({
      text,
      rows: expected,
      malformed: [],
    })
  }
})

const csv = (text: string, more: Partial<FormatDefinition> = {}) => readAll(text, { type: 'csv', ...more })

test.each([
  ['a header names the fields', 'question,answer\nq,a\n', [{ question: 'q', answer: 'a' }]],
  [
    'CRLF, and no line end at the end',
    'q,a\r\n1,2\r\n3,4',
    [
      { q: '1', a: '2' },
      { q: '3', a: '4' },
    ],
  ],
  ['a byte order mark', '\u{feff}q,a\n1,2\n', [{ q: '1', a: '2' }]],
  ['line ends in quotes', 'q,a\n"1\n2\r\n3",4\n', [{ q: '1\n2\r\n3', a: '4' }]],
  ['doubled quotes', 'q,a\n"say ""hi""",""""\n', [{ q: 'say "hi"', a: '"' }]],
  ['empty fields', 'q,a\n,""\n', [{ q: '', a: '' }]],
  [
    'blank lines are no records',
    '\nq,a\n\n1,2\n \r\n3,4\n\n',
    [
      { q: '1', a: '2' },
      { q: '3', a: '4' },
    ],
  ],
  ['blanks around names go, values stay', 'q , a\n 1, 2\n', [{ q: ' 1', a: ' 2' }]],
  ['equal and empty names are made different', 'q,q,\n1,2,3\n', [{ q: '1', q_2: '2', column_3: '3' }]],
  ['a header in quotes over two lines', '"the\nq",a\n1,2\n', [{ 'the\nq': '1', a: '2' }]],
  ['only a header', 'q,a\n', []],
  ['nothing', '', []],
])('%s', async (_, text, fields) => {
  const { records, malformed } = await csv(text)
  expect(records.map((record) => record.fields)).toEqual(fields)
  expect(malformed).toEqual([])
})

test.each([
  ['too few fields', 'q,a\n1\n3,4\n', [{ line: 2, problem: 'has 1 fields where there are 2 columns' }]],
  ['too many fields', 'q,a\n1,2,3\n3,4\n', [{ line: 2, problem: 'has 3 fields where there are 2 columns' }]],
  [
    'a quote that is closed in the middle of a later line spoils its first line',
    'q,a\n"1,2\n3,4\n',
    [{ line: 2, problem: 'has a quote that is never closed' }],
  ],
  [
    'text behind a closing quote after a line end: the quote was never meant to be open',
    'q,a\n"1,2\n"3"x,4\n',
    [{ line: 2, problem: 'has a quote that is never closed' }],
  ],
  [
    'text that is not UTF-8',
    Buffer.from('q,a\n\xff,2\n3,4\n', 'latin1'),
    [{ line: 2, problem: 'is not UTF-8 text' }],
  ],
  ['a NUL', 'q,a\n\0,2\n3,4\n', [{ line: 2, problem: 'holds a NUL character' }]],
])('%s: only that is malformed', async (_, text, malformed) => {
  const found = await csv(text as string)
  expect(found.malformed).toEqual(malformed)
  expect(found.records.at(-1)?.fields).toEqual({ q: expect.stringMatching(/^3x?$/), a: '4' })
})

test('given names replace the header, or do without one', async () => {
  const columns = ['question', 'answer']
  const [record] = (await csv('q,a\n1,2\n', { columns })).records
  expect(record?.fields).toEqual({ question: '1', answer: '2' })
  const { records } = await csv('1,2\n3,4\n', { columns, header: false })
  expect(records.map(({ fields }) => fields.answer)).toEqual(['2', '4'])
})

test('tabs make it TSV', async () => {
  const { records } = await csv('q\ta\n1,5\t"2\t3"\n', { delimiter: '\t' })
  expect(records[0]?.fields).toEqual({ q: '1,5', a: '2\t3' })
})

test.each([
  ['timestamp', 'a,Timestamp\nx,2024-11-11T01:02:03\n', {}, '2024-11-11'],
  ['in quotes', 'time,a\n"2024-11-11 01:02:03",x\n', {}, '2024-11-11'],
  ['timestamp before date', 'date,timestamp\n2024-01-01,2024-11-11\n', {}, '2024-11-11'],
  ['what is no date is passed by', 'timestamp,date\nsoon,2024-11-11\n', {}, '2024-11-11'],
  ['the field that is named', 'date,at\n2024-01-01,1731283953\n', { timestamp_field: 'at' }, '2024-11-11'],
  ['none', 'a,b\n2024-01-01,x\n', {}, null],
])('the date stands in %s', async (_, text, more, date) => {
  expect((await csv(text, more)).records.map((record) => record.date)).toEqual([date])
})

test('the stratum is a column, decoded', async () => {
  const { records } = await readAll('q,class\n1,"re""fund"\n2,ä\n3,\n', { type: 'csv' }, { field: 'class' })
  expect(records.map(({ value }) => value)).toEqual(['re"fund', 'ä', ''])
  const without = await readAll('q\n1\n', { type: 'csv' }, { field: 'class' })
  expect(without.records.map(({ value }) => value)).toEqual([null])
})

const piece = fc.constantFrom(
  'a',
  'b',
  '"',
  '""',
  ',',
  '\n',
  '\r\n',
  ' ',
  'ä',
  '"x"',
  ',"',
  '",',
  'z'.repeat(50),
)

test('how the bytes are cut into chunks makes no difference, whatever they hold', () => {
  const limit = 60
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 40 }),
      fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 }),
      (pieces, sizes) => {
        const text = pieces.join('')
        const format = { type: 'csv', header: false, columns: ['a', 'b'] }
        expect(frame(text, format, { sizes, limit })).toEqual(frame(text, format, { limit }))
      },
    ),
    { numRuns: 3_000 },
  )
})

test('what is written by the rules is read back, cut anywhere', async () => {
  const value = fc.array(piece, { maxLength: 4 }).map((pieces) => pieces.join(''))
  const row = fc.tuple(value, value, fc.constantFrom('k1', 'k2'))
  const write = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
  await fc.assert(
    fc.asyncProperty(
      fc.array(row, { maxLength: 8 }),
      fc.constantFrom('\n', '\r\n'),
      fc.integer({ min: 1, max: 20 }),
      async (rows, end, chunk) => {
        const text = ['x,y,key', ...rows.map((each) => each.map(write).join(','))].join(end)
        const { records, malformed } = await readAll(text, { type: 'csv' }, { field: 'key', chunk })
        expect(malformed).toEqual([])
        expect(records.map(({ fields }) => fields)).toEqual(rows.map(([x, y, key]) => ({ x, y, key })))
        expect(records.map(({ value: key }) => key)).toEqual(rows.map(([, , key]) => key))
      },
    ),
    { numRuns: 300 },
  )
})

test('a record that is too long costs itself, also where its quote is open', async () => {
  const long = 'x'.repeat(3_000)
  for (const broken of [`"${long}\n`, `${long},2\n`]) {
    const { records, malformed } = await csv(`q,a\n${broken}3,4\n5,6\n`, { max_record_bytes: 1024 })
    expect(records.map(({ fields }) => fields.q)).toEqual(['3', '5'])
    expect(malformed).toEqual([{ line: 2, problem: 'longer than 1024 bytes' }])
  }
})

test.each([
  ['a delimiter of two characters', { delimiter: ',,' }, 'format.delimiter: '],
  ['a quote as delimiter', { delimiter: '"' }, 'format.delimiter: '],
  ['a delimiter beyond ASCII', { delimiter: '·' }, 'format.delimiter: '],
  ['no header and no names', { header: false }, 'format.columns: '],
  ['equal names', { columns: ['a', 'a'] }, 'format.columns: '],
])('%s is refused', (_, more, message) => {
  expect(() => createFormat({ type: 'csv', ...more })).toThrow(FormatError)
  expect(() => createFormat({ type: 'csv', ...more })).toThrow(message)
})
