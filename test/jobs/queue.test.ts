import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type JobContext, openQueue, PermanentFailure, type Queue } from '../../src/jobs/queue.ts'
import { onServer, type TestDatabase, testDatabase } from '../support/database.ts'
import { recordingLog, silent } from '../support/log.ts'
import { workerBusyForever } from './worker.ts'

let test_: TestDatabase
let queues: Queue[]

beforeEach(async () => {
  test_ = await testDatabase({ migrated: false })
  queues = []
})

afterEach(async () => {
  for (const queue of queues) await queue.stop({ deadlineMs: 1_000 })
  await test_.drop()
})

function queueOf(log = silent): Queue {
  const queue = openQueue({ database: test_.database, log })
  queues.push(queue)
  return queue
}

interface Call {
  data: { n: number }
  context: JobContext
  at: number
}
type Behaviour = (call: Call, index: number) => Promise<void> | void

/** A started queue whose job `job` notes its calls and behaves as told. */
async function working(
  behave: Behaviour = () => {},
  { retries = 3, delaySeconds = 0, concurrency = 1, log = silent } = {},
) {
  const calls: Call[] = []
  const queue = queueOf(log)
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

async function until(what: () => boolean | Promise<boolean>, ms = 10_000): Promise<void> {
  const deadline = performance.now() + ms
  while (!(await what())) {
    if (performance.now() > deadline) throw new Error(`not within ${ms} ms: ${what}`)
    await delay(5)
  }
}

/** A handler that works until it is told to leave off. */
const untilTold: Behaviour = async ({ context }) => {
  await once(context.signal, 'abort')
  throw new Error('left off')
}

const stored = async () =>
  (await test_.database.pool.query('select state, retry_count, output from pgboss.job order by created_on'))
    .rows

describe('sending', () => {
  test('the handler begins within 100 ms, in the median', async () => {
    const { queue, calls } = await working()
    const waits: number[] = []
    for (let n = 0; n < 11; n += 1) {
      const sent = performance.now()
      await queue.send('job', { n })
      await until(() => calls.length === n + 1)
      waits.push((calls.at(-1)?.at ?? Number.NaN) - sent)
    }
    expect(waits.toSorted((a, b) => a - b)[5]).toBeLessThan(100)
  })

  test('in a transaction: begins after its commit, and at once', async () => {
    const { queue, calls } = await working()
    let committed = Number.NaN
    await test_.database.kysely.transaction().execute(async (transaction) => {
      await queue.send('job', { n: 1 }, { transaction })
      await delay(200)
      committed = performance.now()
    })
    await until(() => calls.length === 1)
    expect(calls[0]?.at).toBeGreaterThan(committed)
    expect((calls[0]?.at ?? 0) - committed).toBeLessThan(1_000)
  })

  test('in a transaction that is rolled back: never', async () => {
    const { queue, numbers } = await working()
    const rolledBack = test_.database.kysely.transaction().execute(async (transaction) => {
      await queue.send('job', { n: 1 }, { transaction })
      throw new Error('rolled back')
    })
    await expect(rolledBack).rejects.toThrow('rolled back')
    await queue.send('job', { n: 2 })
    await until(() => numbers().length > 0)
    expect(numbers()).toEqual([2])
  })

  test('two hundred in one transaction are done without waiting for a poll between them', async () => {
    const { queue, calls } = await working(() => {}, { concurrency: 2 })
    await test_.database.kysely.transaction().execute(async (transaction) => {
      for (let n = 0; n < 200; n += 1) await queue.send('job', { n }, { transaction })
    })
    await until(() => calls.length === 200)
  })

  test('for later: not before its time', async () => {
    const { queue, calls } = await working()
    const startAfter = new Date(Date.now() + 1_500)
    await queue.send('job', { n: 1 }, { startAfter })
    await until(() => calls.length === 1)
    expect(Date.now()).toBeGreaterThanOrEqual(startAfter.getTime())
  })

  test('jobs of one key: one waits, one runs, another one that waits is dropped; other keys run beside them', async () => {
    const release = Promise.withResolvers<void>()
    const { queue, numbers } = await working(({ data }) => (data.n < 10 ? release.promise : undefined), {
      concurrency: 3,
    })
    const send = (n: number, singletonKey?: string) =>
      queue.send('job', { n }, singletonKey ? { singletonKey } : {})
    expect(await send(1, 'a')).toMatch(/^[0-9a-f-]{36}$/)
    await until(() => numbers().length === 1)
    expect(await send(2, 'a')).not.toBeNull()
    expect(await send(3, 'a')).toBeNull()
    await send(11, 'b')
    await send(12)
    await send(13)
    await until(() => numbers().length === 4)
    expect(numbers().toSorted((a, b) => a - b)).toEqual([1, 11, 12, 13])
    release.resolve()
    await until(() => numbers().length === 5)
    expect(numbers().at(-1)).toBe(2)
  })

  test('a name that nobody defined is refused', async () => {
    const { queue } = await working()
    await expect(queue.send('jbo', {})).rejects.toThrow(/jbo does not exist/)
    expect(() =>
      queue.define('job', { retry: { limit: 0, delaySeconds: 0 }, handler: async () => {} }),
    ).toThrow(/job is defined/)
  })
})

describe('failing', () => {
  test('is tried again up to the limit, and the handler knows the last attempt', async () => {
    const { queue, calls } = await working(
      () => {
        throw new Error('no luck')
      },
      { retries: 2 },
    )
    await queue.send('job', { n: 1 })
    await until(async () => (await stored())[0]?.state === 'failed')
    expect(calls.map(({ context }) => [context.attempt, context.lastAttempt])).toEqual([
      [1, false],
      [2, false],
      [3, true],
    ])
  })

  test('waits between attempts', async () => {
    const { queue, calls } = await working(
      (_, index) => {
        if (index === 0) throw new Error('no luck')
      },
      { delaySeconds: 2 },
    )
    await queue.send('job', { n: 1 })
    await until(() => calls.length === 2)
    expect((calls[1]?.at ?? 0) - (calls[0]?.at ?? 0)).toBeGreaterThan(1_900)
  })

  test('for good is not tried again', async () => {
    const { queue, calls } = await working(() => {
      throw new PermanentFailure('the monitor is gone')
    })
    await queue.send('job', { n: 1 })
    await until(async () => (await stored())[0]?.state === 'failed')
    expect(calls.length).toBe(1)
    expect((await stored())[0]?.output).toEqual({ message: 'the monitor is gone' })
  })

  test("keeps and logs an error's message, never its other fields, which may hold credentials", async () => {
    const log = recordingLog()
    const { queue } = await working(
      () => {
        throw Object.assign(new Error('401 of Label Studio'), {
          config: { headers: { Authorization: 'Token hush' } },
        })
      },
      { retries: 0, log },
    )
    await queue.send('job', { n: 1 })
    await until(async () => (await stored())[0]?.state === 'failed')
    expect(JSON.stringify(await stored())).not.toContain('hush')
    expect(log.entries).toEqual(['warn A job failed: 401 of Label Studio'])
  })

  test('does not stop the next job', async () => {
    const { queue, numbers } = await working(
      ({ data }) => {
        if (data.n === 1) throw new Error('no luck')
      },
      { retries: 0 },
    )
    await queue.send('job', { n: 1 })
    await queue.send('job', { n: 2 })
    await until(() => numbers().length === 2)
  })
})

describe('stopping', () => {
  test('waits for what ends by itself', async () => {
    let ended = false
    const { queue, calls } = await working(async () => {
      await delay(400)
      ended = true
    })
    await queue.send('job', { n: 1 })
    await until(() => calls.length === 1)
    await queue.stop()
    expect(ended).toBe(true)
    expect((await stored())[0]?.state).toBe('completed')
  })

  test('tells the handlers; what leaves off goes on with the next worker at once, and the attempt does not count', async () => {
    const first = await working(untilTold, { retries: 0, delaySeconds: 60 })
    await first.queue.send('job', { n: 1 })
    await until(() => first.calls.length === 1)
    expect(first.calls[0]?.context.lastAttempt).toBe(true)
    const began = performance.now()
    await first.queue.stop()
    expect(performance.now() - began).toBeLessThan(2_000)

    const second = await working()
    await until(() => second.numbers().length === 1, 2_000)
    expect(second.numbers()).toEqual([1])
  })

  test('does not wait longer than the deadline for a handler that does not listen; it too goes on elsewhere', async () => {
    const release = Promise.withResolvers<void>()
    const first = await working(() => release.promise, { retries: 0, delaySeconds: 60 })
    await first.queue.send('job', { n: 1 })
    await until(() => first.calls.length === 1)
    const began = performance.now()
    await first.queue.stop({ deadlineMs: 1_000 })
    expect(performance.now() - began).toBeLessThan(4_000)

    const again = Promise.withResolvers<void>()
    const second = await working(() => again.promise)
    await until(() => second.calls.length === 1, 4_000)
    release.resolve() // what the first one reports now must not end the second's attempt
    await delay(200)
    expect((await stored())[0]?.state).toBe('active')
    again.resolve()
    await until(async () => (await stored())[0]?.state === 'completed')
  })
})

describe('killed workers', () => {
  test('a worker that starts alone goes on with their jobs at once', async () => {
    await killBusyWorker()
    const { queue, begun } = next()
    await queue.start()
    await until(() => begun.length === 1, 2_000)
  })

  test('a worker that starts beside another takes their jobs over after 10 to 15 seconds', async () => {
    await working()
    const killedAt = await killBusyWorker()
    const { queue, begun } = next()
    await queue.start()
    await until(() => begun.length === 1, 20_000)
    const took = (begun[0] ?? 0) - killedAt
    expect(took).toBeGreaterThan(5_000)
    expect(took).toBeLessThan(15_000)
  })

  function next(): { queue: Queue; begun: number[] } {
    const begun: number[] = []
    const queue = queueOf()
    queue.define('long', {
      retry: { limit: 1, delaySeconds: 0 },
      handler: async () => void begun.push(performance.now()),
    })
    return { queue, begun }
  }

  /** Returns when, once the server has noticed, which it does by the connections that the kernel closes. */
  async function killBusyWorker(): Promise<number> {
    const worker = await workerBusyForever(test_.url)
    const before = await sessions()
    worker.kill('SIGKILL')
    const killedAt = performance.now()
    await until(async () => (await sessions()) < before)
    return killedAt
  }

  async function sessions(): Promise<number> {
    const { rows } = await test_.database.pool.query(`select count(*) as n from pg_stat_activity
      where application_name = 'label-studio-monitor jobs' and datname = current_database()`)
    return rows[0].n
  }
})

test('after its session broke, a worker still hears of new jobs at once', async () => {
  const { queue, calls } = await working()
  await onServer(`select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'label-studio-monitor jobs' and datname = '${test_.url.match(/test_\w+/)?.[0]}'`)
  await delay(1_000)
  const waits: number[] = []
  for (let n = 0; n < 5; n += 1) {
    const sent = performance.now()
    await queue.send('job', { n })
    await until(() => calls.length === n + 1)
    waits.push((calls.at(-1)?.at ?? Number.NaN) - sent)
  }
  expect(waits.toSorted((a, b) => a - b)[2]).toBeLessThan(200)
})
