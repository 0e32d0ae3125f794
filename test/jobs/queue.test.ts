import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { PermanentFailure } from '../../src/jobs/queue.ts'
import { recordingLog } from '../support/log.ts'
import { eachInItsOwnDatabase, ownDatabase, stored, until, working } from './queue-fixture.ts'

eachInItsOwnDatabase()

/** In seconds: far longer than a test waits. */
const SELDOM_POLLING = { pollSeconds: 3_600 }

describe('sending', () => {
  test('wakes the worker: the handler begins long before anybody polls', async () => {
    const { queue, calls } = await working(() => {}, SELDOM_POLLING)
    for (let n = 0; n < 11; n += 1) {
      await queue.send('job', { n })
      await until(() => calls.length === n + 1)
    }
  })

  test('in a transaction: wakes the worker after its commit', async () => {
    const { queue, calls } = await working(() => {}, SELDOM_POLLING)
    let committed = Number.NaN
    await ownDatabase()
      .database.kysely.transaction()
      .execute(async (transaction) => {
        await queue.send('job', { n: 1 }, { transaction })
        await delay(200)
        committed = performance.now()
      })
    await until(() => calls.length === 1)
    expect(calls[0]?.at).toBeGreaterThan(committed)
  })

  test('in a transaction that is rolled back: never', async () => {
    const { queue, numbers } = await working()
    const rolledBack = ownDatabase()
      .database.kysely.transaction()
      .execute(async (transaction) => {
        await queue.send('job', { n: 1 }, { transaction })
        throw new Error('rolled back')
      })
    await expect(rolledBack).rejects.toThrow('rolled back')
    await queue.send('job', { n: 2 })
    await until(() => numbers().length > 0)
    expect(numbers()).toEqual([2])
  })

  test('two hundred in one transaction are done without waiting for a poll between them', async () => {
    const { queue, calls } = await working(() => {}, { concurrency: 2, ...SELDOM_POLLING })
    await ownDatabase()
      .database.kysely.transaction()
      .execute(async (transaction) => {
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
