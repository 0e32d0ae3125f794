import { describe, expect, test } from 'vitest'
import { createFormat } from '../../src/logs/format.ts'
import { previewLogs } from '../../src/logs/preview.ts'
import { compileWhere, WhereError } from '../../src/logs/where.ts'
import { memorySource } from './memory-source.ts'
import { scanLogs } from './scan-logs.ts'

const fields = {
  model_version: 'v2',
  confidence: 0.5,
  'GPU type': 'A100',
  tags: ['billing', 'urgent'],
  user: { plan: 'pro' },
  messages: [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Where is my refund??' },
  ],
}

describe('a record counts', () => {
  test.each([
    ['where both sides of an and hold', 'model_version = "v2" and confidence < 0.6', true],
    ['not where one of them does not', 'model_version = "v2" and confidence < 0.5', false],
    ['where one side of an or holds', 'model_version = "v1" or confidence <= 0.5', true],
    ['where a value is in a list', 'model_version in ["v1", "v2"]', true],
    ['where a list has a value', '"urgent" in tags', true],
    ['not where a list lacks it', '"spam" in tags', false],
    ['where a field inside of another holds', 'user.plan = "pro"', true],
    ['where a field in backticks holds', '`GPU type` = "A100"', true],
    ['where a part of a list does', '$contains(messages[role = "user"].content, "refund??")', true],
    ['where the filtered value itself does', '$count(tags[$ = "billing"]) = 1', true],
    ['by the sign of a number', '-confidence < 0', true],
    ['by arithmetic', 'confidence * 2 + 1 = 2', true],
    ['by a text put together', 'model_version & "-" & user.plan = "v2-pro"', true],
    ['by a condition', 'confidence > 0.9 ? false : user.plan = "pro"', true],
    ['by a default', '$lowercase(region ?? "EU") = "eu"', true],
    ['by a field that is there', 'user', true],
    ['not by one that is not', 'region', false],
    ['not by a comparison with a field that it lacks', 'region = "EU"', false],
    ['nor by its opposite', 'region != "EU"', false],
    ['nor by whether it is less', 'region < 1', false],
    ['where it is said to lack it', '$not($exists(region))', true],
    ['not by what every object inherits', 'constructor', false],
  ])('%s', async (_case, where, holds) => {
    expect(await compileWhere(where)({ fields })).toBe(holds)
  })

  test.each([
    ['a text below a number', 'model_version < 0.6', /same data type/],
    ['a text as a number', '$number(model_version) > 1', /v2/],
    ['the sum of texts', '$sum(tags) > 1', /numbers/],
  ])('neither way where it is asked for %s: it is malformed', async (_case, where, says) => {
    expect(await compileWhere(where)({ fields })).toEqual({ problem: expect.stringMatching(says) })
  })

  test('neither way where it nests too deep to be asked', async () => {
    let deep: unknown = []
    for (let level = 0; level < 20_000; level++) deep = [deep]
    expect(await compileWhere('a.b = 1')({ fields: { a: deep } })).toHaveProperty('problem')
  })

  test('neither way where it was not read', async () => {
    expect(await compileWhere('true')({ problem: 'is broken' })).toEqual({ problem: 'is broken' })
  })
})

describe('a filter is refused', () => {
  test.each([
    ['that is empty', ' '],
    ['with a parenthesis that stays open', '(a'],
    ['with a text that stays open', 'a = "b'],
    ['with one equals sign too many', 'a == 1'],
    ['with two expressions', 'a) or (b'],
    ['with an expression to evaluate', '$eval("1")'],
    ['with a function of its own', 'function($x){ $x }(1)'],
    ['that calls itself', '($f := function($n){ $f($n) }; $f(1))'],
    ['with a variable', '($x := 1; $x = 1)'],
    ['with the whole record', '$$ = 1'],
    ['with a range', '$count([1..10000000]) > 1'],
    ['with a regular expression', '$contains(a, /(a+)+$/)'],
    ['with a regular expression by itself', '/(a+)+$/'],
    ['that searches for what a record says', '$contains(a, b)'],
    ['that maps', '$map(tags, $string)'],
    ['that chains functions', 'a ~> $string'],
    ['with a partial function', '$substring(?, 1)'],
    ['that looks at every depth', '**.a'],
    ['that looks at every field', '*.a'],
    ['that multiplies a list', '[a, a].[b, b].[c, c]'],
    ['that joins', 'a@$x.b[$x.c = d]'],
    ['that counts positions', 'a#$i[$i > 1]'],
    ['that sorts', 'a^(b)'],
    ['that groups', 'a{b: c}'],
    ['that makes objects', '{"a": a}'],
    ['that changes the record', '|a|{"b": 1}|'],
    ['that is another at each call', '$random() < 0.5'],
    ['that asks for the time', '$now() > a'],
    ['that pads to any length', '$pad(a, 1000000000) = ""'],
    ['that doubles its time again and again', `${'('.repeat(30)}a${' ?? b)'.repeat(30)}`],
  ])('%s', (_case, where) => {
    expect(() => compileWhere(where)).toThrow(WhereError)
  })

  test('with the place of what is wrong', () => {
    expect(() => compileWhere('confidence < 0.6 and $eval("1")')).toThrow(/\$eval \(at character 2\d\)/)
  })
})

