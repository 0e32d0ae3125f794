import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { type Alerts, alertsOn, BAD, notifications, reviewedProject, reviews } from './alerts.ts'
import { type Moment, watching } from './killed.ts'
import { type Receiver, receiver } from './receiver.ts'

let own: TestDatabase
let alerts: Alerts
let hook: Receiver
let run: string

beforeEach(async () => {
  own = await testDatabase()
  // The queue makes its tables at its first start.
  const first = alertsOn(own.database)
  await first.queue.start()
  await first.queue.stop()
  alerts = alertsOn(own.database)
  hook = await receiver((response, { headers }) => {
    const repeated = hook.received.filter((each) => each.headers['webhook-id'] === headers['webhook-id'])
    if (repeated.length > 1) response.writeHead(200).end()
  })
  const thresholds = [{ metric: 'change_rate', max: 0.5 }]
  const notify = { emails: ['ml@example.org'], webhooks: [{ url: hook.url }] }
  run = (await reviewedProject(alerts, { thresholds, notify })).run
  await reviews(own.database, 12, BAD)
})

afterEach(async () => {
  await alerts.queue.stop({ deadlineMs: 500 })
  await hook.close()
  await own.drop()
})

async function kill(moment: Moment, when: () => Promise<unknown> = async () => {}): Promise<void> {
  const child = await watching(own.url, moment)
  await when()
  child.kill('SIGKILL')
  await once(child, 'exit')
}

describe('a process that is killed with SIGKILL', () => {
  test('between its decision and the commit leaves nothing; the next look tells it once', async () => {
    await kill('before the commit')
    expect(await notifications(own.database, run)).toEqual([])
    await alerts.watch.look()
    await alerts.watch.look()
    expect(await notifications(own.database, run)).toHaveLength(2)
  })

  test('after the commit leaves all of it; the next look tells nothing, and all is delivered once', async () => {
    await kill('after the commit')
    await alerts.watch.look()
    await alerts.queue.start()
    await expect.poll(() => [alerts.mails.length, hook.received.length]).toEqual([1, 1])
    await delay(500)
    expect([alerts.mails.length, hook.received.length]).toEqual([1, 1])
  })

  test('in a call is followed by another that says the same under the same id', async () => {
    await kill('in the call', () => expect.poll(() => hook.received.length).toBe(1))
    await alerts.queue.start()
    const states = async () => (await notifications(own.database, run)).map(({ state }) => state)
    await expect.poll(states).toEqual(['sent', 'sent'])
    const [first, second] = hook.received
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id'])
    expect(second?.body).toBe(first?.body)
    expect(hook.received).toHaveLength(2)
  })
})
