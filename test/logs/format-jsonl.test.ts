import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createFormat, FormatError } from '../../src/logs/format.ts'

const jsonl = createFormat({ type: 'jsonl' })
const at = (text: string) => [Buffer.from(` ${text} `), 1, Buffer.byteLength(text) + 1] as const

test('the fields are the own keys of the object, with their values', () => {
  const record = { question: 'q', nested: { list: [1, null] }, score: 0.5, 'Odd Key': true }
  expect(jsonl.parse(Buffer.from(` ${JSON.stringify(record)}\r\n`))).toEqual({ fields: record })
})

test.each([
  ['bytes that are not UTF-8', Buffer.from('{"a":"\xff"}', 'latin1'), /not UTF-8/],
  ['what only looks like JSON', Buffer.from('{"a":secret}'), /^is not valid JSON( at position \d+)?$/],
  ['two objects on a line', Buffer.from('{"a":1} {"b":2}'), /^is not valid JSON at position 8$/],
  ['a NUL', Buffer.from('{"a":["\\u0000"]}'), /NUL/],
  ['a NUL in a key', Buffer.from('{"\\u0000":1}'), /NUL/],
  ['half a surrogate pair', Buffer.from('{"a":"\\ud83c"}'), /surrogate/],
  ['deep nesting', Buffer.from(`{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`), /deeper than 100 levels/],
])('%s is a problem', (_, bytes, problem) => {
  expect(jsonl.parse(bytes)).toEqual({ problem: expect.stringMatching(problem) })
})

test.each([
  ['timestamp', '{"timestamp":"2024-11-11T00:12:33"}', '2024-11-11'],
  ['time', '{"a":1,"time":"2024-11-11 00:12:33"}', '2024-11-11'],
  ['date', '{ "a" : "b" , "date" : "2024-11-11" }', '2024-11-11'],
  ['seconds', '{"time":1731283953,"a":1}', '2024-11-11'],
  ['milliseconds at the end', '{"a":1,"time":1731283953123}', '2024-11-11'],
  ['a fraction of seconds', '{"time": 1731283953.123 }', '2024-11-11'],
  ['an offset', '{"timestamp":"2024-11-11T00:12:33+02:00"}', '2024-11-10'],
  [
    'timestamp comes before date, wherever it stands',
    '{"date":"2024-01-01","timestamp":"2024-11-11"}',
    '2024-11-11',
  ],
  ['time comes before date', '{"date":"2024-01-01","time":"2024-11-11"}', '2024-11-11'],
  ['what is no date is passed by', '{"timestamp":"now","time":12.5,"date":"2024-11-11"}', '2024-11-11'],
  [
    'a nested key does not count',
    '{"a":{"timestamp":"2024-01-01","b":[{"time":"2024-01-02"}]},"date":"2024-11-11"}',
    '2024-11-11',
  ],
  ['only nested', '{"a":{"timestamp":"2024-01-01"}}', null],
  ['in a text', '{"a":"\\"timestamp\\":\\"2024-01-01\\",","date":"2024-11-11"}', '2024-11-11'],
  ['a text that ends in backslashes', '{"a":"\\\\","timestamp":"2024-11-11"}', '2024-11-11'],
  ['a value that equals the key', '{"a":"timestamp","b":"2024-01-01"}', null],
  ['a key that only begins so', '{"timestamps":"2024-01-01","timestam":"2024-01-01"}', null],
  ['braces in texts', '{"a":"}{][","timestamp":"2024-11-11"}', '2024-11-11'],
  ['null', '{"timestamp":null}', null],
  ['a list', '{"timestamp":["2024-11-11"]}', null],
  ['no members', '{}', null],
  ['broken JSON', '{"a":"b,"timestamp:"}', null],
  ['cut off', '{"a":{"b":"c\\', null],
])('date from %s', (_, text, date) => {
  expect(jsonl.date(...at(text))).toBe(date)
})

