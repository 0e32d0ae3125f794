import { randomUUID } from 'node:crypto'
import pino from 'pino'
import { deliverByMail, deliverByWebhook } from '../../src/alerts/deliver.ts'
import type { MailContent, MailError, Mailer } from '../../src/alerts/mail.ts'
import { type Notification, notificationsOf } from '../../src/alerts/notifications.ts'
import { createOutbox, type Outbox } from '../../src/alerts/outbox.ts'
import { createWatch, type Watch } from '../../src/alerts/watch.ts'
import { noteMoved } from '../../src/alerts/watches.ts'
import { createWebhookCaller } from '../../src/alerts/webhook.ts'
import { lockProject } from '../../src/annotations/store.ts'
import type { Database } from '../../src/db/database.ts'
import { toJsonb } from '../../src/db/json.ts'
import { type Addend, moveTallies } from '../../src/evaluations/tally.ts'
import { openQueue, type Queue } from '../../src/jobs/queue.ts'
import { createMonitors, type Monitor, type MonitorDraft, type Monitors } from '../../src/monitors/monitor.ts'
import { NO_PROGRESS } from '../../src/runs/run.ts'
import { monitorInput } from '../support/monitors.ts'

export interface Alerts {
  database: Database
  queue: Queue
  monitors: Monitors
  outbox: Outbox
  watch: Watch
  /** Every e-mail that was sent. */
  mails: (MailContent & { to: readonly string[] })[]
  /** What the mail server says to the next mails instead. */
  refusals: MailError[]
  logged: string[]
}

/** The watch and the outbox on a database; neither is started. @param delays of the outbox, in seconds */
export function alertsOn(database: Database, delays = [0.1, 0.1, 0.1]): Alerts {
  const logged: string[] = []
  const log = pino({ level: 'debug' }, { write: (line: string) => void logged.push(line) })
  const queue = openQueue({ database, log })
  const monitors = createMonitors(database, 'test-secret-key')
  const mails: Alerts['mails'] = []
  const refusals: MailError[] = []
  const mailer: Mailer = {
    async send({ to, subject, text, html }) {
      const refusal = refusals.shift()
      if (refusal) throw refusal
      mails.push({ to, subject, text, html })
      return { accepted: [...to], rejected: [] }
    },
    async verify() {},
    close() {},
  }
  const call = createWebhookCaller({ allowPrivate: true, userAgent: 'test', timeoutMs: 2_000 })
  const deliver = { email: deliverByMail(mailer), webhook: deliverByWebhook(database, monitors, call) }
  const outbox = createOutbox({ database, queue, deliver, log, delays })
  const watch = createWatch({ ...surroundings, database, outbox, log })
  return { database, queue, monitors, outbox, watch, mails, refusals, logged }
}

export const surroundings = {
  labelStudioUrl: (project: number) => `http://label-studio.test/projects/${project}`,
  publicUrl: 'https://monitor.test',
}

/** A monitor with a ready run and its project. */
export async function reviewedProject(
  { database, monitors }: Pick<Alerts, 'database' | 'monitors'>,
  changes: Partial<MonitorDraft> = {},
  project = 12,
): Promise<{ monitor: Monitor; run: string; project: number }> {
  const draft = monitorInput(changes as Record<string, unknown>) as MonitorDraft
  const monitor = (await monitors.find(draft.name)) ?? (await monitors.create(draft))
  if (monitor === 'name_taken') throw new Error('the name is taken')
  const run = randomUUID()
  await database.kysely
    .insertInto('runs')
    .values({
      id: run,
      monitor_id: monitor.id,
      monitor: monitor.definition.name,
      definition: toJsonb(monitor.definition),
      status: 'ready',
      window_from: '2024-11-11',
      window_to: '2024-11-12',
      total: 200,
      seed: 1,
      request_hash: '',
      progress: toJsonb(NO_PROGRESS),
      strata: toJsonb([
        { key: '2024-11-11', seen: 1_000, sampled: 100 },
        { key: '2024-11-12', seen: 1_000, sampled: 100 },
      ]),
      project_id: project,
    })
    .execute()
  await database.kysely
    .insertInto('projects')
    .values({
      project_id: project,
      run_id: run,
      monitor: monitor.definition.name,
      title: 'QA model 2024-11-11..2024-11-12',
      adopted: true,
    })
    .execute()
  return { monitor, run, project }
}

/** Makes the numbers of a project what they are after so many reviews, so many of them with a change. */
export async function reviews(
  database: Database,
  project: number,
  { reviewed, changed, version = null }: { reviewed: number; changed: number; version?: string | null },
): Promise<void> {
  await database.kysely.transaction().execute(async (tx) => {
    await lockProject(tx, project)
    await tx.deleteFrom('tallies').where('project_id', '=', project).execute()
    const similar = (reviewed - changed) * 1_000_000_000
    await moveTallies(tx, project, [
      ['coverage', 'tasks', 200, 0, 0],
      ['coverage', 'reviewed', reviewed, 0, 0],
      ['total', '', reviewed, changed, similar],
      ...(version === null ? [] : [['model_version', version, reviewed, changed, similar] satisfies Addend]),
    ])
    await noteMoved(tx, project)
  })
}

/** Numbers that surely are good, surely are bad, and open, for a change rate of at most 0.5. */
export const GOOD = { reviewed: 100, changed: 5 }
export const BAD = { reviewed: 100, changed: 90 }
export const OPEN = { reviewed: 100, changed: 50 }

export async function notifications(database: Database, run: string): Promise<Notification[]> {
  return (await notificationsOf(database.kysely, [run])).get(run) ?? []
}
