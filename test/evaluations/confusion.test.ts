import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { presentConfusion, presentEdits } from '../../src/evaluations/confusion.ts'
import { type Frequencies, NO_FREQUENCIES } from '../../src/evaluations/frequencies.ts'
import type { Replacement } from '../../src/evaluations/replacement.ts'
import { parseLabelingConfig } from '../../src/labeling/config.ts'
import { type LabelCounts, labelFigures } from '../../src/metrics/confusion.ts'

const { controls } = parseLabelingConfig(`<View><Text name="t" value="$t"/><Image name="i" value="$i"/>
  <Choices name="topic" toName="t"><Choice value="A"/><Choice value="B"/><Choice value="C"/></Choices>
  <Choices name="dynamic" toName="t" value="$choices"/>
  <Choices name="many" toName="t">${Array.from({ length: 150 }, (_, index) => `<Choice value="${index}"/>`).join('')}</Choices>
  <Pairwise name="better" toName="t,i"/><Rectangle name="box" toName="i"/><Number name="count" toName="t"/>
  <RectangleLabels name="boxes" toName="i"><Label value="Car"/></RectangleLabels>
  <TextArea name="answer" toName="t"/></View>`)
const control = (name: string) => controls.find((each) => each.name === name) as (typeof controls)[number]

/** The frequencies that those confusions give. */
function confused(...confusions: Replacement<string | null>[]): Frequencies {
  const labels = new Map<string, LabelCounts>()
  const of = (label: string) => {
    const counts = labels.get(label) ?? { predicted: 0, corrected: 0, both: 0 }
    labels.set(label, counts)
    return counts
  }
  for (const [predicted, corrected, count] of confusions) {
    if (predicted !== null) of(predicted).predicted += count
    if (corrected !== null) of(corrected).corrected += count
    if (predicted !== null && predicted === corrected) of(predicted).both += count
  }
  return { labels, confusions, edits: [] }
}

describe('the figures of a label that was', () => {
  test.each<[sentence: string, counts: LabelCounts, figures: (number | null)[]]>([
    ['right in all cases', { predicted: 5, corrected: 5, both: 5 }, [1, 1, 1]],
    [
      'predicted 4 times, given 6 times, both 3 times',
      { predicted: 4, corrected: 6, both: 3 },
      [0.75, 0.5, 0.6],
    ],
    ['never right', { predicted: 2, corrected: 3, both: 0 }, [0, 0, 0]],
    ['never predicted: no precision', { predicted: 0, corrected: 3, both: 0 }, [null, 0, 0]],
    ['predicted in vain: no recall', { predicted: 3, corrected: 0, both: 0 }, [0, null, 0]],
    ['never seen: none at all', { predicted: 0, corrected: 0, both: 0 }, [null, null, null]],
  ])('%s', (_sentence, counts, [precision, recall, f1]) => {
    expect(labelFigures(counts)).toMatchObject({ precision, recall, f1, support: counts.corrected })
  })
})

describe('a confusion table', () => {
  const table = presentConfusion(
    control('topic'),
    confused(['A', 'A', 7], ['A', 'B', 2], ['B', 'B', 4], ['B', null, 1], [null, 'A', 3], ['Z', 'A', 1]),
  )

  test('has a row by prediction and a column by decision, labels of the config first', () => {
    expect(table).toMatchObject({
      labels: ['A', 'B', 'C', 'Z'],
      counts: [
        [7, 2, 0, 0],
        [0, 4, 0, 0],
        [0, 0, 0, 0],
        [1, 0, 0, 0],
      ],
      removed: [0, 1, 0, 0],
      added: [3, 0, 0, 0],
      complete: true,
    })
  })

  test('has the figures of each label', () => {
    expect(
      table?.per_label.map(({ label, predicted, support, correct }) => [label, predicted, support, correct]),
    ).toEqual([
      ['A', 9, 11, 7],
      ['B', 5, 6, 4],
      ['C', 0, 0, 0],
      ['Z', 1, 0, 0],
    ])
    expect(table?.per_label[0]).toMatchObject({ precision: 7 / 9, recall: 7 / 11, f1: 14 / 20 })
  })

  test.each<[string, string, Frequencies, string[] | null]>([
    ['of a tag without labels is none', 'count', NO_FREQUENCIES, null],
    ['of plain rectangles is none', 'box', NO_FREQUENCIES, null],
    ['of free text is none', 'answer', NO_FREQUENCIES, null],
    ['before any review has the labels of the config', 'boxes', NO_FREQUENCIES, ['Car']],
    ['of labels from the task data has those that occurred', 'dynamic', confused(['x', 'y', 1]), ['x', 'y']],
    ['of labels from the task data may be empty', 'dynamic', NO_FREQUENCIES, []],
    ['of a pair has its sides', 'better', confused(['left', 'right', 1]), ['left', 'right']],
  ])('%s', (_sentence, name, frequencies, labels) => {
    expect(presentConfusion(control(name), frequencies)?.labels ?? null).toEqual(labels)
  })

  test('of more labels than can be looked at has those that occurred most, and says so', () => {
    const most = Array.from(
      { length: 90 },
      (_, index): Replacement<string> => [`${index}`, `${index + 60}`, 200 - index],
    )
    const cut = presentConfusion(control('many'), confused(...most))
    expect(cut?.labels).toHaveLength(100)
    expect(cut?.complete).toBe(false)
    expect(cut?.labels).toEqual(expect.arrayContaining(['0', '60', '40']))
  })

  test('adds up: rows to what was predicted, columns to what was decided', () => {
    const label = fc.constantFrom('A', 'B', 'C', 'D', null)
    const cell = fc
      .tuple(label, label, fc.integer({ min: 1, max: 9 }))
      .filter(([predicted, corrected]) => predicted !== null || corrected !== null)
    const cells = fc.uniqueArray(cell, { selector: ([predicted, corrected]) => `${predicted}>${corrected}` })
    fc.assert(
      fc.property(cells, (all) => {
        const confusion = presentConfusion(
          control('topic'),
          confused(...(all as Replacement<string | null>[])),
        )
        const sum = (numbers: number[]) => numbers.reduce((total, each) => total + each, 0)
        confusion?.per_label.forEach((figures, index) => {
          const { counts, removed, added } = confusion
          expect(sum(counts[index] ?? []) + (removed[index] ?? 0)).toBe(figures.predicted)
          expect(sum(counts.map((row) => row[index] ?? 0)) + (added[index] ?? 0)).toBe(figures.support)
          expect(counts[index]?.[index]).toBe(figures.correct)
        })
      }),
    )
  })
})

test('edits are shown of free text alone', () => {
  const edits: Frequencies = { ...NO_FREQUENCIES, edits: [['Sydney', 'Canberra', 3]] }
  expect(presentEdits(control('answer'), edits)).toEqual([['Sydney', 'Canberra', 3]])
  expect(presentEdits(control('answer'), NO_FREQUENCIES)).toEqual([])
  expect(presentEdits(control('topic'), NO_FREQUENCIES)).toBe(null)
})
