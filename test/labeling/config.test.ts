import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  findTag,
  LabelingConfigError,
  parseLabelingConfig,
  requiredFields,
  withoutDeclaration,
} from '../../src/labeling/config.ts'
import type { Problem } from '../../src/labeling/types.ts'
import { CAPTURED, CONFIGS, type ConfigName } from './configs.ts'

/** One line per tag: `name:type→objects[labels]`, `*` for labels from elsewhere, `/` for an answer per region. */
function outline(xml: string): { controls: string[]; objects: string[]; data: string[] } {
  const config = parseLabelingConfig(xml)
  return {
    controls: config.controls.map((control) => {
      const labels = `${control.labels.join('|')}${control.openLabels ? '*' : ''}`
      return `${control.name}:${control.type}→${control.toName.join()}[${labels}]${control.perRegion ? '/' : ''}`
    }),
    objects: config.objects.map((object) => `${object.name}:${object.tag}=${object.field}`),
    data: requiredFields(config),
  }
}

function problemsOf(xml: string): Problem[] {
  try {
    parseLabelingConfig(xml)
  } catch (error) {
    if (error instanceof LabelingConfigError) return error.problems
    throw error
  }
  return []
}

describe('a config that Label Studio sent', () => {
  const expected: Record<string, ReturnType<typeof outline>> = {
    'audio-labels': {
      controls: ['seg:labels→audio[Speech|Noise]', 'transcription:textarea→audio[]/'],
      objects: ['audio:Audio=audio'],
      data: ['audio'],
    },
    'bbox-rectanglelabels': {
      controls: ['box:rectanglelabels→image[Car|Person]'],
      objects: ['image:Image=image'],
      data: ['image'],
    },
    'brush-rle': {
      controls: ['mask:brushlabels→image[Lesion]'],
      objects: ['image:Image=image'],
      data: ['image'],
    },
    chat: {
      controls: ['chat:chatmessage→chat[]', 'ok:choices→chat[good|bad]'],
      objects: ['chat:Chat=chat'],
      data: ['chat'],
    },
    'choices-multiple': {
      controls: ['topics:choices→text[Billing|Shipping|Returns|Account]'],
      objects: ['text:Text=text'],
      data: ['text'],
    },
    'choices-single': {
      controls: ['sentiment:choices→text[Positive|Neutral|Negative]'],
      objects: ['text:Text=text'],
      data: ['text'],
    },
    'empty-prediction-regions-added': {
      controls: ['label:labels→text[PER|ORG|LOC]'],
      objects: ['text:Text=text'],
      data: ['text'],
    },
    'label-config-extended': {
      controls: ['sentiment:choices→text[Positive|Neutral|Mixed|Negative]'],
      objects: ['text:Text=text'],
      data: ['text'],
    },
    'label-config-used-label-removed': {
      controls: ['sentiment:choices→text[Positive|Negative]'],
      objects: ['text:Text=text'],
      data: ['text'],
    },
    keypoint: {
      controls: ['kp:keypointlabels→image[Nose|Ear]'],
      objects: ['image:Image=image'],
      data: ['image'],
    },
    number: { controls: ['amount:number→text[]'], objects: ['text:Text=text'], data: ['text'] },
    pairwise: {
      controls: ['pw:pairwise→left,right[]'],
      objects: ['left:Text=answer1', 'right:Text=answer2'],
      data: ['prompt', 'answer1', 'answer2'],
    },
    'paragraphs-dialogue': {
      controls: ['intent:paragraphlabels→dlg[Request|Refusal]'],
      objects: ['dlg:Paragraphs=dialogue'],
      data: ['dialogue'],
    },
    'qa-textarea': {
      controls: ['answer:textarea→question[]'],
      objects: ['question:Text=question'],
      data: ['question'],
    },
    ranker: {
      controls: ['rank:ranker→results[relevant|irrelevant]'],
      objects: ['q:Text=query', 'results:List=items'],
      data: ['query', 'items'],
    },
    'rating-choices-textarea': {
      controls: [
        'quality:rating→answer[]',
        'grounded:choices→answer[Yes|No]',
        'correction:textarea→answer[]',
      ],
      objects: ['question:Text=question', 'answer:Text=answer'],
      data: ['question', 'answer'],
    },
    'datetime-other-format': {
      controls: ['when:datetime→text[]'],
      objects: ['text:Text=text'],
      data: ['text'],
    },
    'video-rectangle': {
      controls: ['vl:labels→video[Ball|Player]', 'box:videorectangle→video[]'],
      objects: ['video:Video=video'],
      data: ['video'],
    },
  }

  test.each(CAPTURED)('$name', ({ name, config }) => {
    expect(outline(config)).toEqual(expected[name])
  })
})

