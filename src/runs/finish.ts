import { linksOf } from '../alerts/links.ts'
import { renderRunMail } from '../alerts/run-mail.ts'
import type { components } from '../contract/schema.ts'
import type { Transaction } from '../db/database.ts'
import { toJsonb } from '../db/json.ts'
import { blindTasks, type RunStratum } from '../evaluations/tallies.ts'
import type { Definition } from '../monitors/monitor.ts'
import { type RunDependencies, RunStopped } from './execute.ts'
import { enter, type RunError, type RunProgress, type RunRow } from './run.ts'

type RunAnnouncement = components['schemas']['RunAnnouncement']

/** The run is ready, and its recipients are told: both or neither. */
export async function finish(deps: RunDependencies, id: string): Promise<void> {
  const entered = await deps.database.kysely.transaction().execute(async (tx) => {
    const run = await enter(tx, id, 'ready', { finished_at: new Date(), error: null })
    if (!run) return false
    const message = run.project_id === null ? NO_RECORDS : null
    await tx.updateTable('runs').set({ message }).where('id', '=', id).execute()
    await announce(deps, tx, { ...run, message }, 'ready', null)
    return true
  })
  if (!entered) throw new RunStopped()
}

const NO_RECORDS =
  "The window has no record that could be sampled, so no project was made. The monitor's preview says why."

/** The run has failed, and its recipients are told: both or neither. */
export async function announceFailed(deps: RunDependencies, id: string, error: RunError): Promise<void> {
  await deps.database.kysely.transaction().execute(async (tx) => {
    const run = await enter(tx, id, 'failed', {
      finished_at: new Date(),
      error: toJsonb(error),
      message: null,
    })
    if (run) await announce(deps, tx, run, 'failed', error)
  })
}

async function announce(
  deps: RunDependencies,
  tx: Transaction,
  run: RunRow,
  status: 'ready' | 'failed',
  error: RunError | null,
): Promise<void> {
  const { publicUrl } = deps
  const window = { from: run.window_from, to: run.window_to }
  const progress = run.progress as RunProgress
  const project =
    run.project_id === null
      ? null
      : { id: run.project_id, title: run.project_title as string, url: run.project_url as string }
  const data: RunAnnouncement = {
    run: run.id,
    monitor: run.monitor,
    status,
    window,
    project,
    progress,
    message: run.message,
    error: error?.message ?? null,
    links: linksOf({ publicUrl, run: run.id, project }),
  }
  const mail = renderRunMail(
    {
      id: run.id,
      monitor: run.monitor,
      status,
      window,
      progress,
      strata: run.strata as RunStratum[],
      tasks_blind: blindTasks(run.strata as RunStratum[]),
      project,
      webhook: run.webhook as { problem: string | null; remedy: string | null } | null,
      error,
    },
    { serviceUrl: publicUrl },
  )
  // Recipients need no secret of the monitor, so the definition is not opened for them.
  const { notify } = run.definition as Definition
  const about = { type: `run.${status}` as const, at: run.finished_at ?? new Date() }
  await deps.outbox.announce(
    tx,
    { ...about, run: run.id, project: run.project_id, mail, data: { ...data } },
    notify,
  )
}
