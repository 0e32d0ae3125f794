import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseLabelingConfig } from '../../src/labeling/config.ts'
import type { Mapping } from '../../src/labeling/mapping.ts'
import { buildTask } from '../../src/labeling/prediction.ts'
import { build, problemsOf, regionsOf } from './build.ts'
import { CONFIGS, type ConfigName } from './configs.ts'
import { BUILT, REFUSED } from './values.ts'

const qa = parseLabelingConfig(
  '<View><Text name="question" value="$question"/><TextArea name="answer" toName="question"/></View>',
)
const mapping: Mapping = {
  data: { question: 'question', trace: 'id' },
  prediction: { answer: 'answer' },
  model_version: 'version',
  score: 'confidence',
}
const record = { question: 'Why?', answer: 'Because.', version: 'v2', confidence: '0.983', id: 'r-1' }

describe('a task from a record', () => {
  test('holds the data, the prediction, and the real version in its meta', () => {
    const task = buildTask(qa, mapping, record, { key: 'k/1', extraMeta: { stratum: '2024-11-12' } })
    expect(task).toEqual({
      data: { question: 'Why?', trace: 'r-1' },
      meta: { stratum: '2024-11-12', key: 'k/1', model_version: 'v2' },
      result: [
        {
          id: expect.stringMatching(/^[\w-]{10}$/),
          from_name: 'answer',
          to_name: 'question',
          type: 'textarea',
          value: { text: ['Because.'] },
        },
      ],
      modelVersion: 'v2',
      score: 0.983,
    })
  })

  test('has the same region ids for the same key, and others for another', () => {
    const idFor = (key: string) => regionsOf(buildTask(qa, mapping, record, { key }))[0]?.id
    expect(idFor('k/1')).toBe(idFor('k/1'))
    expect(idFor('k/1')).not.toBe(idFor('k/2'))
  })

  test.each<[sentence: string, fields: Record<string, unknown>, value: unknown]>([
    ['text as it stands, blanks and line breaks included', { answer: ' a\r\nb ' }, [' a\r\nb ']],
    ['several texts', { answer: ['a', 'b'] }, ['a', 'b']],
    ['an empty answer is an answer', { answer: '' }, ['']],
    ['a number as text', { answer: 42 }, ['42']],
    ['text that looks like JSON stays text', { answer: '[1, 2]' }, ['[1, 2]']],
    [
      'NUL and half a surrogate pair become U+FFFD',
      { answer: 'a\0b\ud800c\udc00' },
      ['a\uFFFDb\uFFFDc\uFFFD'],
    ],
    ['a null answer is no region', { answer: null }, undefined],
    ['a missing answer is no region', { answer: undefined }, undefined],
    ['an empty list is no region', { answer: [] }, undefined],
  ])('TextArea: %s', (_sentence, fields, value) => {
    const [region] = regionsOf(buildTask(qa, mapping, { ...record, ...fields }, { key: 'k' }))
    expect(region?.value?.text).toEqual(value)
  })

  test.each<[score: unknown, expected: number | null]>([
    [0, 0],
    [1, 1],
    ['0.983', 0.983],
    ['98.3%', 0.983],
    [' 1e-1 ', 0.1],
    [null, null],
    ['', null],
    [undefined, null],
  ])('a score of %j is %j', (confidence, expected) => {
    const task = buildTask(qa, mapping, { ...record, confidence }, { key: 'k' })
    expect(task).toMatchObject({ score: expected })
  })

  test.each<[version: unknown, expected: string | null]>([
    ['v1', 'v1'],
    [3, '3'],
    ['', null],
    [null, null],
    [undefined, null],
  ])('a model version of %j is %j', (version, expected) => {
    const task = buildTask(qa, mapping, { ...record, version }, { key: 'k' })
    expect(task).toMatchObject({ modelVersion: expected, meta: { model_version: expected } })
  })

  test.each<[sentence: string, fields: Record<string, unknown>, path: string, message: RegExp]>([
    ['a score of 1.2', { confidence: 1.2 }, 'confidence', /"confidence": a score must be .* not 1\.2/],
    ['a score of 120 %', { confidence: '120%' }, 'confidence', /not "120%"/],
    ['a score that is a word', { confidence: 'high' }, 'confidence', /not "high"/],
    ['a version that is an object', { version: {} }, 'version', /a model version must be text/],
    [
      'no question',
      { question: null },
      'question',
      /<Text name="question" value="\$question"> needs the data key "question": field "question" is missing or null/,
    ],
    [
      'an answer that is an object',
      { answer: { a: 1 } },
      'answer',
      /field "answer" for <TextArea name="answer">: expected text/,
    ],
    ['endless nesting in the answer', { answer: nested(300) }, 'answer', /nested deeper than 200/],
    ['endless nesting in the data', { id: nested(300) }, 'id', /nested deeper than 200/],
  ])('%s is a problem of its field', (_sentence, fields, path, message) => {
    const problems = problemsOf(buildTask(qa, mapping, { ...record, ...fields }, { key: 'k' }))
    expect(problems.map((problem) => problem.path)).toEqual([path])
    expect(problems[0]?.message).toMatch(message)
  })

  test('all problems are named at once, up to a limit', () => {
    const problems = problemsOf(
      buildTask(qa, mapping, { confidence: 2, version: [], answer: {} }, { key: 'k' }),
    )
    expect(problems.map((problem) => problem.path)).toEqual(['question', 'confidence', 'version', 'answer'])
    const spans = Array.from({ length: 100 }, () => ({ start: 5, end: 1, label: 'ORG' }))
    expect(problemsOf(build('entities with relations', { ner: spans }))).toHaveLength(20)
  })
})