const line = (i: number) =>
  JSON.stringify({
    time: `2024-11-1${i % 2}`,
    id: i,
    version: i % 4 === 0 ? 'v1' : 'v2',
    score: i % 8 === 7 ? 'high' : i / 100,
  })
const text = Array.from({ length: 40 }, (_, i) => (i === 13 ? '{"version": v2}' : line(i))).join('\n')

const window = { from: '2024-11-01', to: '2024-11-30' }
const scan = (where: string | null, size = 64, total = 100) =>
  scanLogs({
    source: memorySource({ 'a.jsonl': text }, { chunk: size }),
    format: createFormat({ type: 'jsonl' }),
    window,
    sample: { total, by: 'date' },
    seed: 1,
    where: where === null ? null : compileWhere(where),
  })
const idsOf = ({ sketch }: Awaited<ReturnType<typeof scan>>) =>
  sketch
    .strata()
    .flatMap(({ candidates }) => candidates.map(({ bytes }) => JSON.parse(bytes.toString()).id as number))

describe('a scan with a filter', () => {
  test('counts what the filter lets through, by stratum', async () => {
    const found = await scan('version = "v1"')
    expect(found.progress).toMatchObject({ records_seen: 10, records_malformed: 1 })
    expect(found.sketch.strata().map(({ key, seen }) => ({ key, seen }))).toEqual([
      { key: '2024-11-10', seen: 10 },
    ])
    expect(idsOf(found).sort((a, b) => a - b)).toEqual([0, 4, 8, 12, 16, 20, 24, 28, 32, 36])
  })

  test('calls a record malformed that does not parse, and one that can not be asked', async () => {
    const { malformed, progress } = await scan('score < 1')
    expect(progress).toMatchObject({ records_seen: 34, records_malformed: 6 })
    expect(malformed.first.map(({ line }) => line)).toEqual([8, 14, 16, 24, 32, 40])
  })

  test.each([7, 64, 10_000])('finds the same in pieces of %i bytes, with lines and places', async (size) => {
    const places = ({ sketch }: Awaited<ReturnType<typeof scan>>) =>
      sketch
        .strata()
        .flatMap(({ candidates }) =>
          candidates.map(({ bytes, ...place }) => ({ ...place, text: `${bytes}` })),
        )
    const whole = places(await scan('id > 20', 1_000_000))
    expect(places(await scan('id > 20', size))).toEqual(whole)
    for (const { text: record, line: at } of whole) expect(text.split('\n')[at - 1]).toBe(record.trim())
  })

  test('draws the sample that a log of these records alone would give', async () => {
    const all = await scan('$exists(id)')
    const some = await scan('version = "v1"')
    const v1 = idsOf(all).filter((id) => id % 4 === 0)
    expect(idsOf(some)).toEqual(v1)
  })
})

describe('a preview with a filter', () => {
  const preview = (where: string, count: number) =>
    previewLogs({
      source: memorySource({ 'a.jsonl': text }, { chunk: 64 }),
      format: createFormat({ type: 'jsonl' }),
      window,
      count,
      where: compileWhere(where),
    })

  test('shows the first records that count', async () => {
    const { records } = await preview('version = "v1" and id > 0', 3)
    expect(records.map(({ fields, line }) => [fields.id, line])).toEqual([
      [4, 5],
      [8, 9],
      [12, 13],
    ])
  })

  test('tells how many it has tried in vain', async () => {
    const { records, asked, malformed } = await preview('version = "v9"', 3)
    expect([records, asked, malformed.count]).toEqual([[], 40, 1])
  })
})
