import { describe, expect, it } from 'vitest'
import type { Region } from '../../src/labeling/types.ts'
import { labelPairs } from '../../src/metrics/confusion.ts'
import { textEdits } from '../../src/metrics/edits.ts'
import { control, region } from './fixtures/regions.ts'

const chosen = (...choices: string[]) => [region('choices', { choices })]
const span = (id: string | undefined, start: number, ...labels: string[]) =>
  region('labels', { start, end: start + 5, labels }, id === undefined ? {} : { id })

/** Rows as `predicted>corrected`, `-` for none, in order. */
function rows(type: string, prediction: Region[], annotation: Region[], perRegion = false): string[] {
  return labelPairs(control('tag', type, { perRegion }), prediction, annotation)
    .map(({ predicted, corrected }) => `${predicted ?? '-'}>${corrected ?? '-'}`)
    .sort()
}

describe('the rows of a confusion table', () => {
  it.each<[string, string, Region[], Region[], string[]]>([
    ['a choice kept', 'choices', chosen('A'), chosen('A'), ['A>A']],
    ['a choice taken for another', 'choices', chosen('A'), chosen('B'), ['A>B']],
    ['an answer taken away', 'choices', chosen('A'), [], ['A>-']],
    ['an answer added', 'choices', [], chosen('A'), ['->A']],
    ['no answer at all', 'choices', [], chosen(), []],
    ['one of several choices exchanged', 'choices', chosen('A', 'B'), chosen('A', 'C'), ['A>A', 'B>C']],
    ['more than one exchanged', 'choices', chosen('A', 'B'), chosen('C', 'D'), ['->C', '->D', 'A>-', 'B>-']],
    [
      'a path',
      'taxonomy',
      [region('taxonomy', { taxonomy: [['a', 'b']] })],
      [region('taxonomy', { taxonomy: [['a', 'c']] })],
      ['a/b>a/c'],
    ],
    [
      'the other of a pair',
      'pairwise',
      [region('pairwise', { selected: 'left' })],
      [region('pairwise', { selected: 'right' })],
      ['left>right'],
    ],
    ['a span with another label', 'labels', [span('a', 0, 'PER')], [span('a', 0, 'ORG')], ['PER>ORG']],
    ['a span moved and relabelled', 'labels', [span('a', 0, 'PER')], [span('a', 9, 'ORG')], ['PER>ORG']],
    [
      'a span relabelled where the prediction had no ids',
      'labels',
      [span(undefined, 0, 'PER')],
      [span('new', 0, 'ORG')],
      ['PER>ORG'],
    ],
    [
      'a span removed and one added elsewhere',
      'labels',
      [span('a', 0, 'PER')],
      [span('b', 90, 'ORG')],
      ['->ORG', 'PER>-'],
    ],
    [
      'ids that were swapped',
      'labels',
      [span('a', 0, 'PER'), span('b', 9, 'ORG')],
      [span('b', 0, 'PER'), span('a', 9, 'ORG')],
      ['ORG>ORG', 'PER>PER'],
    ],
    [
      'a tag without labels',
      'number',
      [region('number', { number: 1 })],
      [region('number', { number: 2 })],
      [],
    ],
  ])('of %s', (_, type, prediction, annotation, expected) => {
    expect(rows(type, prediction, annotation)).toEqual(expected)
  })

  it('of choices per region go by the region', () => {
    const said = (id: string, start: number, choice: string) =>
      region('choices', { start, end: 9, choices: [choice] }, { id })
    const before = [said('a', 0, 'good'), said('b', 5, 'bad')]
    expect(rows('choices', before, [said('b', 5, 'good'), said('a', 0, 'good')], true)).toEqual([
      'bad>good',
      'good>good',
    ])
  })
})

describe('the edits of a text', () => {
  const edits = (before: string | string[], after: string | string[]) =>
    textEdits(
      control('tag', 'textarea'),
      [region('textarea', { text: before })],
      [region('textarea', { text: after })],
    )

  it.each<[string, string | string[], string | string[], { removed: string; added: string }[]]>([
    [
      'a word exchanged',
      'The capital is Sydney.',
      'The capital is Canberra.',
      [{ removed: 'Sydney', added: 'Canberra' }],
    ],
    [
      'two places',
      'a b c d',
      'x b c y',
      [
        { removed: 'a', added: 'x' },
        { removed: 'd', added: 'y' },
      ],
    ],
    ['words added', 'In 1989.', 'In November of 1989.', [{ removed: '', added: 'November of' }]],
    ['words removed at the end', 'Yes, it is', 'Yes', [{ removed: ', it is', added: '' }]],
    ['a language without blanks', '私は猫です', '私は犬です', [{ removed: '猫', added: '犬' }]],
    ['the second entry', ['same', 'old'], ['same', 'new'], [{ removed: 'old', added: 'new' }]],
    ['no edit', 'same', 'same', []],
    ['blanks alone', 'a b', 'a  b', []],
  ])('%s', (_, before, after, expected) => {
    expect(edits(before, after)).toEqual(expected)
  })
})
