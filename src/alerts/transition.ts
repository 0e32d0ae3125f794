import { judge, type Measurement, type Threshold } from './threshold.ts'

/** What is announced of a threshold, and holds until something else is certain. */
export type AlertState = 'ok' | 'warning' | 'fail'

/** What was last announced of a threshold. */
export interface Alert {
  state: AlertState
  since: Date
  /** Null where there was nobody to tell. */
  notified_at: Date | null
}

/**
 * The state to announce, after `announced`, of a threshold as it stands now. A state is left only for what is certain:
 *
 * | announced | fail | warning | pass | inconclusive |
 * | --- | --- | --- | --- | --- |
 * | ok | fail | warning | ok | ok |
 * | warning | fail | warning | ok, once surely short of `warn` | warning |
 * | fail | fail | warning, once surely within the bound | ok | fail |
 *
 * So the whole confidence sequence has to cross a bound, and to cross it back, for two messages: a metric that stays
 * near a bound, data that vanish, and a sequence that widens again announce nothing.
 */
export function nextState(announced: AlertState, measurement: Measurement, threshold: Threshold): AlertState {
  const { verdict, state } = judge(measurement, threshold)
  switch (state) {
    case 'fail':
      return 'fail'
    case 'warning':
      return announced === 'fail' && verdict !== 'pass' ? 'fail' : 'warning'
    case 'pass':
      return announced === 'warning' && !isShortOfWarn(measurement, threshold) ? 'warning' : 'ok'
    case 'inconclusive':
      return announced
  }
}

/** Not to be surely past `warn` is less than to be surely short of it. */
function isShortOfWarn(measurement: Measurement, { max, warn, min_reviewed }: Threshold): boolean {
  if (warn == null) return true
  const level: Threshold = max != null ? { max: warn, min_reviewed } : { min: warn, min_reviewed }
  return judge(measurement, level).verdict === 'pass'
}

/** When an alert that goes on is to be told again; null when never. */
export function reminderDueAt(
  { state, since, notified_at }: Alert,
  renotifyHours: number | null,
): Date | null {
  if (state === 'ok' || renotifyHours === null) return null
  return new Date((notified_at ?? since).getTime() + renotifyHours * 3_600_000)
}
