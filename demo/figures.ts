import type { Evaluation } from '../src/contract/types.ts'

type Interval = Evaluation['change_rate']['interval']

const barWidth = 24

/** The live metrics as a small table: progress, the change rate, the same weighted, and by model version. */
export function figures(evaluation: Evaluation): string[] {
  const { coverage, change_rate: rate, by_model_version: versions } = evaluation
  const done = coverage.reviewed + coverage.skipped
  const filled = Math.round((barWidth * done) / Math.max(coverage.tasks, 1))
  const bar = '█'.repeat(filled) + '░'.repeat(barWidth - filled)
  return [
    `${bar}  ${done} of ${coverage.tasks} tasks, ${coverage.skipped} skipped, similarity ${decimal(evaluation.similarity)}`,
    row('', 'reviewed', 'changed', 'rate', '95 % interval'),
    row('sample', rate.reviewed, rate.changed, percent(rate.value), range(rate.interval)),
    row('all of the logs', '', '', percent(rate.weighted?.value), range(rate.weighted?.interval)),
    ...versions.map(({ key, reviewed, changed, value, interval }) =>
      row(key, reviewed, changed, percent(value), range(interval)),
    ),
  ]
}

/** The same on one line. */
export function figuresLine({ coverage, change_rate: rate, similarity }: Evaluation): string {
  const done = coverage.reviewed + coverage.skipped
  return (
    `${done} of ${coverage.tasks} tasks: ${rate.changed} of ${rate.reviewed} changed (${percent(rate.value)}), ` +
    `in all of the logs ${percent(rate.weighted?.value)}, similarity ${decimal(similarity)}`
  )
}

export function percent(share: number | null | undefined): string {
  return share == null ? '–' : `${(share * 100).toFixed(1)} %`
}

function range(interval: Interval | undefined): string {
  return interval ? interval.map((bound) => (bound * 100).toFixed(1)).join(' – ') : '–'
}

function decimal(share: number | null): string {
  return share === null ? '–' : share.toFixed(3)
}

function row(name: string, ...cells: (string | number)[]): string {
  const [reviewed, changed, rate, interval] = cells.map(String)
  return `${name.padEnd(16)}${reviewed?.padStart(9)}${changed?.padStart(9)}${rate?.padStart(10)}${interval?.padStart(16)}`
}
