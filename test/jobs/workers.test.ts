import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Queue } from '../../src/jobs/queue.ts'
import { onServer } from '../support/database.ts'
import {
  type Behaviour,
  eachInItsOwnDatabase,
  ownDatabase,
  queueOf,
  stored,
  until,
  working,
} from './queue-fixture.ts'
import { workerBusyForever } from './worker.ts'

eachInItsOwnDatabase()

/** A handler that works until it is told to leave off. */
const untilTold: Behaviour = async ({ context }) => {
  await once(context.signal, 'abort')
  throw new Error('left off')
}
/** In ms: a job of a killed worker is taken for lost after it. */
const HEARTBEAT = 10_000
/** In ms: how long workers are waited for unless it is said. */
const DEADLINE = 20_000

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
    expect(performance.now() - began).toBeLessThan(DEADLINE)

    const second = await working()
    await until(() => second.numbers().length === 1, 50_000)
    expect(second.numbers()).toEqual([1])
  })

  test('does not wait longer than the deadline for a handler that does not listen; it too goes on elsewhere', async () => {
    const release = Promise.withResolvers<void>()
    const first = await working(() => release.promise, { retries: 0, delaySeconds: 60 })
    await first.queue.send('job', { n: 1 })
    await until(() => first.calls.length === 1)
    const began = performance.now()
    await first.queue.stop({ deadlineMs: 1_000 })
    expect(performance.now() - began).toBeLessThan(DEADLINE)

    const again = Promise.withResolvers<void>()
    const second = await working(() => again.promise)
    await until(() => second.calls.length === 1, 50_000)
    release.resolve() // what the first one reports now must not end the second's attempt
    await delay(200)
    expect((await stored())[0]?.state).toBe('active')
    again.resolve()
    await until(async () => (await stored())[0]?.state === 'completed')
  })
})

describe('killed workers', () => {
  test('a worker that starts alone goes on with their jobs at once', async () => {
    const killedAt = await killBusyWorker()
    const { queue, begun } = next()
    await queue.start()
    await until(() => begun.length === 1)
    expect((begun[0] ?? Number.NaN) - killedAt).toBeLessThan(HEARTBEAT)
  })

  test('a worker that starts beside another takes their jobs over when they have not been heard of for a while', async () => {
    await working()
    const killedAt = await killBusyWorker()
    const { queue, begun } = next()
    await queue.start()
    await until(() => begun.length === 1)
    expect((begun[0] ?? 0) - killedAt).toBeGreaterThan(HEARTBEAT / 2)
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
    const worker = await workerBusyForever(ownDatabase().url)
    const before = await sessions()
    worker.kill('SIGKILL')
    const killedAt = performance.now()
    await until(async () => (await sessions()) < before)
    return killedAt
  }

  async function sessions(): Promise<number> {
    const { rows } = await ownDatabase().database.pool.query(`select count(*) as n from pg_stat_activity
      where application_name = 'label-studio-monitor jobs' and datname = current_database()`)
    return rows[0].n
  }
})

test('after its session broke, a worker still hears of new jobs at once', async () => {
  const { queue, calls } = await working(() => {}, { pollSeconds: 3_600 })
  await onServer(`select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'label-studio-monitor jobs' and datname = '${ownDatabase().url.match(/test_\w+/)?.[0]}'`)
  await delay(1_000)
  for (let n = 0; n < 5; n += 1) {
    await queue.send('job', { n })
    await until(() => calls.length === n + 1)
  }
})
