import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach } from 'vitest'
import { type JobContext, openQueue, type Queue } from '../../src/jobs/queue.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { silent } from '../support/log.ts'

let own: TestDatabase
let queues: Queue[]

/** Gives each test of a file a database of its own, and stops its queues. */
export function eachInItsOwnDatabase(): void {
  beforeEach(async () => {
    own = await testDatabase({ migrated: false })
    queues = []
  })

  afterEach(async () => {
    for (const queue of queues) await queue.stop({ deadlineMs: 1_000 })
    await own.drop()
  })
}

export const ownDatabase = () => own

/** A queue that is stopped after the test. */
export function queueOf(options: { log?: typeof silent; pollSeconds?: number } = {}): Queue {
  const queue = openQueue({ database: own.database, log: silent, ...options })
  queues.push(queue)
  return queue
}

interface Call {
  data: { n: number }
  context: JobContext
  at: number
}
export type Behaviour = (call: Call, index: number) => Promise<void> | void

/** A started queue whose job `job` notes its calls and behaves as told. */
export async function working(
  behave: Behaviour = () => {},
  { retries = 3, delaySeconds = 0, concurrency = 1, log = silent, pollSeconds = 2 } = {},
) {
  const calls: Call[] = []
  const queue = queueOf({ log, pollSeconds })
  queue.define<{ n: number }>('job', {
    retry: { limit: retries, delaySeconds },
    concurrency,
    handler: async (data, context) => {
      const call = { data, context, at: performance.now() }
      calls.push(call)
      await behave(call, calls.length - 1)
    },
  })
  await queue.start()
  return { queue, calls, numbers: () => calls.map((call) => call.data.n) }
}

export async function until(what: () => boolean | Promise<boolean>, ms = 60_000): Promise<void> {
  const deadline = performance.now() + ms
  while (!(await what())) {
    if (performance.now() > deadline) throw new Error(`not within ${ms} ms: ${what}`)
    await delay(5)
  }
}

/** The jobs as the database has them, oldest first. */
export const stored = async () =>
  (await own.database.pool.query('select state, retry_count, output from pgboss.job order by created_on'))
    .rows
