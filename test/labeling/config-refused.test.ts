import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LabelingConfigError, parseLabelingConfig } from '../../src/labeling/config.ts'
import type { Problem } from '../../src/labeling/types.ts'

function problemsOf(xml: string): Problem[] {
  try {
    parseLabelingConfig(xml)
  } catch (error) {
    if (error instanceof LabelingConfigError) return error.problems
    throw error
  }
  return []
}

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
