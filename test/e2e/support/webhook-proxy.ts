import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export interface WebhookProxy {
  /** The PUBLIC_URL of the service behind it. */
  url: string
  faults: { sent: number; lost: number; doubled: number; delayed: number; reordered: number }
  /** Bodies that the service has acknowledged, in the order in which it did. */
  acknowledged: Buffer[]
  /** Resolves when nothing is on its way any more. */
  settle(): Promise<void>
  stop(): Promise<void>
}

/** How often each fault befalls an event, each by itself. */
export interface FaultRates {
  lost: number
  doubled: number
  delayed: number
  /** Held back until up to three later ones have passed. */
  reordered: number
}

interface Event {
  path: string
  headers: IncomingHttpHeaders
  body: Buffer
  /** How many others are still to pass. */
  behind: number
}

const LONGEST_DELAY_MS = 3_000
const HELD_AT_MOST_MS = 2_000

/**
 * Stands between Label Studio's webhooks and the service, and loses, doubles, delays and reorders events. Label Studio
 * is always answered at once, since it would not send again either.
 *
 * @param target the service's own URL
 */
export async function startWebhookProxy(
  target: string,
  { rates, random }: { rates: FaultRates; random: () => number },
): Promise<WebhookProxy> {
  const faults = { sent: 0, lost: 0, doubled: 0, delayed: 0, reordered: 0 }
  const acknowledged: Buffer[] = []
  const underWay = new Set<Promise<void>>()
  const held = new Set<{ event: Event; release: () => void }>()

  const forward = async ({ path, headers, body }: Event) => {
    const { host: _, connection: __, 'content-length': ___, ...rest } = headers
    const answer = await fetch(target + path, {
      method: 'POST',
      headers: rest as Record<string, string>,
      body,
    }).catch(() => null)
    if (answer?.ok) acknowledged.push(body)
    await answer?.arrayBuffer().catch(() => {})
    for (const each of held) {
      if (--each.event.behind <= 0) each.release()
    }
  }
  const holdBack = async (event: Event) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const entry = { event, release: resolve }
    held.add(entry)
    await Promise.race([promise, sleep(HELD_AT_MOST_MS)])
    held.delete(entry)
  }
  const happens = (rate: number, fault: keyof FaultRates) => {
    if (random() >= rate) return false
    faults[fault]++
    return true
  }
  const deliver = async (event: Event) => {
    faults.sent++
    if (happens(rates.lost, 'lost')) return
    const copies = happens(rates.doubled, 'doubled') ? [event, { ...event }] : [event]
    await Promise.all(
      copies.map(async (copy) => {
        if (happens(rates.delayed, 'delayed')) await sleep(random() * LONGEST_DELAY_MS)
        if (happens(rates.reordered, 'reordered')) {
          copy.behind = 1 + Math.floor(random() * 3)
          await holdBack(copy)
        }
        await forward(copy)
      }),
    )
  }

  const server = createServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part)
    response.writeHead(202).end()
    const { url: path = '', headers } = request
    const work = deliver({ path, headers, body: Buffer.concat(parts), behind: 0 })
    underWay.add(work)
    void work.finally(() => underWay.delete(work))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    faults,
    acknowledged,
    async settle() {
      while (underWay.size > 0) await Promise.all(underWay)
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
