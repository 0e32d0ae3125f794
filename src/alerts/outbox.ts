import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { Logger } from 'pino'
import type { Database, Transaction } from '../db/database.ts'
import { toJsonb } from '../db/json.ts'
import { PermanentFailure, type Queue } from '../jobs/queue.ts'
import { type MailContent, MailError, type Mailer } from './mail.ts'

/** How a delivery stands, as a run shows it. */
export interface DeliveryState {
  kind: 'email' | 'webhook'
  to: string[]
  state: 'pending' | 'sent' | 'failed'
  attempts: number
  error: string | null
}

export interface Outbox {
  /** Notes an e-mail to be sent once the transaction is committed. It is sent even if the process dies right after. */
  email(tx: Transaction, run: string, recipients: string[], content: MailContent): Promise<void>
}

interface DeliverJob {
  delivery: string
}

/** Mail servers are away for hours at times: 12 attempts with a doubling delay go on for about a day. */
const RETRY = { limit: 12, delaySeconds: 15, backoff: true }

/**
 * What people are to be told, kept until it is told. A mail that can't be sent fails nothing but itself.
 *
 * @param mailer null when no SMTP server is configured: mails then fail, and say so
 */
export function createOutbox(database: Database, queue: Queue, mailer: Mailer | null, log: Logger): Outbox {
  queue.define<DeliverJob>('deliver', {
    retry: RETRY,
    concurrency: 2,
    handler: ({ delivery }) => deliver(database, mailer, log, delivery),
  })
  return {
    async email(tx, run, recipients, content) {
      if (recipients.length === 0) return
      const id = randomUUID()
      await tx
        .insertInto('deliveries')
        .values({
          id,
          kind: 'email',
          run_id: run,
          project_id: null,
          recipients: toJsonb(recipients),
          message: toJsonb(content),
          error: null,
          sent_at: null,
        })
        .execute()
      await queue.send('deliver', { delivery: id }, { transaction: tx })
    },
  }
}

async function deliver(database: Database, mailer: Mailer | null, log: Logger, id: string): Promise<void> {
  const row = await database.kysely
    .selectFrom('deliveries')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst()
  if (row?.state !== 'pending') return
  const settle = (state: 'pending' | 'sent' | 'failed', error: string | null) =>
    database.kysely
      .updateTable('deliveries')
      .set({
        state,
        error,
        attempts: sql<number>`attempts + 1`,
        ...(state === 'sent' ? { sent_at: sql<Date>`clock_timestamp()` } : {}),
      })
      .where('id', '=', id)
      .where('state', '=', 'pending')
      .execute()
  if (!mailer) {
    await settle(
      'failed',
      'No SMTP server is configured: set SMTP_URL and SMTP_FROM, then start the service again.',
    )
    return
  }
  try {
    const sent = await mailer.send({ ...(row.message as MailContent), to: row.recipients, id })
    const refused = sent.rejected.map(({ address, message }) => `${address}: ${message}`)
    await settle('sent', refused.length > 0 ? `Refused: ${refused.join('; ')}` : null)
  } catch (error) {
    const permanent = error instanceof MailError && !error.temporary
    const message = error instanceof Error ? error.message : String(error)
    await settle(permanent ? 'failed' : 'pending', message)
    log.warn({ delivery: id, permanent }, `an e-mail was not sent: ${message}`)
    throw permanent ? new PermanentFailure(message) : error
  }
}

/** The deliveries of some runs, oldest first. */
export async function deliveriesOf(
  db: Database['kysely'],
  runs: string[],
): Promise<Map<string, DeliveryState[]>> {
  if (runs.length === 0) return new Map()
  const rows = await db
    .selectFrom('deliveries')
    .select(['run_id', 'kind', 'recipients', 'state', 'attempts', 'error'])
    .where('run_id', 'in', runs)
    .orderBy('created_at')
    .execute()
  const byRun = Map.groupBy(rows, (row) => row.run_id as string)
  return new Map(
    [...byRun].map(([run, deliveries]) => [
      run,
      deliveries.map(({ kind, recipients, state, attempts, error }) => ({
        kind,
        to: recipients,
        state,
        attempts,
        error,
      })),
    ]),
  )
}
