import { describe, expect, test } from 'vitest'
import { parseLabelingConfig, requiredFields } from '../../src/labeling/config.ts'
import type { Mapping } from '../../src/labeling/mapping.ts'
import { buildTask } from '../../src/labeling/prediction.ts'
import { build, problemsOf, regionsOf } from './build.ts'
import { CAPTURED } from './configs.ts'
import { BUILT } from './values.ts'

describe('predictions in Label Studio’s own form', () => {
  const predicted = CAPTURED.filter(
    (captured) => captured.result && captured.name !== 'datetime-other-format',
  )

  test.each(predicted)('$name comes out as it went in', ({ config: xml, data, result }) => {
    const config = parseLabelingConfig(xml)
    const keys = requiredFields(config)
    const given: Mapping = {
      data: Object.fromEntries(keys.map((key) => [key, key])),
      prediction: Object.fromEntries(config.controls.map((control) => [control.name, 'regions'])),
      model_version: null,
      score: null,
    }
    for (const regions of [result, { result, score: 0.5 }, JSON.stringify(result)]) {
      expect(regionsOf(buildTask(config, given, { ...data, regions }, { key: 'k' }))).toEqual(result)
    }
  })

  test('what plain values become passes as regions', () => {
    for (const { config, control, plain, data } of BUILT) {
      const regions = regionsOf(build(config, { [control]: plain }, { data }))
      if (regions.length === 0) continue
      expect(regionsOf(build(config, { [control]: regions }, { data }))).toEqual(regions)
    }
  })

  const span = {
    id: 'a',
    from_name: 'ner',
    to_name: 'text',
    type: 'labels',
    value: { start: 0, end: 3, labels: ['ORG'] },
  }

  test('what is missing is filled in, what it carries besides stays', () => {
    const { id: _id, to_name: _to, ...bare } = { ...span, meta: { text: ['sure'] }, score: 0.5, custom: 1 }
    expect(regionsOf(build('entities with relations', { ner: [bare] }))).toEqual([
      {
        ...bare,
        id: expect.stringMatching(/^[\w-]{10}$/),
        to_name: 'text',
        value: { ...span.value, text: 'Ada' },
      },
    ])
  })

  test.each<[sentence: string, region: unknown, message: RegExp]>([
    [
      'an unknown from_name',
      { ...span, from_name: 'nope' },
      /from_name "nope" is no control tag \(there are: "ner"\)/,
    ],
    [
      'another type',
      { ...span, type: 'choices' },
      /the type is "choices", but regions of this tag have the type "labels"/,
    ],
    ['an unknown to_name', { ...span, to_name: 'img' }, /to_name "img" is not what the tag belongs to/],
    [
      'a label that the config lacks',
      { ...span, value: { ...span.value, labels: ['LOC'] } },
      /"LOC" is not in the labeling config/,
    ],
    ['offsets outside the text', { ...span, value: { ...span.value, end: 99 } }, /outside the text/],
    ['a score of 95', { ...span, score: 95 }, /a score must be/],
    ['a region that is a word', 'x', /expected a region, got "x"/],
    ['a region without value', { ...span, value: undefined }, /"value" must be an object/],
    ['a region of the same id', { ...span }, /two regions have the id "a"/],
  ])('%s is refused', (_sentence, region, message) => {
    const problems = problemsOf(build('entities with relations', { ner: [span, region] }))
    expect(problems.map((problem) => problem.message).join('\n')).toMatch(message)
  })

  test('an answer under the wrong key is refused', () => {
    const region = { from_name: 'why', to_name: 'text', type: 'choices', value: { labels: ['rude'] } }
    expect(problemsOf(build('nested views', { why: [region] }))[0]?.message).toMatch(
      /"value" has no "choices"/,
    )
  })

  test('two answers of one control are refused, because the editor drops one', () => {
    const region = { from_name: 'why', to_name: 'text', type: 'choices', value: { choices: ['rude'] } }
    expect(problemsOf(build('nested views', { why: [region, region] }))[0]?.message).toMatch(
      /more than one answer/,
    )
  })

  test('one answer per page of several images is fine', () => {
    const region = { from_name: 'kind', to_name: 'pages', type: 'choices', value: { choices: ['letter'] } }
    const pages = [0, 1].map((item_index) => ({ ...region, id: `p${item_index}`, item_index }))
    expect(regionsOf(build('several images', { kind: pages }))).toEqual(pages)
  })

  test('a region of a control that the mapping leaves out is refused with the remedy', () => {
    const region = { from_name: 'ok', to_name: 'text', type: 'choices', value: { choices: ['y'] } }
    expect(problemsOf(build('nested views', { why: [region] }))[0]?.message).toMatch(
      /map "ok" to "why" as well/,
    )
  })

  test('regions inside a Repeater are matched by the number in their names', () => {
    const box = { x: 1, y: 1, width: 1, height: 1, rotation: 0, rectanglelabels: ['Figure'] }
    const region = { id: 'r', from_name: 'box_1', to_name: 'page_1', type: 'rectanglelabels', value: box }
    const fields = { 'box_{{idx}}': 'boxes' }
    expect(regionsOf(build('a repeater', { boxes: [region] }, { fields }))).toEqual([region])
    const wrong = [{ ...region, from_name: 'box_x' }]
    expect(problemsOf(build('a repeater', { boxes: wrong }, { fields }))[0]?.message).toMatch(
      /"box_x" is no control tag/,
    )
  })
})
