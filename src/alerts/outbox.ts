import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { Logger } from 'pino'
import type { Database, Transaction } from '../db/database.ts'
import { toJsonb } from '../db/json.ts'
import type { AnnouncementType } from '../db/tables.ts'
import { isTransient } from '../db/transient.ts'
import type { Queue } from '../jobs/queue.ts'
import type { Deliver, Delivery } from './deliver.ts'
import { DeliveryError } from './delivery-error.ts'
import type { MailContent } from './mail-body.ts'

/** Something that people and machines are to be told. */
export interface Announcement {
  type: AnnouncementType
  /** When it happened. */
  at: Date
  run: string
  project: number | null
  mail: MailContent
  /** What webhooks get, besides the type and the time. */
  data: Record<string, unknown>
}

export interface Recipients {
  emails: readonly string[]
  webhooks: readonly { url: string }[]
}

export interface Outbox {
  /**
   * Notes one e-mail to all addresses and one call of each webhook, to be delivered once the transaction is
   * committed. They are delivered even if the process dies right after.
   */
  announce(tx: Transaction, announcement: Announcement, to: Recipients): Promise<void>
}

interface DeliverJob {
  delivery: string
}

/** In seconds, from one attempt to the next: quick at first, and for about a day in all. */
export const RETRY_DELAYS = [5, 15, 30, 60, 300, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 28_800]
const DAY_S = 86_400

/**
 * What is to be told, kept until it is told. A delivery that fails fails nothing but itself.
 *
 * @param options.delays how long to wait after each attempt, in seconds
 */
export function createOutbox(options: {
  database: Database
  queue: Queue
  deliver: Record<Delivery['kind'], Deliver>
  log: Logger
  delays?: readonly number[]
}): Outbox {
  const { database, queue, deliver, log, delays = RETRY_DELAYS } = options

  queue.define<DeliverJob>('deliver', {
    // Attempts are counted and spaced by the outbox itself; this is for the process or its database going away.
    retry: { limit: 100, delaySeconds: 5, backoff: true, maxDelaySeconds: 300 },
    // One slow receiver must not hold up everybody else.
    concurrency: 4,
    handler: async ({ delivery: id }, { signal }) => {
      const delivery = await findDue(database, id)
      if (!delivery) return
      try {
        await settle(delivery, 'sent', await deliver[delivery.kind](delivery, signal))
      } catch (error) {
        if (signal.aborted || isOurs(error)) throw error
        const { message } = error as Error
        const { temporary, retryAfterS } = asDeliveryError(error)
        log.warn({ delivery: id, kind: delivery.kind, temporary }, `a delivery failed: ${message}`)
        const delay = temporary ? delays[delivery.attempts] : undefined
        if (delay === undefined) await settle(delivery, 'failed', message)
        else await postpone(delivery, message, Math.max(spread(delay), Math.min(retryAfterS ?? 0, DAY_S)))
      }
    },
  })

  async function settle({ id }: Delivery, state: 'sent' | 'failed', error: string | null): Promise<void> {
    await database.kysely
      .updateTable('deliveries')
      .set({
        state,
        error,
        attempts: sql<number>`attempts + 1`,
        next_attempt_at: null,
        ...(state === 'sent' ? { sent_at: sql<Date>`clock_timestamp()` } : {}),
      })
      .where('id', '=', id)
      .where('state', '=', 'pending')
      .execute()
  }

  async function postpone({ id }: Delivery, error: string, seconds: number): Promise<void> {
    const at = new Date(Date.now() + seconds * 1_000)
    await database.kysely.transaction().execute(async (tx) => {
      await tx
        .updateTable('deliveries')
        .set({ error, attempts: sql<number>`attempts + 1`, next_attempt_at: at })
        .where('id', '=', id)
        .where('state', '=', 'pending')
        .execute()
      await send(tx, id, at)
    })
  }

  /** By its key a delivery has at most one job that waits. */
  async function send(tx: Transaction, id: string, startAfter?: Date): Promise<void> {
    const when = startAfter && { startAfter }
    await queue.send('deliver', { delivery: id }, { transaction: tx, singletonKey: id, ...when })
  }

  return {
    async announce(tx, { type, at, run, project, mail, data }, to) {
      const body = JSON.stringify({ type, timestamp: at.toISOString(), data })
      const urls = [...new Set(to.webhooks.map(({ url }) => url))]
      const rows = [
        ...(to.emails.length > 0 ? [{ kind: 'email' as const, recipients: to.emails, message: mail }] : []),
        ...urls.map((url) => ({ kind: 'webhook' as const, recipients: [url], message: { body } })),
      ].map(({ kind, recipients, message }) => ({
        id: randomUUID(),
        kind,
        type,
        run_id: run,
        project_id: project,
        recipients: toJsonb(recipients),
        message: toJsonb(message),
      }))
      if (rows.length === 0) return
      await tx.insertInto('deliveries').values(rows).execute()
      for (const { id } of rows) await send(tx, id)
    },
  }
}

/** The delivery, if it is still to be made and it is time: a job that is done twice must not hurry the next attempt. */
async function findDue({ kysely: db }: Database, id: string): Promise<Delivery | undefined> {
  return db
    .selectFrom('deliveries')
    .selectAll()
    .where('id', '=', id)
    .where('state', '=', 'pending')
    .where(sql<boolean>`coalesce(next_attempt_at <= clock_timestamp(), true)`)
    .executeTakeFirst()
}

/** Whether the database failed, and not the delivery: what a receiver says may sound alike. */
function isOurs(error: unknown): boolean {
  return !(error instanceof DeliveryError) && isTransient(error)
}

/** What nobody foresaw may pass as well. */
function asDeliveryError(error: unknown): DeliveryError {
  return error instanceof DeliveryError ? error : new DeliveryError(String(error), true)
}

/** Give or take a tenth, so that what failed together does not come back together. */
function spread(seconds: number): number {
  return seconds * (0.9 + Math.random() * 0.2)
}
