import { describe, expect, test } from 'vitest'
import { findTag, parseLabelingConfig, withoutDeclaration } from '../../src/labeling/config.ts'
import { CONFIGS, type ConfigName } from './configs.ts'
import { outline } from './outline.ts'

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

  test('a $ inside a label is a $, a label that is a key comes from the data', () => {
    const labels = (label: string) =>
      `<View><Text name="t" value="$t"/><Labels name="l" toName="t"><Label value="${label}"/></Labels></View>`
    expect(outline(labels('A$AP'))).toMatchObject({ controls: ['l:labels→t[A$AP]'], data: ['t'] })
    expect(outline(labels('$label'))).toMatchObject({ controls: ['l:labels→t[*]'], data: ['t', 'label'] })
  })

  test('blank lines and a byte order mark before the XML declaration are fine', () => {
    const config = CONFIGS['text written in every way']
    expect(outline(`\uFEFF\n  ${config}`)).toEqual(outline(config))
    expect(withoutDeclaration(`\uFEFF\n  ${config}`)).toMatch(/^<!-- a comment/)
    expect(withoutDeclaration(CONFIGS.chat)).toBe(CONFIGS.chat)
  })
})