describe('what a config shows and asks', () => {
  test.each<[sentence: string, config: ConfigName, part: Partial<ReturnType<typeof outline>>]>([
    [
      'an alias stands for its value',
      'entities with relations',
      { controls: ['ner:labels→text[person|ORG]'] },
    ],
    [
      'per-region controls are marked',
      'boxes with a text per region',
      {
        controls: [
          'box:rectanglelabels→img[Sign|Plate]',
          'transcript:textarea→img[]/',
          'legible:choices→img[yes|no]/',
          'certainty:rating→img[]/',
          'speed:number→img[]/',
        ],
      },
    ],
    ['valueList names a data key', 'several images', { objects: ['pages:Image=images'], data: ['images'] }],
    [
      'a taxonomy has paths',
      'taxonomy',
      {
        controls: [
          'topic:taxonomy→text[Animals|Animals/Dogs|Animals/Dogs/Labrador|Animals/Birds|flora|flora/Trees]',
        ],
      },
    ],
    [
      'a taxonomy of another server allows any path',
      'taxonomy from another server',
      { controls: ['topic:taxonomy→text[*]'] },
    ],
    [
      'labels from the data are open and need their key',
      'labels from the data',
      {
        controls: ['ner:labels→text[*]', 'intent:choices→text[none of these*]'],
        data: ['labels', 'options', 'text'],
      },
    ],
    [
      'nested choices have paths when nesting is allowed',
      'nested choices',
      { controls: ['path:choices→text[Fault|Fault/Engine|Fault/Brakes|Question]'] },
    ],
    [
      'choices are found through views, data keys in any tag but Style',
      'nested views',
      {
        controls: ['why:choices→text[wrong|rude]', 'ok:choices→text[y|n]'],
        objects: ['text:Text=body.text'],
        data: ['title', 'body.text'],
      },
    ],
    [
      'entities are resolved, comments and CDATA do no harm',
      'text written in every way',
      { controls: ['a&b:choices→text[<5 "quoted" €|it\'s]'], objects: ['text:Text=text'], data: ['text'] },
    ],
    [
      'a control tag may belong to several objects',
      'pairwise',
      {
        controls: ['better:pairwise→a,b[]', 'both:choices→a,b[bad]'],
        data: ['prompt', 'answer_a', 'answer_b'],
      },
    ],
    ['a frame rate may come from the data', 'video with a timeline', { data: ['video', 'fps'] }],
    ['one key shown twice is needed once', 'audio with two channels', { data: ['url', 'transcript'] }],
    [
      'a Chat asks and shows',
      'chat that names itself',
      { controls: ['chat:chatmessage→chat[]'], objects: ['chat:Chat=chat'] },
    ],
    [
      'inside a Repeater the list is needed',
      'a repeater',
      {
        controls: ['box_{{idx}}:rectanglelabels→page_{{idx}}[Figure]'],
        objects: ['page_{{idx}}:Image=pages[{{idx}}].url'],
        data: ['pages'],
      },
    ],
    [
      'unknown tags with name and toName ask, a Filter does not, $5 is no data key',
      'tags of other editions',
      {
        controls: ['widget:reactcode→widget[]', 'sketch:sketch→text[]'],
        objects: ['widget:ReactCode=state', 'text:Text=first'],
        data: ['state', 'first', 'second'],
      },
    ],
  ])('%s', (_sentence, config, part) => {
    expect(outline(CONFIGS[config])).toMatchObject(part)
  })

  test('the labels of relations are kept, none means any', () => {
    expect(parseLabelingConfig(CONFIGS['entities with relations']).relationLabels).toEqual([
      'works for',
      'lives in',
    ])
    expect(parseLabelingConfig(CONFIGS.taxonomy).relationLabels).toBeUndefined()
  })

  test('a tag in a Repeater is found by the name of any of its copies, and by no other', () => {
    const { controls } = parseLabelingConfig(CONFIGS['a repeater'])
    expect(
      ['box_{{idx}}', 'box_0', 'box_12', 'box_', 'box_x', 'a_box_1'].map(
        (name) => findTag(controls, name) !== undefined,
      ),
    ).toEqual([true, true, true, false, false, false])
  })

  test('the text inside a tag is its value, as in the editor', () => {
    const config =
      '<View><Text name="t">$body</Text><Header>$5 off</Header><TextArea name="a" toName="t"/></View>'
    expect(outline(config)).toMatchObject({ objects: ['t:Text=body'], data: ['body'] })
  })

  test('blank lines and a byte order mark before the XML declaration are fine', () => {
    const config = CONFIGS['text written in every way']
    expect(outline(`\uFEFF\n  ${config}`)).toEqual(outline(config))
    expect(withoutDeclaration(`\uFEFF\n  ${config}`)).toMatch(/^<!-- a comment/)
    expect(withoutDeclaration(CONFIGS.chat)).toBe(CONFIGS.chat)
  })
})

