import { describe, expect, it } from 'vitest'
import { parseLabelingConfig } from '../../src/labeling/config.ts'
import type { Region } from '../../src/labeling/types.ts'
import { compareResults } from '../../src/metrics/compare.ts'

/** The names of the controls in which two results differ; the same the other way round. */
function changed(config: string, prediction: Region[], annotation: Region[]): string[] {
  const { controls } = parseLabelingConfig(`<View><Text name="t" value="$t"/>${config}</View>`)
  const names = (before: Region[], after: Region[]) =>
    Object.entries(compareResults(before, after, controls)).flatMap(([name, outcome]) => {
      expect(outcome.similarity === 1).toBe(!outcome.changed)
      return outcome.changed ? [name] : []
    })
  expect(names(annotation, prediction)).toEqual(names(prediction, annotation))
  return names(prediction, annotation)
}

const region = (from_name: string, type: string, id: string, value: object, more: object = {}): Region =>
  ({ id, from_name, to_name: 't', type, value, ...more }) as Region
const choice = (id: string, one: string) => region('c', 'choices', id, { choices: [one] })
const stars = (id: string, rating: unknown) => region('s', 'rating', id, { rating })
const text = (id: string, ...entries: string[]) => region('a', 'textarea', id, { text: entries })
const span = (id: string, start: number, end: number, ...labels: string[]) =>
  region('n', 'labels', id, { start, end, labels })
const box = (id: string, x: number, labels: object) =>
  region('r', 'rectanglelabels', id, { x, y: 10, width: 10, height: 10, ...labels })

const CHOICES = '<Choices name="c" toName="t"><Choice value="A"/><Choice value="B"/></Choices>'
const LABELS = '<Labels name="n" toName="t"><Label value="PER"/><Label value="ORG"/></Labels>'
const BOXES =
  '<Image name="i" value="$i"/><RectangleLabels name="r" toName="i"><Label value="Car"/></RectangleLabels>'
const TEXT = '<TextArea name="a" toName="t"/>'
const PRESET = '<TextArea name="a" toName="t" value="preset"/>'

/** A sentence, the config, the prediction, what an untouched submit sends, and the smallest edits. */
type Row = [string, string, Region[], Region[], ...Region[][]]

const { to_name: _, ...nameless } = text('2', 'x')
const taxonomy = (leaf: string) => region('x', 'taxonomy', '1', { taxonomy: [['A', leaf]] })
const BY_TAXONOMY = (when: string) =>
  `<Taxonomy name="x" toName="t"><Choice value="A"><Choice value="A1"/><Choice value="A2"/></Choice></Taxonomy>
   <TextArea name="a" toName="t" visibleWhen="${when}" whenTagName="x" whenChoiceValue="A1"/>`

describe('an untouched submit', () => {
  it.each<Row>([
    [
      'keeps the last of two answers',
      CHOICES,
      [choice('1', 'A'), choice('2', 'B')],
      [choice('2', 'B')],
      [choice('1', 'A')],
      [choice('2', 'A')],
      [],
    ],
    [
      'keeps the last of two texts without ids',
      TEXT,
      [text('', 'x'), text('', 'y')],
      [text('new', 'y')],
      [text('new', 'x')],
    ],
    [
      'keeps the last text, though it is empty',
      TEXT,
      [text('1', 'x'), text('2')],
      [text('2')],
      [text('2', 'y')],
    ],
    [
      'keeps the last number of stars that it can read',
      '<Rating name="s" toName="t"/>',
      [stars('1', 4), stars('2', '3')],
      [stars('1', 4)],
      [stars('1', 3)],
    ],
    [
      'adds the preset text',
      PRESET,
      [text('1', 'x')],
      [text('1', 'x', 'preset')],
      [text('1', 'y', 'preset')],
      [text('1', 'preset')],
    ],
    [
      'adds the preset text to itself',
      PRESET,
      [text('1', 'preset')],
      [text('1', 'preset', 'preset')],
      [text('1', 'presets', 'preset')],
    ],
    [
      'adds the preset text where there was none',
      PRESET,
      [],
      [text('1', 'preset')],
      [text('1', 'y', 'preset')],
    ],
    [
      'adds no preset text about a region',
      `${LABELS}<TextArea name="a" toName="t" perRegion="true" value="preset"/>`,
      [span('1', 0, 3, 'PER'), text('1', 'x')],
      [span('1', 0, 3, 'PER'), text('1', 'x')],
      [span('1', 0, 3, 'PER'), text('1', 'x', 'preset')],
    ],
    [
      'drops what depends on a value of a Taxonomy',
      BY_TAXONOMY('choice-selected'),
      [taxonomy('A1'), text('2', 'x')],
      [taxonomy('A1')],
      [taxonomy('A2')],
      [taxonomy('A1'), text('2', 'y')],
    ],
    [
      'keeps what another value of a Taxonomy would have to show',
      BY_TAXONOMY('choice-unselected'),
      [taxonomy('A1'), text('2', 'x')],
      [taxonomy('A1'), text('2', 'x')],
      [taxonomy('A1')],
      [taxonomy('A1'), text('2', 'y')],
    ],
    [
      'drops an answer without to_name',
      TEXT + CHOICES,
      [choice('1', 'A'), nameless],
      [choice('1', 'A')],
      [choice('1', 'B')],
      [choice('1', 'A'), text('3', 'y')],
    ],
    [
      'drops a span that names two texts at once',
      LABELS,
      [span('1', 0, 3, 'PER'), { ...span('2', 4, 7, 'PER'), to_name: 't,u' }],
      [span('1', 0, 3, 'PER')],
      [span('1', 0, 2, 'PER')],
      [],
    ],
    [
      'stops at the first answer that it cannot read',
      `<Rating name="s" toName="t"/>${TEXT}${CHOICES}`,
      [choice('1', 'A'), stars('2', '4'), text('3', 'x')],
      [choice('1', 'A')],
      [choice('1', 'B')],
      [choice('1', 'A'), text('4', 'y')],
      [],
    ],
    [
      'stops at the first span with a score that is no number',
      LABELS,
      [span('1', 0, 3, 'PER'), { ...span('2', 4, 7, 'ORG'), score: '0.5' }, span('3', 8, 9, 'ORG')],
      [span('1', 0, 3, 'PER')],
      [span('1', 0, 3, 'ORG')],
      [span('1', 0, 3, 'PER'), span('4', 8, 10, 'ORG')],
    ],
    [
      'drops the labels of a box under another name than its own',
      BOXES,
      [box('1', 10, { labels: ['Car'] })],
      [box('1', 10, { rotation: 0 })],
      [box('1', 12, { rotation: 0 })],
      [],
    ],
    [
      'drops a span of a text whose labels stand under another name',
      LABELS,
      [region('n', 'labels', '1', { start: 0, end: 3, hypertextlabels: ['PER'] })],
      [],
      [span('2', 0, 3, 'ORG')],
    ],
    [
      'puts spans under one id at the place of the first',
      LABELS,
      [span('1', 0, 3, 'PER'), span('1', 4, 12, 'ORG')],
      [span('1', 0, 3, 'PER'), span('1', 0, 3, 'ORG')],
      [span('1', 0, 3, 'PER'), span('1', 0, 3, 'PER')],
      [span('1', 0, 3, 'PER')],
      [span('1', 0, 2, 'PER'), span('1', 0, 2, 'ORG')],
    ],
  ])('%s', (_says, config, prediction, untouched, ...edits) => {
    expect(changed(config, prediction, untouched)).toEqual([])
    expect(edits.map((edit) => changed(config, prediction, edit).length > 0)).toEqual(edits.map(() => true))
  })
})