describe('the data in the form that Label Studio takes', () => {
  test.each<[sentence: string, config: ConfigName, key: string, value: unknown, expected: unknown]>([
    ['numbers stay for Text', 'taxonomy', 'text', 5, 5],
    ['lists of texts stay for Text', 'taxonomy', 'text', ['a', 'b'], ['a', 'b']],
    ['an object for Text becomes JSON', 'taxonomy', 'text', { a: 1 }, '{\n  "a": 1\n}'],
    ['numbers become text for HTML', 'HTML spans', 'html', 5, '5'],
    [
      'JSON text becomes a dialogue',
      'lower-case attributes',
      'p',
      '[{"n": "a", "t": "b"}]',
      [{ n: 'a', t: 'b' }],
    ],
    ['JSON text becomes a table', 'a table', 'row', '{"a": 1}', { a: 1 }],
    [
      'a URL of a dialogue stays',
      'lower-case attributes',
      'p',
      'https://example.com/p.json',
      'https://example.com/p.json',
    ],
    ['JSON text becomes a list of images', 'several images', 'images', '["a.png"]', ['a.png']],
    ['the frame rate is text', 'video with a timeline', 'fps', 25, '25'],
    ['a list for a Repeater stays a list', 'a repeater', 'pages', [{ url: 'a.png' }], [{ url: 'a.png' }]],
  ])('%s', (_sentence, config, key, value, expected) => {
    const task = build(config, {}, { data: { [key]: value } })
    expect(task).toMatchObject({ data: { [key]: expected } })
  })

  test('a nested key is nested in the data', () => {
    expect(build('nested views', {}, { data: { title: 'T', 'body.text': 'B' } })).toMatchObject({
      data: { title: 'T', body: { text: 'B' } },
    })
  })

  test('an object mapped above a nested key is enough, one without the key is not', () => {
    const config = parseLabelingConfig(CONFIGS['nested views'])
    const whole: Mapping = {
      data: { title: 't', body: 'b' },
      prediction: { ok: 'ok' },
      model_version: null,
      score: null,
    }
    expect(buildTask(config, whole, { t: 'T', b: { text: 'B' } }, { key: 'k' })).toMatchObject({
      data: { body: { text: 'B' } },
    })
    const problems = problemsOf(buildTask(config, whole, { t: 'T', b: { txt: 'B' } }, { key: 'k' }))
    expect(problems[0]?.message).toMatch(/needs the data key "body\.text"/)
  })

  test('a number where a structure is needed is a problem', () => {
    const problems = problemsOf(build('lower-case attributes', {}, { data: { p: 7 } }))
    expect(problems[0]).toMatchObject({
      path: 'data p',
      message: expect.stringMatching(/must be a list.*<Paragraphs>.*not 7/),
    })
  })
})

describe('plain values become regions', () => {
  test.each(BUILT)('$config, $control: $says', ({ config, control, plain, data, values }) => {
    const regions = regionsOf(build(config, { [control]: plain }, { data }))
    expect(regions.map((region) => region.value)).toEqual(values)
    expect(new Set(regions.map((region) => region.id)).size).toBe(regions.length)
    for (const region of regions) expect(region.from_name).toBe(control)
  })
})

describe('values that fit neither config nor data are refused', () => {
  test.each(REFUSED)('$config, $control: $says', ({ config, control, plain, data, message, path }) => {
    const problems = problemsOf(build(config, { [control]: plain }, { data }))
    expect(problems).toHaveLength(1)
    expect(problems[0]?.message).toMatch(message)
    expect(problems[0]?.message).toMatch(new RegExp(`^field "${control}.*name="${control}">: `))
    expect(problems[0]?.path).toBe(path ?? control)
  })
})

test('any record gives a task or problems, never an exception, and the same each time', () => {
  const names = Object.keys(CONFIGS) as ConfigName[]
  const json = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<unknown>
  const entry = fc.record(
    {
      start: json,
      end: json,
      label: json,
      x: json,
      y: json,
      width: json,
      height: json,
      value: json,
      type: json,
      id: json,
    },
    { requiredKeys: [] },
  )
  const value = fc.oneof(json, entry, fc.array(entry, { maxLength: 3 }))
  fc.assert(
    fc.property(
      fc.constantFrom(...names),
      fc.array(value, { minLength: 8, maxLength: 8 }),
      (name, values) => {
        const controls = parseLabelingConfig(CONFIGS[name]).controls
        const given = Object.fromEntries(
          [...controls.map((control) => control.name), 'relations'].map((field, index) => [
            field,
            values[index],
          ]),
        )
        expect(build(name, given)).toEqual(build(name, given))
      },
    ),
    { numRuns: 500 },
  )
})

test('a span’s text is the data between its offsets, whatever characters there are', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1 }), fc.nat(), fc.nat(), (text, a, b) => {
      const start = a % text.length
      const end = start + 1 + (b % (text.length - start))
      const task = build('entities with relations', { ner: { start, end, label: 'ORG' } }, { data: { text } })
      const shown = 'problems' in task ? undefined : String(task.data.text)
      expect(shown).toHaveLength(text.length)
      expect(regionsOf(task)[0]?.value).toEqual({
        start,
        end,
        text: shown?.slice(start, end).toWellFormed(),
        labels: ['ORG'],
      })
    }),
  )
})

function nested(levels: number): unknown {
  return levels === 0 ? 'x' : [nested(levels - 1)]
}
