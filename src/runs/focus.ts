import type { Database } from '../db/database.ts'
import { latestFailures, reviewedRecords } from '../evaluations/failures.ts'
import type { Skips } from '../logs/scan-job.ts'
import { compileWhere } from '../logs/where.ts'
import type { Definition } from '../monitors/monitor.ts'
import type { DateWindow } from './window.ts'

/**
 * What a run looks at instead of everything, to have more like what failed. Its numbers are about that alone: they
 * stand in no trend, and no threshold is held against them.
 */
export interface Focus {
  /** In place of the monitor's `sample.where`; null leaves that. */
  where: string | null
  /** Only records of these; null takes all. */
  strata: string[] | null
}

/** The monitor as a run has it. */
export type RunDefinition = Definition & { focus?: Focus }

/** There is no failure that could be looked for. The message says why. */
export class NothingFailedError extends Error {}

/**
 * @returns null for a run that looks at everything; `window` is where the failures were
 * @throws WhereError, NothingFailedError
 */
export async function focusOf(
  db: Database['kysely'],
  monitorId: string,
  { where = null, like_failures }: { where?: string | null; like_failures?: boolean | null },
): Promise<{ focus: Focus; window: DateWindow | null } | null> {
  if (where === null && !like_failures) return null
  if (where !== null) compileWhere(where)
  if (!like_failures) return { focus: { where, strata: null }, window: null }
  const failures = await latestFailures(db, monitorId)
  if (!failures) {
    throw new NothingFailedError(
      'In the newest run of the monitor that somebody reviewed no task was changed, or there is no such run: nothing failed that there could be more of.',
    )
  }
  return { focus: { where, strata: failures.strata }, window: failures.window }
}

export function withFocus(definition: Definition, focus: Focus | null): RunDefinition {
  if (!focus) return definition
  const where = focus.where ?? definition.sample.where
  return { ...definition, sample: { ...definition.sample, where }, focus }
}

/** Which records a run leaves out for its focus: those of other strata, and those that somebody has reviewed. */
export async function skipsOf(
  db: Database['kysely'],
  { monitor_id, definition }: { monitor_id: string | null; definition: unknown },
): Promise<Skips | null> {
  const { focus } = definition as RunDefinition
  if (!focus) return null
  const records = monitor_id === null ? [] : [...(await reviewedRecords(db, monitor_id))]
  return { strata: focus.strata, records }
}
