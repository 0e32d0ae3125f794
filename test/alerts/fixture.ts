import { afterEach, beforeEach } from 'vitest'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { type Alerts, alertsOn } from './alerts.ts'

export interface OwnAlerts extends Alerts {
  url: string
}

/** Gives each test of a file the watch and the outbox on a database of its own; what is noted is delivered. */
export function eachWithAlerts(): () => OwnAlerts {
  let own: TestDatabase
  let current: OwnAlerts

  beforeEach(async () => {
    own = await testDatabase()
    current = { ...alertsOn(own.database), url: own.url }
    await current.queue.start()
  })

  afterEach(async () => {
    await current.watch.stop()
    await current.queue.stop({ deadlineMs: 1_000 })
    await own.drop()
  })

  return () => current
}
