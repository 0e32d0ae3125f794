import { describe, expect, test } from 'vitest'
import { taskOutcome } from '../../src/evaluations/outcome.ts'
import { replacementsOf, shown } from '../../src/evaluations/replacement.ts'
import { control, region } from '../metrics/fixtures/regions.ts'
import { annotations, choice, imported, model, no, text, yes } from './outcomes.ts'

const box = (label: string, index: number) =>
  region(
    'rectanglelabels',
    { x: index, y: 0, width: 1, height: 1, rectanglelabels: [label] },
    { id: `${index}` },
  )

describe('what became what in one task', () => {
  test('is counted by region', () => {
    const { labels } = replacementsOf(
      control('tag', 'rectanglelabels'),
      [box('Car', 1), box('Car', 2), box('Bus', 3)],
      [box('Car', 1), box('Car', 2), box('Car', 3), box('Bus', 4)],
    )
    expect(labels).toEqual([
      ['Car', 'Car', 2],
      ['Bus', 'Car', 1],
      [null, 'Bus', 1],
    ])
  })

  test('is bounded, the most frequent kept', () => {
    const many = Array.from({ length: 2000 }, (_, index) => box(`label ${index % 1500}`, index))
    const { labels } = replacementsOf(control('tag', 'rectanglelabels'), many, many)
    expect(labels).toHaveLength(500)
    expect(labels.every(([, , count]) => count === 2)).toBe(true)
    const words = Array.from({ length: 500 }, (_, index) => `word${index} same`).join(' ')
    const other = words.replaceAll('word', 'other')
    const { edits } = replacementsOf(
      control('tag', 'textarea'),
      [region('textarea', { text: [words] })],
      [region('textarea', { text: [other] })],
    )
    expect(edits).toHaveLength(50)
  })

  test.each<[string, string, string]>([
    ['of 200 characters stays', 'x'.repeat(200), 'x'.repeat(200)],
    ['that is longer is cut', 'x'.repeat(201), `${'x'.repeat(199)}…`],
    ['is not cut in the middle of a character', `${'x'.repeat(198)}😀😀`, `${'x'.repeat(198)}\ufffd…`],
  ])('a label %s', (_, label, expected) => {
    expect(shown(label)).toBe(expected)
  })
})

describe('of several annotations', () => {
  const decided = (...all: Parameters<typeof annotations>) =>
    taskOutcome(imported(), annotations(...all), model).compared?.replacements

  test('the first of the majority on that control counts, once', () => {
    const replacements = decided({ result: no }, { result: [text('never'), choice('B')] }, { result: yes })
    expect(replacements?.answer?.edits).toEqual([['yes', 'no', 1]])
    expect(replacements?.topic?.labels).toEqual([['A', 'A', 1]])
  })

  test('the ground truth counts alone', () => {
    const truth = { result: [text('never'), choice('B')], ground_truth: true }
    expect(decided({ result: yes }, truth, { result: yes })).toEqual({
      answer: { labels: [], edits: [['yes', 'never', 1]] },
      topic: { labels: [['A', 'B', 1]], edits: [] },
    })
  })
})
