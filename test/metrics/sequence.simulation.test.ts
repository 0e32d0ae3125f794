import { describe, expect, test } from 'vitest'
import { judge } from '../../src/alerts/threshold.ts'
import { type Interval, wilson } from '../../src/metrics/interval.ts'
import { binomialSequence, withoutReplacementSequence } from '../../src/metrics/sequence.ts'
import { present, seededRandom } from './fixtures/statistics-cases.ts'

const LABELS = 500

/** How often, of `rounds`, a look after each of many labels ever finds the true mean outside. */
function missRate(
  rounds: number,
  labels: number,
  truth: number,
  draw: (reviewed: number, sum: number) => number,
  look: (sum: number, reviewed: number) => Interval,
): number {
  let missed = 0
  for (let round = 0; round < rounds; round++) {
    let sum = 0
    for (let reviewed = 1; reviewed <= labels; reviewed++) {
      sum += draw(reviewed - 1, sum)
      const [lower, upper] = look(sum, reviewed)
      if (truth < lower || truth > upper) {
        missed++
        break
      }
    }
  }
  return missed / rounds
}

const sequence = (sum: number, reviewed: number) => present(binomialSequence({ sum, reviewed }, 0.95))

describe(`with a look after each of ${LABELS} labels`, () => {
  test.each([0.02, 0.1, 0.3, 0.5, 0.95])(
    'the sequence of a share of %d misses it in 1 to 5 of 100 cases',
    (share) => {
      const random = seededRandom(1)
      const rate = missRate(1000, LABELS, share, () => (random() < share ? 1 : 0), sequence)
      expect(rate).toBeGreaterThan(0.01)
      expect(rate).toBeLessThanOrEqual(0.05)
    },
  )

  test('the Wilson interval of a share of 0.3 misses it in more than 20 of 100 cases', () => {
    const random = seededRandom(1)
    const draw = () => (random() < 0.3 ? 1 : 0)
    const rate = missRate(1000, LABELS, 0.3, draw, (changed, reviewed) =>
      present(wilson({ changed, reviewed }, 0.95)),
    )
    expect(rate).toBeGreaterThan(0.2)
  })

  test.each([
    ['uniform scores', 0.5, (u: number) => u],
    ['scores that are mostly 1', 0.9, (u: number) => (u < 0.8 ? 1 : (u - 0.8) / 0.2)],
    ['scores near 0.9', 0.9, (u: number) => 0.85 + 0.1 * u],
  ])('the sequence of %s misses their mean of %d in at most 5 of 100 cases', (_, mean, score) => {
    const random = seededRandom(2)
    expect(missRate(600, LABELS, mean, () => score(random()), sequence)).toBeLessThanOrEqual(0.05)
  })

  test('a threshold at the true rate fails by mistake in at most 5 of 100 cases', () => {
    const random = seededRandom(3)
    let alarms = 0
    for (let round = 0; round < 1000; round++) {
      let sum = 0
      for (let reviewed = 1; reviewed <= LABELS; reviewed++) {
        if (random() < 0.2) sum++
        const measurement = { sequence: sequence(sum, reviewed), reviewed }
        if (judge(measurement, { max: 0.2, min_reviewed: 30 }).verdict === 'fail') {
          alarms++
          break
        }
      }
    }
    expect(alarms / 1000).toBeLessThanOrEqual(0.05)
  })
})

test.each([
  [30, 200],
  [3, 200],
  [150, 300],
])(
  'with a look after every draw, %d changed of %d tasks are missed in at most 5 of 100 cases',
  (changed, tasks) => {
    const random = seededRandom(4)
    const draw = (drawn: number, found: number) => (random() < (changed - found) / (tasks - drawn) ? 1 : 0)
    const look = (found: number, reviewed: number) =>
      present(withoutReplacementSequence({ changed: found, reviewed }, tasks, 0.95))
    expect(missRate(400, tasks, changed / tasks, draw, look)).toBeLessThanOrEqual(0.05)
  },
)
