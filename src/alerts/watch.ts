import { sql } from 'kysely'
import type { Logger } from 'pino'
import type { Database, Transaction } from '../db/database.ts'
import { isTransient } from '../db/transient.ts'
import { type EvaluationContext, judgeThresholds } from '../evaluations/evaluation.ts'
import { readContext } from '../evaluations/read.ts'
import type { Definition } from '../monitors/monitor.ts'
import { writeAlerts } from './alert.ts'
import type { Outbox, Recipients } from './outbox.ts'
import { announceThreshold } from './threshold-announcement.ts'
import { type Alert, nextState, reminderDueAt } from './transition.ts'
import { noteDue } from './watches.ts'

/** What moves within it is looked at once. */
const LOOK_MS = 1_000
/** A project that can't be looked at must not keep the others waiting. */
const AGAIN_AFTER_MS = 60_000

export interface Watch {
  /** Looks at every project that is due. */
  look(): Promise<void>
  start(): void
  stop(): Promise<void>
}

interface WatchDependencies {
  database: Database
  outbox: Outbox
  labelStudioUrl: (project: number) => string | null
  /** Under which recipients reach this service. */
  publicUrl: string
  log: Logger
}

/**
 * Holds thresholds against the numbers whenever these have moved, and tells what has changed for certain. What is
 * told, that it was told and that it was looked at are one transaction: all of it is kept or none.
 */
export function createWatch(deps: WatchDependencies): Watch {
  const { database, log } = deps
  let timer: NodeJS.Timeout | null = null
  let looking: Promise<void> | null = null

  async function lookAtAll(): Promise<void> {
    const due = await database.kysely
      .selectFrom('watches')
      .select('project_id')
      .where('due_at', '<=', sql<Date>`clock_timestamp()`)
      .orderBy('due_at')
      .execute()
    for (const { project_id } of due) await lookOrPutOff(project_id)
  }

  async function lookOrPutOff(project: number): Promise<void> {
    try {
      await database.kysely.transaction().execute((tx) => lookAt(deps, tx, project))
    } catch (error) {
      if (isTransient(error)) throw error
      log.error({ err: error, project }, 'the thresholds of a project could not be looked at')
      await database.kysely
        .updateTable('watches')
        .set({ due_at: new Date(Date.now() + AGAIN_AFTER_MS) })
        .where('project_id', '=', project)
        .execute()
    }
  }

  function look(): Promise<void> {
    looking ??= lookAtAll().finally(() => {
      looking = null
    })
    return looking
  }

  return {
    look,
    start() {
      timer = setInterval(() => {
        look().catch((error) => log.warn({ err: error }, 'thresholds are looked at later'))
      }, LOOK_MS)
    },
    async stop() {
      if (timer) clearInterval(timer)
      await looking?.catch(() => {})
    },
  }
}

async function lookAt(deps: WatchDependencies, tx: Transaction, id: number): Promise<void> {
  // The lock that whoever moves the numbers holds: what is read is complete, and nobody else looks meanwhile.
  const project = await tx
    .selectFrom('projects')
    .selectAll()
    .where('project_id', '=', id)
    .forUpdate()
    .executeTakeFirst()
  const { numDeletedRows } = await tx
    .deleteFrom('watches')
    .where('project_id', '=', id)
    .where('due_at', '<=', sql<Date>`clock_timestamp()`)
    .executeTakeFirst()
  if (!project || project.gone || numDeletedRows === 0n) return
  const recipients = await recipientsOf(tx, project.run_id)
  if (!recipients) return

  const { rows } = await sql<{ now: Date }>`select clock_timestamp() as now`.execute(tx)
  const now = (rows[0] as { now: Date }).now
  const before = await readContext(tx, project, deps.labelStudioUrl)
  const someone = recipients.emails.length + recipients.webhooks.length > 0
  const changes = advance(before, someone, now)
  const alerts = changes.map(({ alert }) => alert)
  const changed = alerts.map((alert, index) => (alert === before.alerts[index] ? null : alert))
  await writeAlerts(tx, id, before.thresholds, changed)
  for (const [index, { announced, remindAt }] of changes.entries()) {
    if (announced) {
      const was = before.alerts[index] ?? null
      const announcement = announceThreshold({ ...before, alerts }, index, was, now, deps.publicUrl)
      await deps.outbox.announce(tx, announcement, recipients)
    }
    if (remindAt) await noteDue(tx, id, remindAt)
  }
}

/** Who is to be told; null where no monitor asks for it (any more). */
async function recipientsOf(tx: Transaction, run: string | null): Promise<Recipients | null> {
  if (run === null) return null
  const row = await tx
    .selectFrom('runs')
    .innerJoin('monitors', 'monitors.id', 'runs.monitor_id')
    .select('monitors.definition')
    .where('runs.id', '=', run)
    .executeTakeFirst()
  return row ? (row.definition as Definition).notify : null
}

interface Change {
  alert: Alert | null
  /** Whether it is to be told now. */
  announced: boolean
  /** When it is to be told again. */
  remindAt: Date | null
}

/** The alerts as they are from now on. @param someone whether there is anybody to tell */
function advance(
  { thresholds, alerts, ...context }: EvaluationContext,
  someone: boolean,
  now: Date,
): Change[] {
  return judgeThresholds({ thresholds, alerts, ...context }).map((judged, index) => {
    const before = alerts[index] ?? null
    const renotify = thresholds[index]?.renotify_hours ?? null
    const state = nextState(before?.state ?? 'ok', judged, judged)
    const edge = state !== (before?.state ?? 'ok')
    const due = before && reminderDueAt(before, renotify)
    const announced = someone && (edge || (due !== null && due <= now))
    const told = before && announced ? { ...before, notified_at: now } : before
    const alert = edge ? { state, since: now, notified_at: someone ? now : null } : told
    return { alert, announced, remindAt: someone && alert ? reminderDueAt(alert, renotify) : null }
  })
}
