import { describe, expect, test } from 'vitest'
import { ExportError, evaluateExport, seedOutcome } from '../../src/evaluations/offline.ts'

const region = (origin?: string) => ({
  from_name: 'answer',
  type: 'textarea',
  value: { text: ['x'] },
  origin,
})
const changed = region('prediction-changed')
const kept = region('prediction')

describe('how the original counts one task', () => {
  test.each([
    ['a changed prediction', [{ id: 1, result: [changed] }], 'changed'],
    ['an accepted prediction', [{ id: 1, result: [kept] }], 'unchanged'],
    ['written by hand', [{ id: 1, result: [region('manual')] }], 'unchanged'],
    ['no annotation', [], null],
    ['no region', [{ id: 1, result: [] }], 'unchanged'],
    ['a region without origin', [{ id: 1, result: [region()] }], 'unchanged'],
    ['a result that is no list', [{ id: 1, result: null }], 'unchanged'],
    ['only the first region counts', [{ id: 1, result: [kept, changed] }], 'unchanged'],
    [
      'only the first annotation counts',
      [
        { id: 2, result: [changed] },
        { id: 1, result: [kept] },
      ],
      'unchanged',
    ],
    [
      'the first annotation has the lowest id, wherever it stands',
      [
        { id: 10, result: [kept] },
        { id: 9, result: [changed] },
      ],
      'changed',
    ],
    [
      'a cancelled annotation counts',
      [
        { id: 1, result: [changed], was_cancelled: true },
        { id: 2, result: [kept] },
      ],
      'changed',
    ],
  ])('%s', (_, annotations, expected) => {
    expect(seedOutcome(annotations)).toBe(expected)
  })
})

const task = (...annotations: unknown[]) => ({ id: 1, data: {}, annotations })
const asExport = (...tasks: unknown[]) => JSON.stringify(tasks)
const oneOfFour = asExport(
  task({ id: 1, result: [changed] }),
  ...Array.from({ length: 3 }, (_, i) => task({ id: i + 2, result: [kept] })),
)

describe('the figures of an export', () => {
  test.each([
    ['1 changed of 4', oneOfFour, { changed: 1, total: 4, percent: 25, passed: true }],
    [
      'a task without annotations is not counted',
      asExport(task(), task({ id: 1, result: [changed] })),
      { changed: 1, total: 1, percent: 100, passed: false },
    ],
    [
      'a byte order mark is ignored',
      `\uFEFF${oneOfFour}`,
      { changed: 1, total: 4, percent: 25, passed: true },
    ],
    [
      'no annotation at all shows nothing, so it does not pass',
      asExport(task()),
      { changed: 0, total: 0, percent: null, passed: false },
    ],
    ['no task at all', '[]', { changed: 0, total: 0, percent: null, passed: false }],
  ])('%s', (_, text, expected) => {
    expect(evaluateExport(text)).toEqual(expected)
  })

  test.each([
    ['below the limit: passed', 25.1, true],
    ['at the limit: not passed', 25, false],
    ['above the limit: not passed', 24.9, false],
  ])('%s', (_, maxChanged, passed) => {
    expect(evaluateExport(oneOfFour, { maxChanged }).passed).toBe(passed)
  })

  test('the limit of the original is 75 %', () => {
    const share = (count: number) =>
      evaluateExport(
        asExport(
          ...Array.from({ length: 100 }, (_, i) => task({ id: i, result: [i < count ? changed : kept] })),
        ),
      )
    expect([share(74).passed, share(75).passed]).toEqual([true, false])
  })

  test('a limit that is no number is refused', () => {
    expect(() => evaluateExport(oneOfFour, { maxChanged: Number.NaN })).toThrow(RangeError)
  })
})

describe('anything but a JSON export is refused with a reason', () => {
  test.each([
    ['no JSON', 'id,question\n1,x', /not JSON/],
    ['an empty file', '', /not JSON/],
    ['one task alone', JSON.stringify(task()), /one object/],
    ['a list of numbers', '[1]', /Task 1 .* a number/],
    ['JSON-MIN', asExport({ id: 1, question: 'x', annotation_id: 3, answer: 'y' }), /JSON-MIN/],
    [
      'tasks without annotations, as for an import',
      asExport(task(), { data: {} }),
      /Task 2 .* no list of annotations/,
    ],
    ['an annotation without an id', asExport(task({ result: [] })), /Task 1 .* id/],
    ['an annotation that is no object', asExport(task(7)), /Task 1 .* annotation/],
  ])('%s', (_, text, message) => {
    expect(() => evaluateExport(text)).toThrow(ExportError)
    expect(() => evaluateExport(text)).toThrow(message)
    expect(() => evaluateExport(text)).toThrow(/Export > JSON/)
  })
})
