import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { createRetention, removeOldEvents } from '../../src/annotations/retention.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { recordingLog } from '../support/log.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await testDatabase()
})
afterAll(() => db?.drop())
afterEach(async () => {
  await db.database.kysely.deleteFrom('events').execute()
})

/** @param age in days since it was processed; null: not processed yet, and received a year ago */
async function store(age: number | null, note: string | null = null, count = 1): Promise<void> {
  await sql`
    insert into events (action, project_id, body, received_at, processed_at, note)
    select ${`${age} ${note}`}, 1, '{}', clock_timestamp() - interval '365 days',
      clock_timestamp() - make_interval(secs => ${age === null ? null : age * 86_400}::float8), ${note}
    from generate_series(1, ${count}::int)`.execute(db.database.kysely)
}
const left = async () => {
  const rows = await db.database.kysely.selectFrom('events').select('action').orderBy('id').execute()
  return rows.map(({ action }) => action)
}

describe('an event', () => {
  test.each<[sentence: string, age: number | null, note: string | null, stays: boolean]>([
    ['that is not processed stays, however old', null, null, true],
    ['processed less than 30 days ago stays', 29.9, null, true],
    ['processed more than 30 days ago goes', 30.1, null, false],
    ['that named no project goes as any other', 30.1, 'names no project', false],
    ['that was put aside stays three times as long', 89.9, 'failed: Error: x', true],
    ['that was put aside goes after that', 90.1, 'failed: Error: x', false],
  ])('%s', async (_sentence, age, note, stays) => {
    await store(age, note)
    expect(await removeOldEvents(db.database, 30)).toBe(stays ? 0 : 1)
    expect(await left()).toHaveLength(stays ? 1 : 0)
  })
})

test('many go in one sweep, while somebody holds one of them', async () => {
  await store(40, null, 1_001)
  await db.database.kysely.transaction().execute(async (tx) => {
    await sql`select from events order by id limit 1 for update`.execute(tx)
    expect(await removeOldEvents(db.database, 30)).toBe(1_000)
  })
  expect(await removeOldEvents(db.database, 30)).toBe(1)
})

test('the service removes them at its start and every hour, unless it is told to keep all', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const log = recordingLog()
  const [keeping, removing] = [0, 30].map((days) => createRetention(db.database, days, log as never))
  try {
    await store(40)
    keeping?.start()
    await vi.advanceTimersByTimeAsync(3_600_000)
    await keeping?.stop()
    expect(await left()).toHaveLength(1)
    removing?.start()
    await expect.poll(left).toEqual([])
    await store(40)
    await vi.advanceTimersByTimeAsync(3_600_000)
    await expect.poll(left).toEqual([])
  } finally {
    await removing?.stop()
    vi.useRealTimers()
  }
  expect(log.entries).toContain('info old events were removed')
})
