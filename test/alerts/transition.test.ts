import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { thresholdKeys } from '../../src/alerts/alert.ts'
import { judge, type Threshold } from '../../src/alerts/threshold.ts'
import { type AlertState, nextState, reminderDueAt } from '../../src/alerts/transition.ts'
import type { Interval } from '../../src/metrics/interval.ts'

type Row = [sentence: string, announced: AlertState, sequence: Interval | null, next: AlertState]

function announces(threshold: Threshold, rows: Row[]) {
  test.each(rows)('%s', (_, announced, sequence, next) => {
    expect(nextState(announced, { sequence, reviewed: 57 }, threshold)).toBe(next)
  })
}

describe('a threshold with max 0.5', () => {
  announces({ max: 0.5, min_reviewed: 30 }, [
    ['that was fine and surely is stays fine', 'ok', [0.1, 0.4], 'ok'],
    ['that was fine and may be past stays fine', 'ok', [0.4, 0.6], 'ok'],
    ['that was fine and is surely past fails', 'ok', [0.51, 0.7], 'fail'],
    ['that failed and surely still does stays failed', 'fail', [0.51, 0.7], 'fail'],
    ['that failed and may be within stays failed', 'fail', [0.3, 0.6], 'fail'],
    ['that failed and has its lower bound at max stays failed', 'fail', [0.5, 0.7], 'fail'],
    ['that failed and has no data any more stays failed', 'fail', null, 'fail'],
    ['that failed and has its upper bound at max recovers', 'fail', [0.2, 0.5], 'ok'],
    ['that warned before `warn` was removed stays warned while it is open', 'warning', [0.4, 0.6], 'warning'],
    ['that warned before `warn` was removed recovers when it is surely within', 'warning', [0.1, 0.5], 'ok'],
  ])
})

describe('a threshold with max 0.5 and warn 0.2', () => {
  announces({ max: 0.5, warn: 0.2, min_reviewed: 30 }, [
    ['warns when it is surely past warn', 'ok', [0.21, 0.6], 'warning'],
    ['does not warn when it may be past warn', 'ok', [0.2, 0.6], 'ok'],
    ['fails after it warned', 'warning', [0.51, 0.6], 'fail'],
    ['fails at once when both are passed at once', 'ok', [0.51, 0.6], 'fail'],
    ['stays warned when its lower bound slips below warn', 'warning', [0.19, 0.4], 'warning'],
    ['stays warned when it is wholly open', 'warning', [0.1, 0.6], 'warning'],
    ['recovers from the warning when it is surely short of warn', 'warning', [0.1, 0.2], 'ok'],
    ['stays failed when it is surely past warn and may be past max', 'fail', [0.3, 0.6], 'fail'],
    ['warns after it failed when it is surely between the two', 'fail', [0.3, 0.5], 'warning'],
    ['recovers from failing when it is surely within and not surely past warn', 'fail', [0.1, 0.4], 'ok'],
  ])
})

describe('a threshold with min 0.8 and warn 0.9', () => {
  announces({ min: 0.8, warn: 0.9, min_reviewed: 30 }, [
    ['warns when it is surely below warn', 'ok', [0.7, 0.89], 'warning'],
    ['fails when it is surely below min', 'warning', [0.5, 0.79], 'fail'],
    ['stays warned when its upper bound rises above warn', 'warning', [0.82, 0.91], 'warning'],
    ['recovers from the warning when it is surely above warn', 'warning', [0.9, 0.97], 'ok'],
    ['warns after it failed when it is surely between the two', 'fail', [0.8, 0.89], 'warning'],
    ['recovers from failing when it is surely above min', 'fail', [0.8, 0.95], 'ok'],
  ])
})

test('before min_reviewed nothing is announced, and nothing taken back', () => {
  const threshold = { max: 0.5, min_reviewed: 30 }
  expect(nextState('ok', { sequence: [0.9, 1], reviewed: 29 }, threshold)).toBe('ok')
  expect(nextState('fail', { sequence: [0, 0.1], reviewed: 29 }, threshold)).toBe('fail')
})

