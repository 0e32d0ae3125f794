import type { Logger } from 'pino'
import type { Outbox } from '../alerts/outbox.ts'
import type { Database } from '../db/database.ts'
import { type LabelStudio, LabelStudioError } from '../labeling/client.ts'
import { SourceError, type SourceSettings } from '../logs/source.ts'
import type { Definition } from '../monitors/monitor.ts'
import { type Backoff, withBackoff } from './backoff.ts'
import { announceFailed, finish } from './finish.ts'
import { importTasks } from './import.ts'
import { makePlan, type Plan, PlanError } from './plan.ts'
import { makeProject, registerWebhook } from './project.ts'
import { enter, findRun, type RunError, type RunRow, update } from './run.ts'

export interface RunDependencies {
  database: Database
  labelStudio: LabelStudio
  outbox: Outbox
  /** Opens the secrets of the monitor that the run keeps. */
  openDefinition: (sealed: Definition) => Definition
  /** Where logs may be. */
  sources: SourceSettings
  /** Under which Label Studio reaches this service. */
  publicUrl: string
  webhookSecret: string
  backoff: Backoff
  log: Logger
}

/** The run is no longer to go on: somebody cancelled it. */
export class RunStopped extends Error {}

/**
 * THE FLOW. Takes a run from wherever an earlier attempt left it to its end: each step writes what it did before the
 * next begins, and asks what was done before it does it.
 *
 * Two processes never work on one run: whoever does holds a lock that PostgreSQL gives up with its connection.
 */
export async function executeRun(deps: RunDependencies, id: string, stop: AbortSignal): Promise<void> {
  const session = await deps.database.session('run')
  try {
    const lock = await session.query<{ locked: boolean }>(
      'select pg_try_advisory_lock(hashtextextended($1, 0)) as locked',
      [`run ${id}`],
    )
    if (!lock.rows[0]?.locked) return // Another process is at it.
    await go(deps, id, stop)
  } finally {
    await session.end()
  }
}

async function go(deps: RunDependencies, id: string, stop: AbortSignal): Promise<void> {
  let run = await findRun(deps.database.kysely, id)
  if (!run || ['ready', 'failed', 'cancelled'].includes(run.status)) return
  const watch = watchForCancel(deps, id)
  const signal = AbortSignal.any([stop, watch.signal])
  const step = <T>(work: () => Promise<T>) => patiently(deps, id, signal, work)
  try {
    if (!run.plan) {
      run = await entered(deps, id, 'scanning', { started_at: run.started_at ?? new Date(), message: null })
      await step(() => makePlan(deps, run as RunRow, signal))
    }
    run = await entered(deps, id, 'importing', { message: null })
    const plan = run.plan as Plan
    if (plan.tasks > 0) {
      run = await step(() => makeProject(deps, run as RunRow, plan))
      await step(() => importTasks(deps, run as RunRow, plan, signal))
      await step(() => registerWebhook(deps, run as RunRow, signal))
    }
    await finish(deps, id)
    deps.log.info({ run: id, tasks: plan.tasks, project: run.project_id }, 'the run is ready')
  } catch (error) {
    if (stop.aborted) throw error // The service stops; another attempt goes on.
    if (watch.signal.aborted || error instanceof RunStopped) return
    deps.log.error({ err: error, run: id }, 'the run failed')
    await announceFailed(deps, id, asRunError(error))
  } finally {
    watch.stop()
  }
}

async function entered(
  deps: RunDependencies,
  id: string,
  status: 'scanning' | 'importing',
  fields: Parameters<typeof enter>[3],
): Promise<RunRow> {
  const run = await enter(deps.database.kysely, id, status, fields)
  if (!run) throw new RunStopped()
  return run
}

/** Sits out what passes by itself, and says on the run what it waits for. */
function patiently<T>(
  deps: RunDependencies,
  id: string,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  return withBackoff(work, {
    ...deps.backoff,
    signal,
    passing: (error) =>
      (error instanceof LabelStudioError || error instanceof SourceError) && error.kind === 'unavailable',
    asked: (error) => (error instanceof LabelStudioError ? error.retryAfterMs : null),
    onWait: async (error, attempt, waitMs) => {
      const message = `Attempt ${attempt} of ${deps.backoff.attempts} failed, next in ${Math.ceil(waitMs / 1000)} s: ${(error as Error).message}`
      deps.log.warn({ run: id }, message)
      await update(deps.database.kysely, id, { message })
    },
  })
}

const WATCH_MS = 500

/** Fires when the run is cancelled, by whichever process. */
function watchForCancel(deps: RunDependencies, id: string): { signal: AbortSignal; stop: () => void } {
  const controller = new AbortController()
  const timer = setInterval(async () => {
    const run = await findRun(deps.database.kysely, id).catch(() => undefined)
    if (run?.status === 'cancelled') controller.abort(new RunStopped())
  }, WATCH_MS)
  return { signal: controller.signal, stop: () => clearInterval(timer) }
}

/** Who can mend it, and how it is told. An error that nobody foresaw tells nothing of itself to users. */
function asRunError(error: unknown): RunError {
  if (error instanceof PlanError) return { kind: 'user', message: error.message }
  if (error instanceof SourceError) {
    return { kind: error.kind === 'unavailable' ? 'operator' : 'user', message: error.message }
  }
  if (error instanceof LabelStudioError) return { kind: 'operator', message: error.message }
  return {
    kind: 'bug',
    message: 'An unexpected error stopped the run; the service’s log has the details. Retry the run.',
  }
}
