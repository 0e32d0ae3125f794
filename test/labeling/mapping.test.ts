import { describe, expect, test } from 'vitest'
import { parseLabelingConfig } from '../../src/labeling/config.ts'
import { deriveMapping, fieldValue, type Mapping } from '../../src/labeling/mapping.ts'
import { CAPTURED, CONFIGS } from './configs.ts'

const captured = (name: string) =>
  parseLabelingConfig(CAPTURED.find((one) => one.name === name)?.config ?? '')
const qa = captured('qa-textarea')
const LOG = ['timestamp', 'question', 'answer', 'model_version', 'confidence_level', 'request_id']

describe('a mapping is derived where names agree', () => {
  test.each<[sentence: string, fields: string[], given: Partial<Mapping> | undefined, mapping: Mapping]>([
    [
      'data, prediction, version and score of a question log',
      LOG,
      undefined,
      {
        data: { question: 'question' },
        prediction: { answer: 'answer' },
        model_version: 'model_version',
        score: 'confidence_level',
      },
    ],
    [
      'an empty mapping is the same as none',
      LOG,
      { data: {}, prediction: {} },
      {
        data: { question: 'question' },
        prediction: { answer: 'answer' },
        model_version: 'model_version',
        score: 'confidence_level',
      },
    ],
    [
      'without case and punctuation where that is unambiguous',
      ['Question', 'AN-SWER', 'version', 'confidence'],
      {},
      {
        data: { question: 'Question' },
        prediction: { answer: 'AN-SWER' },
        model_version: 'version',
        score: 'confidence',
      },
    ],
    [
      'model_version goes before version, score before the others',
      ['version', 'model_version', 'confidence', 'score', 'question', 'answer'],
      {},
      {
        data: { question: 'question' },
        prediction: { answer: 'answer' },
        model_version: 'model_version',
        score: 'score',
      },
    ],
    [
      'null says that there is none',
      LOG,
      { model_version: null, score: null },
      { data: { question: 'question' }, prediction: { answer: 'answer' }, model_version: null, score: null },
    ],
    [
      'what is given stays, what is left out is derived',
      [...LOG, 'input', 'output'],
      { data: { question: 'input', trace: 'request_id' }, prediction: { answer: 'output.choices[0].text' } },
      {
        data: { question: 'input', trace: 'request_id' },
        prediction: { answer: 'output.choices[0].text' },
        model_version: 'model_version',
        score: 'confidence_level',
      },
    ],
  ])('%s', (_sentence, fields, given, mapping) => {
    expect(deriveMapping(qa, fields, given)).toEqual({ mapping, problems: [] })
  })

  test('who names one control means only this one', () => {
    const config = captured('rating-choices-textarea')
    const fields = ['question', 'answer', 'quality', 'grounded']
    expect(deriveMapping(config, fields).mapping.prediction).toEqual({
      quality: 'quality',
      grounded: 'grounded',
    })
    const given = { prediction: { correction: 'answer' } }
    expect(deriveMapping(config, fields, given).mapping.prediction).toEqual({ correction: 'answer' })
  })

  test('a nested data key is found below the field that holds it', () => {
    const config = parseLabelingConfig(CONFIGS['nested views'])
    const { mapping, problems } = deriveMapping(config, ['title', 'body', 'ok'])
    expect(mapping.data).toEqual({ title: 'title', 'body.text': 'body.text' })
    expect(problems).toEqual([])
  })

  test('a conversation that a Chat shows is not its prediction', () => {
    const config = captured('chat')
    expect(deriveMapping(config, ['chat', 'ok']).mapping.prediction).toEqual({ ok: 'ok' })
  })

  test('a field that holds no scores in the records is not taken for the score', () => {
    const samples = [
      { confidence: 'high', score: 0.5 },
      { confidence: 'low', score: 12 },
    ]
    const fields = ['question', 'answer', 'score', 'confidence']
    expect(deriveMapping(qa, fields, {}, samples).mapping.score).toBeNull()
    expect(deriveMapping(qa, fields, {}, [{ score: '98.3%' }, { score: null }]).mapping.score).toBe('score')
  })
})

describe('a mapping that fits neither config nor records', () => {
  test.each<
    [sentence: string, fields: string[], given: Partial<Mapping>, problems: [path: string, message: RegExp][]]
  >([
    [
      'a data key without field names tag and key',
      ['prompt', 'answer'],
      {},
      [
        [
          'mapping.data.question',
          /<Text name="question" value="\$question"> shows the data key "question".*record fields: "prompt", "answer"/,
        ],
      ],
    ],
    [
      'two fields that agree equally are no choice',
      ['Question', 'QUESTION', 'answer'],
      {},
      [['mapping.data.question', /no record field has this name/]],
    ],
    [
      'an unknown control',
      LOG,
      { prediction: { answr: 'answer' } },
      [['mapping.prediction.answr', /no control tag named "answr" \(there are: "answer"\)/]],
    ],
    ['no prediction at all', ['question', 'reply'], {}, [['mapping.prediction', /"answer".*no prediction/]]],
    [
      'fields that no record has',
      LOG,
      { data: { question: 'q', extra: 'x.y' }, prediction: { answer: 'a' }, model_version: 'mv', score: 's' },
      [
        ['mapping.data.question', /no record has the field "q"/],
        ['mapping.data.extra', /"x\.y"/],
        ['mapping.prediction.answer', /"a"/],
        ['mapping.model_version', /"mv"/],
        ['mapping.score', /"s"/],
      ],
    ],
    [
      'without a record seen only the config is checked',
      [],
      { prediction: { answer: 'a', nope: 'b' } },
      [
        ['mapping.data.question', /no record was seen/],
        ['mapping.prediction.nope', /nope/],
      ],
    ],
  ])('%s', (_sentence, fields, given, expected) => {
    const { problems } = deriveMapping(qa, fields, given)
    expect(problems.map((problem) => problem.path)).toEqual(expected.map(([path]) => path))
    for (const [index, [, message]] of expected.entries()) expect(problems[index]?.message).toMatch(message)
  })

  test('relations are no control tag and may be mapped', () => {
    const config = parseLabelingConfig(CONFIGS['entities with relations'])
    const given = { prediction: { ner: 'spans', relations: 'links' } }
    expect(deriveMapping(config, ['text', 'spans', 'links'], given).problems).toEqual([])
  })

  test('a data key that the config never shows is allowed', () => {
    expect(deriveMapping(qa, LOG, { data: { when: 'timestamp' } }).problems).toEqual([])
  })
})

test.each<[path: string, value: unknown]>([
  ['a', { b: [{ c: 1 }] }],
  ['a.b[0].c', 1],
  ['a.b.0.c', 1],
  ['x.y', 2],
  ['a.c', undefined],
  ['toString', undefined],
  ['a.b[0].c.d', undefined],
  ['', undefined],
])('the field %s of a record', (path, value) => {
  expect(fieldValue({ a: { b: [{ c: 1 }] }, 'x.y': 2, x: { y: 3 } }, path)).toEqual(value)
})