describe('whatever a metric does', () => {
  const bound = fc.integer({ min: 0, max: 20 }).map((n) => n / 20)
  const sequence = fc.option(
    fc.tuple(bound, bound).map(([a, b]): Interval => [Math.min(a, b), Math.max(a, b)]),
  )
  const measurements = fc.array(fc.record({ sequence, reviewed: fc.integer({ min: 25, max: 60 }) }))
  const limits = fc.tuple(bound, bound).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)
  const threshold = fc
    .record({ limits, warned: fc.boolean(), mirrored: fc.boolean() })
    .map(({ limits: [low, high], warned, mirrored }): Threshold => {
      const [warn, limit] = mirrored ? [high, low] : [low, high]
      return { [mirrored ? 'min' : 'max']: limit, warn: warned ? warn : null, min_reviewed: 30 }
    })

  test('each edge is told once, and only when it is certain', () => {
    fc.assert(
      fc.property(threshold, measurements, (threshold, measurements) => {
        let state: AlertState = 'ok'
        for (const measurement of measurements) {
          const next = nextState(state, measurement, threshold)
          // Looking again is no news.
          expect(nextState(next, measurement, threshold)).toBe(next)
          const { verdict, state: seen } = judge(measurement, threshold)
          if (next !== state) {
            if (next === 'fail') expect(verdict).toBe('fail')
            if (next === 'warning') expect(seen).toBe('warning')
            if (next === 'ok' || state === 'fail') expect(verdict).toBe('pass')
          }
          if (verdict === 'fail') expect(next).toBe('fail')
          state = next
        }
      }),
    )
  })

  test('a metric that surely fails and surely passes in turn is told at each turn', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean()), (turns) => {
        const threshold = { max: 0.5, warn: 0.2, min_reviewed: 30 }
        let state: AlertState = 'ok'
        const told: AlertState[] = []
        for (const fails of turns) {
          const next = nextState(state, { sequence: fails ? [0.6, 0.9] : [0, 0.1], reviewed: 57 }, threshold)
          if (next !== state) told.push(next)
          state = next
        }
        const expected = turns.filter((fails, index) => fails !== (turns[index - 1] ?? false))
        expect(told).toEqual(expected.map((fails) => (fails ? 'fail' : 'ok')))
      }),
    )
  })

  test('bounds that tremble around warn and max tell at most one warning and one failure', () => {
    const tremble = fc.array(fc.tuple(fc.double({ min: 0.15, max: 0.55, noNaN: true }), fc.constant(0.7)))
    fc.assert(
      fc.property(tremble, (sequences) => {
        let state: AlertState = 'ok'
        let edges = 0
        for (const sequence of sequences) {
          const next = nextState(state, { sequence, reviewed: 57 }, { max: 0.5, warn: 0.2, min_reviewed: 30 })
          if (next !== state) edges += 1
          state = next
        }
        expect(edges).toBeLessThanOrEqual(2)
      }),
    )
  })
})

describe('a reminder', () => {
  const since = new Date('2024-11-11T00:00:00Z')
  const told = new Date('2024-11-12T00:00:00Z')
  test.each([
    ['is never due without renotify_hours', { state: 'fail', since, notified_at: told }, null, null],
    ['is never due of what recovered', { state: 'ok', since, notified_at: told }, 24, null],
    [
      'counts from the last message',
      { state: 'fail', since, notified_at: told },
      24,
      '2024-11-13T00:00:00.000Z',
    ],
    [
      'is due for warnings too',
      { state: 'warning', since, notified_at: told },
      0.5,
      '2024-11-12T00:30:00.000Z',
    ],
    [
      'counts from the edge where nobody was told',
      { state: 'fail', since, notified_at: null },
      24,
      '2024-11-12T00:00:00.000Z',
    ],
  ] as const)('%s', (_, alert, hours, due) => {
    expect(reminderDueAt(alert, hours)?.toISOString() ?? null).toBe(due)
  })
})

describe('what tells thresholds apart', () => {
  const min_reviewed = 30
  test.each([
    ['the metric', { metric: 'change_rate', max: 0.5 }, { metric: 'similarity', max: 0.5 }, false],
    ['the side', { metric: 'change_rate', max: 0.5 }, { metric: 'change_rate', min: 0.1 }, false],
    [
      'the model version',
      { metric: 'change_rate', max: 0.5, model_version: 'v1' },
      { metric: 'change_rate', max: 0.5, model_version: 'v2' },
      false,
    ],
    [
      'a stratum, also of the name of a model version',
      { metric: 'change_rate', max: 0.5, model_version: 'a' },
      { metric: 'change_rate', max: 0.5, stratum: 'a' },
      false,
    ],
    [
      'not the bound',
      { metric: 'change_rate', max: 0.5 },
      { metric: 'change_rate', max: 0.6, warn: 0.1 },
      true,
    ],
    [
      'not a null that is written',
      { metric: 'change_rate', max: 0.5 },
      { metric: 'change_rate', max: 0.5, min: null, stratum: null },
      true,
    ],
  ])('%s', (_, one, other, same) => {
    const [a] = thresholdKeys([{ min_reviewed, ...one }])
    const [b] = thresholdKeys([{ min_reviewed, ...other }])
    expect(a === b).toBe(same)
  })

  test('two of one kind by their order', () => {
    const threshold = { metric: 'change_rate', max: 0.5, min_reviewed }
    const keys = thresholdKeys([threshold, threshold])
    expect(new Set(keys).size).toBe(2)
    expect(keys[0]).toBe(thresholdKeys([threshold])[0])
  })
})
