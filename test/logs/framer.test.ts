import fc from 'fast-check'
import { expect, test } from 'vitest'
import { frame } from './frame.ts'

const T = { type: 'template' }
const J = { type: 'jsonl' }
const texts = (bytes: string, type: typeof T) => frame(bytes, type).records.map(({ text }) => text)

test.each([
  [
    'the very first bytes start a record',
    'Timestamp: a\nX: 1\nTimestamp: b\n',
    ['Timestamp: a\nX: 1\n', 'Timestamp: b\n'],
  ],
  ['after CRLF too', 'Timestamp: a\r\nX: 1\r\nTimestamp: b', ['Timestamp: a\r\nX: 1\r\n', 'Timestamp: b']],
  ['a byte order mark is no part of it', '\u{feff}Timestamp: a\n', ['Timestamp: a\n']],
  ['blank lines before the first are nothing', '\r\n \n\nTimestamp: a\n', ['Timestamp: a\n']],
  [
    'only the begin of a line counts',
    'Timestamp: a\n Timestamp: b\nX: Timestamp: c\n',
    ['Timestamp: a\n Timestamp: b\nX: Timestamp: c\n'],
  ],
  [
    'the word alone is no start',
    'Timestamp: a\nTimestamps: b\nTimestamp b\ntimestamp: c\n',
    ['Timestamp: a\nTimestamps: b\nTimestamp b\ntimestamp: c\n'],
  ],
  [
    'two starts in a row are two records',
    'Timestamp: a\nTimestamp: b\n',
    ['Timestamp: a\n', 'Timestamp: b\n'],
  ],
  [
    'a start inside quotes is a start',
    'Timestamp: a\nX: "q\nTimestamp: b"\n',
    ['Timestamp: a\nX: "q\n', 'Timestamp: b"\n'],
  ],
  ['a start without more', 'Timestamp:', ['Timestamp:']],
  ['an empty file is no record', '', []],
  ['nor is a blank one', '\n\n  \r\n', []],
  ['nor a byte order mark', '\u{feff}', []],
])('template: %s', (_, bytes, records) => {
  expect(frame(bytes, T)).toMatchObject({ records: records.map((text) => ({ text })), malformed: [] })
  expect(texts(bytes, T)).toEqual(records)
})

test.each([
  ['each line is a record', '{"a":1}\n{"b":2}\n', ['{"a":1}\n', '{"b":2}\n']],
  ['CRLF, blanks around, no line end at the end', ' {"a":1} \r\n\t{"b":2}', [' {"a":1} \r\n', '\t{"b":2}']],
  ['blank lines are nothing', '\n\n{"a":1}\n \r\n\n', ['{"a":1}\n']],
  ['a byte order mark is no part of it', '\u{feff}{"a":1}\n', ['{"a":1}\n']],
])('jsonl: %s', (_, bytes, records) => {
  expect(frame(bytes, J).malformed).toEqual([])
  expect(texts(bytes, J)).toEqual(records)
})

test('offsets count bytes and lines count from 1', () => {
  const { records } = frame('\u{feff}\nTimestamp: ä\nX: é\n\nTimestamp: b\n', T)
  expect(records.map(({ offset, line }) => [offset, line])).toEqual([
    [4, 2],
    [25, 5],
  ])
})

test.each([
  ['template: text before the first start', 'hello\nworld\nTimestamp: a\n', T, 1, 1, /before the first line/],
  ['template: no start at all', '\nhello\n', T, 0, 1, /before the first line that begins with "Timestamp:"/],
  ['jsonl: a line that is no object', '{"a":1}\n[1]\n{"b":2}\n', J, 2, 2, /does not begin with \{/],
  ['jsonl: a line that was cut off', '{"a":1}\n{"b":\n', J, 1, 2, /does not end with \}/],
  ['jsonl: the last line cut off', '{"a":1}\n\n{"b', J, 1, 3, /does not end with \}/],
])('%s is malformed', (_, bytes, type, records, line, problem) => {
  const framed = frame(bytes, type)
  expect(framed.records).toHaveLength(records)
  expect(framed.malformed).toEqual([{ line, problem: expect.stringMatching(problem) }])
})