test('format.timestamp_field names the only field that counts', () => {
  const format = createFormat({ type: 'jsonl', timestamp_field: 'served "at"' })
  const plain = createFormat({ type: 'jsonl', timestamp_field: 'served_at' })
  expect(plain.date(...at('{"timestamp":"2024-01-01","served_at":"2024-11-11"}'))).toBe('2024-11-11')
  expect(plain.date(...at('{"timestamp":"2024-01-01"}'))).toBe(null)
  expect(format.date(...at('{"timestamp":"2024-01-01"}'))).toBe(null)
})

test('an offset is taken into the time zone', () => {
  const format = createFormat({ type: 'jsonl' }, 'Asia/Tokyo')
  expect(format.date(...at('{"time":"2024-11-11T20:00:00Z"}'))).toBe('2024-11-12')
  expect(format.date(...at('{"time":"2024-11-11T20:00:00"}'))).toBe('2024-11-11')
})

test.each([
  ['"refund"', 'refund'],
  ['"a\\"b\\u00e4"', 'a"bä'],
  ['12.50', '12.50'],
  ['true', 'true'],
  ['null', 'null'],
  ['[1, 2]', '[1, 2]'],
  [`"${'x'.repeat(300)}"`, 'x'.repeat(200)],
])('the stratum of the value %s', (json, key) => {
  expect(jsonl.field('class')(...at(`{"a":{"class":1},"class" : ${json} }`))).toBe(key)
})

test('a missing field has no stratum', () => {
  expect(jsonl.field('class')(...at('{"a":{"class":1}}'))).toBe(null)
})

test('the scanner finds what parsing finds', () => {
  const key = fc.constantFrom('a', 'class', 'cla"ss', 'class\\', 'ä')
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.string(),
      fc.string({ unit: fc.constantFrom('a', '"', '\\', 'é'), minLength: 20, maxLength: 80 }),
      fc.constantFrom('class', '"class":1', '\\', '{"class":"'),
      fc.integer(),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(key, tie('value'), { maxKeys: 3 }),
    ),
  })).value
  const read = jsonl.field('class')
  fc.assert(
    fc.property(fc.dictionary(key, value), fc.constantFrom(undefined, 1), (record, indent) => {
      const found = read(...at(JSON.stringify(record, null, indent)))
      if (!Object.hasOwn(record, 'class')) expect(found).toBe(null)
      else if (typeof record.class === 'string') expect(found).toBe(record.class.slice(0, 200).toWellFormed())
      else if (!indent) expect(found).toBe(JSON.stringify(record.class).slice(0, 200).toWellFormed())
    }),
    { numRuns: 1_000 },
  )
})

test('an unknown format is refused with what there is', () => {
  expect(() => createFormat({ type: 'xml' })).toThrow(FormatError)
  expect(() => createFormat({ type: 'xml' })).toThrow(
    'format.type: expected template, jsonl, json, csv, regex, parquet, otlp or module, got "xml"',
  )
})

test('a field is found as its own key of the object, wherever else its name stands', () => {
  const name = fc.constantFrom('k', 'a"k', 'k\\', 'key')
  const text = fc.constantFrom('"k"', '\\"k\\":1', 'k', '{', '"k":2', '', 'ä')
  const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 2 },
      text,
      fc.nat(9),
      fc.array(tie('any'), { maxLength: 2 }),
      fc.dictionary(name, tie('any'), { maxKeys: 2 }),
    ),
  })).any
  const record = fc.dictionary(name, value, { maxKeys: 4 })
  const blanks = fc.constantFrom(undefined, 1)
  fc.assert(
    fc.property(fc.array(fc.tuple(record, blanks), { maxLength: 6 }), (records) => {
      const read = jsonl.field('k')
      const lines = records.map(([one, space]) => JSON.stringify(one, null, space).replaceAll('\n', ' '))
      const bytes = Buffer.from(lines.join('\n'))
      let from = 0
      for (const [index, [one]] of records.entries()) {
        const end = from + Buffer.byteLength(lines[index] as string)
        const found = read(bytes, from, end)
        if (!Object.hasOwn(one, 'k')) expect(found).toBeNull()
        else if (typeof one.k === 'string') expect(found).toBe(one.k)
        else expect(JSON.parse(found as string)).toEqual(one.k)
        from = end + 1
      }
    }),
    { numRuns: 500 },
  )
})