describe('a wrong config is refused', () => {
  const text = '<Text name="text" value="$text"/>'
  const ok = '<Choices name="ok" toName="text"><Choice value="yes"/></Choices>'
  const deep = (levels: number) => `${'<View>'.repeat(levels)}${text}${ok}${'</View>'.repeat(levels)}`

  test.each<[sentence: string, config: string, problems: [path: string | undefined, message: RegExp][]]>([
    ['text that is no XML', 'hello', [[undefined, /not well-formed XML.*line 1/]]],
    ['nothing', '', [[undefined, /not well-formed XML.*root/]]],
    [
      'a tag that is not closed, with its line',
      `<View>\n${text}\n<Choices>\n</View>`,
      [[undefined, /line 4, column 7/]],
    ],
    ['an attribute twice', `<View a="1" a="2">${text}${ok}</View>`, [[undefined, /duplicate attribute/]]],
    ['an unknown entity', `<View>&nbsp;${text}${ok}</View>`, [[undefined, /undefined entity/]]],
    ['two roots', `<View>${text}</View><View>${ok}</View>`, [[undefined, /only one root/]]],
    [
      'a document type',
      `<!DOCTYPE View [<!ENTITY a "b">]><View>${text}${ok}</View>`,
      [[undefined, /DOCTYPE/]],
    ],
    ['no control tag', `<View>${text}</View>`, [[undefined, /no control tag/]]],
    [
      'a toName without its tag',
      `<View>${text}<Rating name="r" toName="txt"/></View>`,
      [['/View/Rating[@name="r"]/@toName', /toName="txt" of <Rating name="r"> names no object tag.*"text"/]],
    ],
    [
      'a toName that names a control tag',
      `<View>${text}${ok}<Rating name="r" toName="ok"/></View>`,
      [['/View/Rating[@name="r"]/@toName', /toName="ok"/]],
    ],
    [
      'one of several toName, blanks counting as in Label Studio',
      `<View>${text}<Pairwise name="p" toName="text, text2"/></View>`,
      [['/View/Pairwise[@name="p"]/@toName', /toName=" text2"/]],
    ],
    ['a name twice', `<View>${text}${ok}${ok}</View>`, [['/View/Choices[@name="ok"]', /"ok" is used twice/]]],
    [
      'a name of an object tag again',
      `<View>${text}<Choices name="text" toName="text"><Choice value="a"/></Choices></View>`,
      [['/View/Choices[@name="text"]', /"text" is used twice/]],
    ],
    [
      'Choices without toName, together with everything else',
      `<View><View><Choices name="c"/></View><Rating name="r" toName="x"/></View>`,
      [
        ['/View/View/Choices[@name="c"]', /<Choices> needs both name and toName/],
        ['/View/Rating[@name="r"]/@toName', /names no object tag \(there are: none\)/],
      ],
    ],
    ['201 levels of tags', deep(200), [[undefined, /deeper than 200/]]],
    [
      'a million characters',
      `<View>${text}${ok}${' '.repeat(1e6)}</View>`,
      [[undefined, /longer than 1000000/]],
    ],
  ])('%s', (_sentence, config, expected) => {
    const problems = problemsOf(config)
    expect(problems.map((problem) => problem.path)).toEqual(expected.map(([path]) => path))
    for (const [index, [, message]] of expected.entries()) expect(problems[index]?.message).toMatch(message)
  })

  test('200 levels are allowed', () => {
    expect(problemsOf(deep(198))).toEqual([])
  })

  test('the error says all problems in one sentence', () => {
    expect(() => parseLabelingConfig('<View/>')).toThrow(
      'the labeling config is wrong: it has no control tag',
    )
  })

  test('whatever is given, the answer is a config or a list of problems', () => {
    const pieces = [
      '<View>',
      '</View>',
      '<Text name="',
      'a',
      '" value="$',
      '"/>',
      '<Choices toName="a" name="__proto__">',
      '&amp;',
      '<!--',
      ']]>',
      '\0',
      '\ud800',
      '<constructor name="constructor" toName="a"/>',
    ]
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string()), { maxLength: 12 }), (parts) => {
        problemsOf(parts.join(''))
      }),
    )
  })
})
