import { expect, test } from 'vitest'
import { createFormat } from '../../src/logs/format.ts'
import { snakeCase } from '../../src/logs/format-template.ts'
import { frame } from './frame.ts'

const { parse, field } = createFormat({ type: 'template' })
const parsed = (text: string) => parse(Buffer.from(text))
const fieldsOf = (text: string) =>
  (parsed(`Timestamp: t\n${text}`) as { fields: Record<string, unknown> }).fields

/** What the lines make of the field `a`. */
const a = (text: string) => fieldsOf(text).a

const SEED = `Timestamp: 2024-11-11 00:12:33
Request ID: 5578e54b-b09d-4f42-a0c9-789f14d244a7
Request Type: Text Query
User Input: "What is the capital of France?"

Model Response: "The capital of France is Paris."
Processing Time: 120 ms
Status: Success
Confidence Level: 98.3%
Cache Hit: Yes
Version: v1.5.3
Model Server: qa-model-server-03

`

test.each([
  ['LF', SEED],
  ['CRLF', SEED.replaceAll('\n', '\r\n')],
  ['no line end at the end', SEED.trimEnd()],
])('a record of the seed, with %s', (_, text) => {
  expect(parsed(text)).toEqual({
    fields: {
      timestamp: '2024-11-11 00:12:33',
      request_id: '5578e54b-b09d-4f42-a0c9-789f14d244a7',
      request_type: 'Text Query',
      user_input: 'What is the capital of France?',
      question: 'What is the capital of France?',
      model_response: 'The capital of France is Paris.',
      answer: 'The capital of France is Paris.',
      processing_time: '120 ms',
      status: 'Success',
      confidence_level: 0.983,
      cache_hit: 'Yes',
      version: 'v1.5.3',
      model_version: 'v1.5.3',
      model_server: 'qa-model-server-03',
    },
  })
})

test.each([
  ['plain', 'A: b', 'b'],
  ['empty', 'A:', ''],
  ['empty, then another field', 'A:\n\nB: c', ''],
  ['blanks around go', 'A: \t b \t \n\n', 'b'],
  ['a colon in it', 'A: b: c', 'b: c'],
  ['a URL in it', 'A: http://example.org:80/x', 'http://example.org:80/x'],
  ['the words Version and Timestamp in it', 'A: Version: 2 and Timestamp: 3', 'Version: 2 and Timestamp: 3'],
  ['quotes go', 'A: "b"', 'b'],
  ['only the outer pair goes', 'A: ""b" and "c""', '"b" and "c"'],
  ['inner quotes stay', 'A: "b "c" d"', 'b "c" d'],
  ['quotes inside an unquoted value stay', 'A: b "c"', 'b "c"'],
  ['an empty quoted value', 'A: ""', ''],
  ['a lone quote opens', 'A: "\nb\n"', '\nb\n'],
  ['blanks after the closing quote', 'A: "b" \t\r\nB: c', 'b'],
  ['blanks inside the quotes stay', 'A: " b "', ' b '],
  ['an unquoted value goes on', 'A: b\nc\nB: d', 'b\nc'],
  ['over blank lines', 'A: b\n\nc\n\nB: d', 'b\n\nc'],
  [
    'over lines that are nearly fields',
    'A: b\n12:30 c\n- d: e\nhttp://f\n  G: h\ni, j: k',
    'b\n12:30 c\n- d: e\nhttp://f\n  G: h\ni, j: k',
  ],
  ['CRLF inside becomes LF', 'A: b\r\nc\r\n\r\nd\r\nB: e', 'b\nc\n\nd'],
  ['it may begin on the next line', 'A:\nb\nB: c', 'b'],
  ['quoted, too', 'A: \r\n\r\n"b\nB: c"\nC: d', 'b\nB: c'],
  ['a quoted value goes over fields', 'A: "b\nB: c\nVersion: 9\nd"\nC: e', 'b\nB: c\nVersion: 9\nd'],
  ['and over blank lines', 'A: "b\n\n\nc"\n', 'b\n\n\nc'],
  ['to the first line that ends in a quote', 'A: "b\nc"\nB: "d"', 'b\nc'],
  ['or to the end of the record', 'A: "b\nB: c\n\n', 'b\nB: c'],
  ['even where that quote is an inner one', 'A: "he said "b"\nc"\nB: e', 'he said "b'],
  ['the last of two equal names counts', 'A: b\nA: c', 'c'],
  ['a value of other scripts', 'A: "日本\n語 🎉"', '日本\n語 🎉'],
])('value: %s', (_, lines, value) => {
  expect(a(lines)).toBe(value)
})

