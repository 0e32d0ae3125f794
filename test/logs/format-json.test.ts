import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readAll } from './read-all.ts'

const json = (text: string, more: object = {}) => readAll(text, { type: 'json' }, more)

test.each([
  ['a list', '[{"q": "1"}, {"q": "2"}]', 2],
  ['a list over many lines', '[\n  {\n    "q": "1"\n  },\n  {\n    "q": "2"\n  }\n]\n', 2],
  ['objects one after another', '{"q": "1"}{"q": "2"}\n\n{"q": "3"}', 3],
  ['braces and quotes in texts', '[{"q": "}{\\"]["}]', 1],
  ['an empty list', '[]', 0],
])('%s', async (_, text, count) => {
  const { records, malformed } = await json(text)
  expect(records).toHaveLength(count)
  expect(malformed).toEqual([])
})

test('lines, dates and strata of records', async () => {
  const text = '[\n {"q": "1", "date": "2024-11-11", "class": "x"},\n {"q": "2", "class": {"a": 1}}]'
  const { records } = await json(text, { field: 'class' })
  expect(records).toMatchObject([
    { line: 2, date: '2024-11-11', value: 'x', offset: 3 },
    { line: 3, date: null, value: '{"a": 1}' },
  ])
})

test('what is not closed, or too long, ends the reading, and what came before counts', async () => {
  const open = await json('[{"q": "1"},\n {"q": "2"')
  expect(open.records).toHaveLength(1)
  expect(open.malformed).toEqual([
    { line: 2, problem: 'the JSON object that begins at line 2 is not closed' },
  ])
  const long = await readAll(`[{"q": "${'x'.repeat(2_000)}"}]`, { type: 'json', max_record_bytes: 1024 })
  expect(long.malformed).toEqual([
    { line: 1, problem: 'the JSON object that begins at line 1 is longer than 1024 bytes' },
  ])
})

test('a broken object costs itself', async () => {
  const { records, malformed } = await json('[{"q": 1}, {"q": nope}, {"q": 2}]')
  expect(records).toHaveLength(2)
  expect(malformed).toEqual([{ line: 1, problem: expect.stringMatching('is not valid JSON') }])
})

test('how the bytes are cut into chunks makes no difference', async () => {
  const list = fc.array(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 }), {
    maxLength: 4,
  })
  await fc.assert(
    fc.asyncProperty(
      list,
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom(0, 2),
      async (objects, chunk, indent) => {
        const text = JSON.stringify(objects, null, indent)
        const whole = await json(text)
        expect(whole.records.length + whole.malformed.length).toBe(objects.length)
        expect(await json(text, { chunk })).toEqual(whole)
      },
    ),
    { numRuns: 200 },
  )
})
