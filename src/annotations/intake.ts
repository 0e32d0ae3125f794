import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Database } from '../db/database.ts'
import { toText } from '../db/json.ts'
import type { Pace } from '../memory.ts'
import { type Event, parseEvent } from './event.ts'
import type { FollowUpJobs } from './follow-up.ts'
import { createHeard } from './heard.ts'
import { BATCH, createProcessor, type IntakeMetrics } from './process.ts'
import { type ReceivedEvent, storeEvents } from './store-events.ts'

/** Bounds one insert, but for a single event: a webhook of 5,000 tasks is 3.5 MB. */
const BATCH_EVENTS = 500
const BATCH_BYTES = 16 * 1024 * 1024
/** While one batch is being made durable, the next one may be on its way. */
const BATCHES = 2
/** Picks up what another process left behind; events of this process are processed as they come. */
const SWEEP_MS = 1_000
/** Events that come quickly gather and are processed together: a transaction for one costs as much as for twenty. */
const GATHER_MS = 50
/**
 * While many events come, acknowledgements come first, for which Label Studio waits: so many times as long as working out took.
 * Many are so many times as many as are worked out meanwhile; it is a burst for so long, and then has to be kept up with.
 */
const YIELD = 9
const LONGEST_PAUSE_MS = 1_000
const MANY = 0.5
const LONGEST_BURST_MS = 30_000

export interface Intake {
  /**
   * Stores an event. Resolves when it is durable, which is the moment to acknowledge it; processing follows.
   *
   * @param raw the body as it came
   * @param body the same, parsed
   */
  receive(raw: Buffer, body: Record<string, unknown>): Promise<void>
  /** Processes everything that is stored; resolves when nothing is left that no other process works on. */
  drain(): Promise<void>
  start(): void
  /** Stores what was received and ends after the batch that is being processed; the rest is for the next start. */
  stop(): Promise<void>
}

interface Pending extends ReceivedEvent {
  event: Event
  settle: (error?: unknown) => void
}

/**
 * The door for everything that Label Studio tells: an event is stored before it is acknowledged, because Label
 * Studio sends each only once and waits a second; what it means is worked out afterwards.
 *
 * @param pace is told of each event and each second
 */
export function createIntake(
  database: Database,
  jobs: FollowUpJobs,
  log: Pick<Logger, 'warn' | 'error'>,
  metrics?: IntakeMetrics,
  pace?: Pace,
): Intake {
  const heard = createHeard()
  const processor = createProcessor(database, jobs, log, metrics, heard)
  const pending: Pending[] = []
  const storing = new Set<Promise<void>>()
  /** How many events are being stored. */
  let underWay = 0
  let draining: Promise<void> | null = null
  let again = false
  let hurried = false
  let came = 0
  /** Since when there is always more than a batch to work out. */
  let behindSince: number | null = null
  let stopping = false
  let timer: NodeJS.Timeout | null = null

  /**
   * Events that arrive together, or while others are being written, share a commit.
   * @param end is called in the same breath as the last look at `pending`: what comes next must not find this at work
   */
  async function storePending(end: () => void): Promise<void> {
    await turn()
    while (isWorthIt()) {
      const batch = pending.splice(0, batchSize(pending))
      underWay += batch.length
      const error = await storeEvents(database, batch).then(
        (ids) => {
          for (const [index, { event, body }] of batch.entries())
            heard.keep(ids[index] as number, event, body.length)
        },
        (reason: unknown) => reason,
      )
      underWay -= batch.length
      metrics?.eventsReceived(
        batch.map(({ action }) => action),
        error === undefined ? 'stored' : 'refused',
      )
      for (const { settle } of batch) settle(error)
      if (error === undefined) wake()
    }
    end()
  }

  /** No batch is sent beside one of more events: whoever stores that takes what waits now, and what comes until then. */
  const isWorthIt = () => pending.length > 0 && pending.length >= underWay

  function store(): void {
    if (storing.size >= BATCHES || !isWorthIt()) return
    const one = storePending(() => storing.delete(one))
    storing.add(one)
  }

  async function processAll(): Promise<void> {
    try {
      while (again && !stopping) {
        again = false
        let processed: number
        do {
          const [began, before] = [performance.now(), came]
          processed = await processor.sweep()
          behindSince = processed < BATCH ? null : (behindSince ?? began)
          if (processed === 0 || hurried || stopping) continue
          if (behindSince === null) await delay(GATHER_MS)
          else if (came - before >= MANY * processed && began - behindSince < LONGEST_BURST_MS)
            await delay(pauseAfter(performance.now() - began))
        } while (processed > 0 && !stopping)
      }
    } finally {
      draining = null
      hurried = false
    }
  }

  function process(): Promise<void> {
    if (stopping) return Promise.resolve()
    again = true
    draining ??= processAll()
    return draining
  }

  function wake(): void {
    process().catch((error) => log.warn({ err: error }, 'events stay stored and are processed later'))
  }

  return {
    receive(raw, body) {
      came += 1
      pace?.event()
      const event = parseEvent(body)
      const { action, project } = event
      return new Promise<void>((resolve, reject) => {
        pending.push({
          action: toText(action.slice(0, 100)),
          project_id: project,
          body: raw,
          event,
          settle: (error) => (error === undefined ? resolve() : reject(error)),
        })
        store()
      })
    },
    drain() {
      hurried = true
      return process()
    },
    start() {
      timer = setInterval(() => {
        pace?.second()
        wake()
      }, SWEEP_MS)
      wake()
    },
    async stop() {
      if (timer) clearInterval(timer)
      await Promise.all(storing)
      stopping = true
      await draining?.catch(() => {})
    },
  }
}

function pauseAfter(ms: number): number {
  return Math.min(LONGEST_PAUSE_MS, Math.max(GATHER_MS, YIELD * ms))
}

function batchSize(events: readonly ReceivedEvent[]): number {
  let bytes = 0
  const tooMany = events.findIndex(({ body }, index) => {
    bytes += body.length
    return index === BATCH_EVENTS || (index > 0 && bytes > BATCH_BYTES)
  })
  return tooMany < 0 ? events.length : tooMany
}