test.each([
  [
    'a record as long as the limit is one',
    `Timestamp: a\nTimestamp: ${'x'.repeat(37)}\n\nTimestamp: c\n`,
    3,
    [],
  ],
  ['one byte more is too long', `Timestamp: a\nTimestamp: ${'x'.repeat(38)}\n\nTimestamp: c\n`, 2, [2]],
  ['many times too long counts once', `Timestamp: a\nTimestamp: ${'x\n'.repeat(5000)}Timestamp: c\n`, 2, [2]],
  ['the last one', `Timestamp: a\nTimestamp: ${'x\n'.repeat(5000)}`, 1, [2]],
  ['the text before the first', `${'x\n'.repeat(5000)}Timestamp: a\n`, 1, [1]],
  ['all of a file', 'x'.repeat(10_000), 0, [1]],
  ['two in a row', `Timestamp: ${'x'.repeat(60)}\nTimestamp: ${'x'.repeat(60)}`, 0, [1, 2]],
])('over-long: %s', (_, bytes, count, lines) => {
  for (const sizes of [[1 << 30], [1], [7], [49, 1, 51]]) {
    const framed = frame(bytes, T, { limit: 50, sizes })
    expect(framed.records).toHaveLength(count)
    expect(framed.malformed).toEqual(lines.map((line) => ({ line, problem: 'longer than 50 bytes' })))
  }
})

test('a record longer than any buffer is kept whole', () => {
  const long = `Timestamp: a\nX: ${'y'.repeat(900_000)}\n`
  const { records, malformed } = frame(`${long}Timestamp: b\n${long}`, T, { sizes: [65_536] })
  expect(malformed).toEqual([])
  expect(records.map(({ text }) => text.length)).toEqual([long.length, 13, long.length])
  expect(records.map(({ line }) => line)).toEqual([1, 3, 4])
})

test('memory does not grow with an endless line', () => {
  const before = process.memoryUsage().arrayBuffers
  const { malformed } = frame(Buffer.alloc(40 << 20, 'x'), J, { sizes: [1 << 16] })
  expect(malformed).toEqual([{ line: 1, problem: 'longer than 1048576 bytes' }])
  // the input itself is a part of it
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(90 << 20)
})

test('nothing depends on how the bytes were cut into chunks', () => {
  const piece = fc.constantFrom(
    'Timestamp:',
    ' 2024-11-11',
    '\n',
    '\r\n',
    '"',
    'X: 1',
    'ä',
    '{',
    '}',
    '\u{feff}',
    '{"a":1}\n',
    ' ',
  )
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 60 }),
      fc.array(fc.integer({ min: 1, max: 13 }), { minLength: 1, maxLength: 5 }),
      fc.constantFrom(T, J),
      fc.constantFrom(30, 1000),
      (pieces, sizes, type, limit) => {
        const bytes = pieces.join('')
        expect(frame(bytes, type, { sizes, limit })).toEqual(frame(bytes, type, { limit }))
      },
    ),
    { numRuns: 500 },
  )
})

test('records are what a line-by-line reading finds', () => {
  const line = fc.constantFrom(
    'Timestamp: 2024-11-11',
    'Timestamp:',
    'X: Timestamp: 1',
    'timestamp: 2',
    '',
    'y\r',
    ' Timestamp: 1',
  )
  fc.assert(
    fc.property(fc.array(line, { maxLength: 30 }), (lines) => {
      const expected: { line: number; text: string; offset: number }[] = []
      let offset = 0
      for (const [i, text] of lines.entries()) {
        const whole = i < lines.length - 1 ? `${text}\n` : text
        const last = expected.at(-1)
        if (text.startsWith('Timestamp:')) expected.push({ line: i + 1, text: whole, offset })
        else if (last) last.text += whole
        offset += whole.length
      }
      const { records } = frame(lines.join('\n'), T, { sizes: [5] })
      expect(records.map(({ date: _, ...record }) => record)).toEqual(expected)
    }),
  )
})
