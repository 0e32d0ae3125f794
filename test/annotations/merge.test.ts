import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AnnotationFacts } from '../../src/annotations/event.ts'
import { mergeAnnotation, type StoredAnnotation, tombstone } from '../../src/annotations/merge.ts'

const MINUTE = 60_000_000

function heard(changes: Partial<AnnotationFacts> = {}): AnnotationFacts {
  return {
    annotation_id: 7,
    task_id: 5,
    unique_id: 'u',
    result: [],
    was_cancelled: false,
    ground_truth: false,
    completed_by: 1,
    parent_prediction: 9,
    lead_time_ms: 1000,
    updated_us: 100 * MINUTE,
    ...changes,
  }
}
function stored(changes: Partial<StoredAnnotation> = {}): StoredAnnotation {
  return { ...heard(), deleted: false, ...changes }
}
const ignored = { next: null, unclear: false }
const toBeRead = { next: null, unclear: true }

describe('an event about an annotation', () => {
  test.each<
    [
      sentence: string,
      known: StoredAnnotation | null,
      event: AnnotationFacts,
      then: Partial<StoredAnnotation> | null,
    ]
  >([
    ['that nobody knew is believed', null, heard(), stored()],
    [
      'that was updated later replaces what is known',
      stored(),
      heard({ updated_us: 101 * MINUTE, was_cancelled: true }),
      stored({ updated_us: 101 * MINUTE, was_cancelled: true }),
    ],
    [
      'that was updated earlier is ignored',
      stored(),
      heard({ updated_us: 99 * MINUTE, was_cancelled: true }),
      null,
    ],
    ['that comes again is ignored', stored(), heard(), null],
    [
      'of the same moment without the ground truth tells that another one got it',
      stored({ ground_truth: true }),
      heard(),
      stored(),
    ],
    [
      'of the same moment with the ground truth is the older of the two',
      stored(),
      heard({ ground_truth: true }),
      null,
    ],
    [
      'of the same moment without a parent tells that the prediction was deleted',
      stored(),
      heard({ parent_prediction: null }),
      stored({ parent_prediction: null }),
    ],
    [
      'of the same moment with a parent is the older of the two',
      stored({ parent_prediction: null }),
      heard(),
      null,
    ],
    [
      'that has a unique id adds it to what a list of tasks told',
      stored({ unique_id: null }),
      heard(),
      stored(),
    ],
    [
      'without a unique id leaves the one that is known',
      stored(),
      heard({ unique_id: null, updated_us: 101 * MINUTE }),
      stored({ updated_us: 101 * MINUTE }),
    ],
    [
      'in another task moves it there, if it is newer',
      stored(),
      heard({ task_id: 6, updated_us: 101 * MINUTE }),
      stored({ task_id: 6, updated_us: 101 * MINUTE }),
    ],
  ])('%s', (_sentence, known, event, then) => {
    expect(mergeAnnotation(known, event)).toEqual({ next: then, unclear: false })
  })

  test.each([
    ['newer, which is believed for now', 1, stored({ updated_us: 100 * MINUTE + 1 })],
    ['older', -1, null],
    ['newer by almost five seconds', 4_999_999, stored({ updated_us: 100 * MINUTE + 4_999_999 })],
  ])(
    'saved at about the same time has the task read, because Label Studio may keep either: %s',
    (_, later, next) => {
      expect(mergeAnnotation(stored(), heard({ updated_us: 100 * MINUTE + later }))).toEqual({
        next,
        unclear: true,
      })
    },
  )

  test.each([5_000_000, -5_000_000])('saved %i µs later was not saved at the same time', (later) => {
    expect(mergeAnnotation(stored(), heard({ updated_us: 100 * MINUTE + later })).unclear).toBe(false)
  })

  const deleted = stored({ deleted: true })
  test.each<[sentence: string, known: StoredAnnotation, event: AnnotationFacts, then: typeof ignored]>([
    ['that comes late is ignored', deleted, heard(), ignored],
    ['that comes late with a newer state is ignored', deleted, heard({ updated_us: 101 * MINUTE }), ignored],
    [
      'of the same id with another unique id may be about another one',
      deleted,
      heard({ unique_id: 'v' }),
      toBeRead,
    ],
    ['without a unique id may be about another one', deleted, heard({ unique_id: null }), toBeRead],
    [
      'that was deleted before it was heard of may be about another one',
      tombstone(null, 7),
      heard(),
      toBeRead,
    ],
  ])('that is deleted, %s', (_sentence, known, event, then) => {
    expect(mergeAnnotation(known, event)).toEqual(then)
  })
})

describe('a deletion', () => {
  test('of what is known keeps what was known of it', () => {
    expect(tombstone(stored(), 7)).toEqual(stored({ deleted: true }))
  })
  test('of what nobody knew remembers the id', () => {
    expect(tombstone(null, 7)).toMatchObject({ annotation_id: 7, task_id: null, deleted: true })
  })
})

test('any order and repetition of the same events ends in the same state', () => {
  /** As Label Studio does it: at one moment a ground truth or a parent can only be taken away. */
  const event = fc
    .record({
      updated_us: fc.nat(5),
      ground_truth: fc.boolean(),
      parent_prediction: fc.constantFrom(null, 9),
    })
    .map((state) => heard({ ...state, was_cancelled: state.updated_us % 2 === 0 }))
  const events = fc.array(event, { minLength: 1, maxLength: 8 })
  const inTwoOrders = events.chain((all) =>
    fc.tuple(
      fc.shuffledSubarray([...all, ...all], { minLength: 2 * all.length }),
      fc.shuffledSubarray(all, { minLength: all.length }),
    ),
  )
  fc.assert(
    fc.property(inTwoOrders, ([one, other]) => {
      expect(joined(one)).toEqual(joined(other))
    }),
    { numRuns: 1_000 },
  )
})

function joined(events: AnnotationFacts[]): StoredAnnotation | null {
  return events.reduce<StoredAnnotation | null>(
    (known, event) => mergeAnnotation(known, event).next ?? known,
    null,
  )
}