test('inside a quoted value no line is a field', () => {
  expect(fieldsOf('A: "b\nB: c\nd"\nC: e')).toEqual({ timestamp: 't', a: 'b\nB: c\nd', c: 'e' })
})

test('text after a closed quote is not lost', () => {
  const fields = fieldsOf('A: "he said "b"\n\nand c"\nB: d\nC: "e"\n---\n')
  expect(fields).toEqual({ timestamp: 't', a: 'he said "b', b: 'd', c: 'e', unparsed: 'and c"\n---' })
})

test('an unclosed quote ends with its record and spoils no other', () => {
  const { records } = frame('Timestamp: 2024-11-11\nA: "b\nB: c\nTimestamp: 2024-11-12\nA: d\n', {
    type: 'template',
  })
  expect(records.map(({ text }) => parsed(text))).toEqual([
    { fields: { timestamp: '2024-11-11', a: 'b\nB: c' } },
    { fields: { timestamp: '2024-11-12', a: 'd' } },
  ])
})

test.each([
  ['Request ID', 'request_id'],
  ['Cache  Hit', 'cache_hit'],
  ['GPU-Type', 'gpu_type'],
  ['TurnCount', 'turn_count'],
  ['RequestID', 'request_id'],
  ['latency_ms', 'latency_ms'],
  ['Tokens (prompt)', 'tokens_prompt'],
  ['p99 Latency', 'p99_latency'],
  ['Größe', 'größe'],
])('the name %s becomes %s', (name, snake) => {
  expect(snakeCase(name)).toBe(snake)
  expect(fieldsOf(`${name}: x`)).toEqual({ timestamp: 't', [snake]: 'x' })
})

test.each([
  ['98.3%', 0.983],
  ['1.1 %', 0.011],
  ['100%', 1],
  ['0%', 0],
  ['0.98', '0.98'],
  ['high', 'high'],
])('confidence_level %s is %j', (text, value) => {
  expect(fieldsOf(`Confidence Level: ${text}`).confidence_level).toBe(value)
})

test('percentages of other fields stay text', () => {
  expect(fieldsOf('GPU: 98.3%').gpu).toBe('98.3%')
})

test("a record's own field wins over the other name of another", () => {
  expect(fieldsOf('Version: 1\nModel Version: 2')).toMatchObject({ version: '1', model_version: '2' })
})

test('a name like those of an object is only a name', () => {
  const fields = fieldsOf('constructor: a\nproto: b\nToString: c')
  expect(fields).toEqual({ timestamp: 't', constructor: 'a', proto: 'b', to_string: 'c' })
})

test.each([
  ['bytes that are not UTF-8', Buffer.from([...Buffer.from('Timestamp: a\nB: '), 0xff, 0xfe]), /not UTF-8/],
  ['a NUL', Buffer.from('Timestamp: a\nB: \0'), /NUL/],
  ['a timestamp alone', Buffer.from('Timestamp: a\nsome text\n'), /no "Name: value" line/],
])('%s is a problem', (_, bytes, problem) => {
  expect(parse(bytes)).toEqual({ problem: expect.stringMatching(problem) })
})

test.each([
  ['status', 'ok'],
  ['version', 'v1'],
  ['model_version', 'v1'],
  ['b', 'c\nStatus: no'],
  ['nothing', null],
])('the field %s is read as it is parsed: %j', (name, value) => {
  const text = Buffer.from(
    'xTimestamp: a\nB: "c\nStatus: no"\nVersion: v1\nStatus: ok\nTimestamp: b\nStatus: no\n',
  )
  expect(field(name)(text, 1, text.indexOf('Timestamp: b'))).toBe(value)
})

test.each([
  ['the Timestamp line', undefined, '2024-11-11'],
  ['another field by name', 'served_at', '2024-11-10'],
  ['Timestamp by name', 'timestamp', '2024-11-11'],
  ['a field that is missing', 'nope', null],
])("the record's date is from %s", (_, timestamp_field, date) => {
  const text = 'Timestamp: 2024-11-11 00:12:33\nServed At: "2024-11-10"\n'
  expect(
    frame(text, { type: 'template', ...(timestamp_field && { timestamp_field }) }).records[0]?.date,
  ).toBe(date)
})

test('long hostile records parse in linear time', () => {
  const started = performance.now()
  for (const line of ['A: "b', 'A:', ' ', 'aaaa', '"', `${' '.repeat(999)}"`, 'A: "\n"x'])
    parsed(`Timestamp: t\n${`${line}\n`.repeat(1_000_000 / (line.length + 1))}`)
  expect(performance.now() - started).toBeLessThan(60_000)
})
