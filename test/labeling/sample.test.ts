import { describe, expect, test } from 'vitest'
import { LabelingConfigError, parseLabelingConfig, requiredFields } from '../../src/labeling/config.ts'
import { fieldValue } from '../../src/labeling/mapping.ts'
import { sampleFor } from '../../src/labeling/sample.ts'
import { build, regionsOf } from './build.ts'
import { CAPTURED, CONFIGS } from './configs.ts'

const ALL = [
  ...Object.entries(CONFIGS),
  ...CAPTURED.map(({ name, config }) => [`captured ${name}`, config] as const),
]

describe('the sample for any config', () => {
  test.each(ALL)('%s: is always the same, and whole', (_name, xml) => {
    const config = parseLabelingConfig(xml)
    const sample = sampleFor(xml)
    expect(sampleFor(config)).toEqual(sample)
    for (const key of requiredFields(config))
      expect(fieldValue(sample.sample_task.data, key) ?? null).not.toBeNull()
    const filled = new Set(sample.sample_prediction.result.map((region) => region.from_name))
    for (const control of sample.controls) expect(filled.has(control.name)).toBe(control.note === null)
    expect(sample.controls.map((control) => control.name)).toEqual(
      config.controls.map((control) => control.name),
    )
  })

  test.each(ALL)('%s: its prediction is one that the service would import', (_name, xml) => {
    const config = parseLabelingConfig(xml)
    const { result } = sampleFor(xml).sample_prediction
    if (result.length === 0) return
    const fields = Object.fromEntries(config.controls.map((control) => [control.name, 'result']))
    expect(regionsOf(build(config, { result }, { fields }))).toEqual(result)
  })

  test('looks like this for questions and answers', () => {
    const { config } = CAPTURED.find((one) => one.name === 'qa-textarea') ?? { config: '' }
    expect(sampleFor(config)).toEqual({
      sample_task: { data: { question: 'Ada Lovelace wrote the first program in London.' } },
      sample_prediction: {
        model_version: 'sample',
        score: 0.5,
        result: [
          {
            id: expect.stringMatching(/^[\w-]{10}$/),
            from_name: 'answer',
            to_name: 'question',
            type: 'textarea',
            value: { text: ['Sample answer'] },
          },
        ],
      },
      controls: [
        {
          name: 'answer',
          tag: 'TextArea',
          type: 'textarea',
          to_name: ['question'],
          labels: [],
          per_region: false,
          example: 'Sample answer',
          note: null,
        },
      ],
    })
  })

  test('says why a control has no region', () => {
    const notes = Object.fromEntries(
      ALL.flatMap(([name, xml]) =>
        sampleFor(xml).controls.flatMap((control) => (control.note ? [[name, control.note]] : [])),
      ),
    )
    expect(Object.keys(notes).sort()).toEqual([
      'a repeater',
      'captured video-rectangle',
      'chat that names itself',
      'nested choices',
      'tags of other editions',
    ])
  })

  test('a per-region control without another tag’s region has none', () => {
    const config = '<View><Text name="t" value="$t"/><Rating name="r" toName="t" perRegion="true"/></View>'
    expect(sampleFor(config)).toMatchObject({
      sample_prediction: { result: [] },
      controls: [{ note: expect.stringMatching(/no other tag/) }],
    })
  })

  test('answers so that the editor shows what depends on the answer, and says what it can not show', () => {
    const config = `<View><Text name="t" value="$t"/>
      <Choices name="ok" toName="t"><Choice value="yes"/><Choice value="no" alias="n"/></Choices>
      <View visibleWhen="choice-selected" whenTagName="ok" whenChoiceValue="no"><TextArea name="why" toName="t"/></View>
      <TextArea name="praise" toName="t" visibleWhen="choice-selected" whenTagName="ok" whenChoiceValue="yes"/></View>`
    const { sample_prediction, controls } = sampleFor(config)
    expect(sample_prediction.result.map(({ from_name, value }) => [from_name, value])).toEqual([
      ['ok', { choices: ['n'] }],
      ['why', { text: ['Sample answer'] }],
    ])
    expect(controls.map(({ note }) => note)).toEqual([
      null,
      null,
      'the editor shows it only where "ok" is yes',
    ])
  })

  test('is refused for a wrong config', () => {
    expect(() => sampleFor('<View/>')).toThrow(LabelingConfigError)
  })
})
