import type { Selectable } from 'kysely'
import type { Database } from '../db/database.ts'
import type { DeliveriesTable } from '../db/tables.ts'
import type { Definition, Monitors } from '../monitors/monitor.ts'
import { DeliveryError } from './delivery-error.ts'
import { type MailContent, MailError, type Mailer } from './mail.ts'
import type { CallWebhook } from './webhook.ts'

export type Delivery = Selectable<DeliveriesTable>

/**
 * Brings a delivery to its receiver.
 *
 * @returns what should be known although it arrived
 * @throws DeliveryError
 */
export type Deliver = (delivery: Delivery, stop: AbortSignal) => Promise<string | null>

/** @param mailer null when no SMTP server is configured: mails then fail, and say so */
export function deliverByMail(mailer: Mailer | null): Deliver {
  return async ({ id, message, recipients }) => {
    if (!mailer) {
      throw new DeliveryError(
        'No SMTP server is configured: set SMTP_URL and SMTP_FROM, then start the service again.',
        false,
      )
    }
    try {
      const sent = await mailer.send({ ...(message as MailContent), to: recipients, id })
      const refused = sent.rejected.map(({ address, message }) => `${address}: ${message}`)
      return refused.length > 0 ? `Refused: ${refused.join('; ')}` : null
    } catch (error) {
      if (!(error instanceof MailError)) throw error
      throw new DeliveryError(error.message, error.temporary)
    }
  }
}

/**
 * By the rules of Standard Webhooks: 2xx is success, 410 stops the webhook, everything else is a failure that may
 * pass, also a 404 or a 401: receivers are deployed and configured while messages wait for them.
 */
export function deliverByWebhook(
  database: Database,
  monitors: Pick<Monitors, 'open' | 'disableWebhook'>,
  call: CallWebhook,
): Deliver {
  return async ({ id, run_id, message, recipients: [url = ''] }, stop) => {
    const { monitor, secret } = await findWebhook(database, monitors, run_id as string, url)
    const { body } = message as { body: string }
    const { status, retryAfterS } = await call({ url, id, body, secret }, stop)
    const { host } = new URL(url)
    if (status >= 200 && status < 300) return null
    if (status === 410) {
      if (monitor !== null) await monitors.disableWebhook(monitor, url)
      throw new DeliveryError(`${host} wants no more calls (410). ${STOPPED}`, false)
    }
    if (status >= 300 && status < 400) {
      throw new DeliveryError(`${host} redirects (${status}), which is not followed; mend the URL.`, true)
    }
    throw new DeliveryError(`${host} answered ${status}.`, true, retryAfterS)
  }
}

const STOPPED = 'The webhook is stopped; send the monitor’s webhooks with disabled_at null to start it again.'

/**
 * The secrets of a webhook as the monitor has it now, so that a new secret also signs what waits, and a webhook that
 * was removed gets nothing any more. Of a monitor that was deleted, as it was at the run.
 */
async function findWebhook(
  { kysely: db }: Database,
  monitors: Pick<Monitors, 'open'>,
  run: string,
  url: string,
): Promise<{ monitor: string | null; secret: string | null }> {
  const row = await db
    .selectFrom('runs')
    .leftJoin('monitors', 'monitors.id', 'runs.monitor_id')
    .select(['monitors.id', 'monitors.definition as now', 'runs.definition as then'])
    .where('runs.id', '=', run)
    .executeTakeFirstOrThrow()
  const { notify } = monitors.open((row.now ?? row.then) as Definition)
  const webhooks = notify.webhooks.filter((webhook) => webhook.url === url)
  if (webhooks.length === 0) throw new DeliveryError('The monitor has no such webhook any more.', false)
  const active = webhooks.filter(({ disabled_at }) => !disabled_at)
  if (active.length === 0) throw new DeliveryError(STOPPED, false)
  const secrets = active.flatMap(({ secret }) => secret ?? [])
  return { monitor: row.id, secret: secrets.length > 0 ? secrets.join(' ') : null }
}
