import { sql } from 'kysely'
import pino from 'pino'
import { describe, expect, test } from 'vitest'
import { createWatch } from '../../src/alerts/watch.ts'
import type { Threshold } from '../../src/contract/types.ts'
import { findProject, readContext } from '../../src/evaluations/read.ts'
import type { MonitorDraft } from '../../src/monitors/monitor.ts'
import { BAD, GOOD, notifications, OPEN, reviewedProject, reviews, surroundings } from './alerts.ts'
import { eachWithAlerts } from './fixture.ts'

const it = eachWithAlerts()

const AT_MOST_HALF = { metric: 'change_rate', max: 0.5 }
const to = (thresholds: (Partial<Threshold> & { metric: string })[]): Partial<MonitorDraft> => ({
  thresholds,
  notify: { emails: ['ml@example.org'] },
})
const watched = (threshold: Partial<Threshold> = {}) =>
  reviewedProject(it(), to([{ ...AT_MOST_HALF, ...threshold }]))

/** The numbers move, and the watch looks. */
const moved = async (numbers: Parameters<typeof reviews>[2], project = 12) => {
  await reviews(it().database, project, numbers)
  await it().watch.look()
}
const told = async (run: string) =>
  (await notifications(it().database, run)).map(({ type }) => type.replace('threshold.', ''))
const alertOf = async (project = 12) => {
  const { kysely } = it().database
  const row = await findProject(kysely, project)
  if (!row) throw new Error('no project')
  return (await readContext(kysely, row, surroundings.labelStudioUrl)).alerts[0]
}

describe('a threshold that is crossed', () => {
  test('is told once, however often the numbers move after that', async () => {
    const { run } = await watched()
    for (const numbers of [GOOD, BAD, BAD, { reviewed: 120, changed: 110 }]) await moved(numbers)
    expect(await told(run)).toEqual(['failed'])
  })

  test('is told each time, and its recovery too', async () => {
    const { run } = await watched()
    for (const numbers of [GOOD, BAD, OPEN, BAD, GOOD, OPEN, GOOD, BAD]) await moved(numbers)
    expect(await told(run)).toEqual(['failed', 'recovered', 'failed'])
  })

  test('warns first where it is to warn', async () => {
    const { run } = await watched({ warn: 0.3 })
    for (const numbers of [GOOD, { reviewed: 100, changed: 52 }, BAD, GOOD]) await moved(numbers)
    expect(await told(run)).toEqual(['warning', 'failed', 'recovered'])
  })

  test('is not told before anything is certain, nor when the numbers vanish', async () => {
    const { run } = await watched()
    await moved(OPEN)
    await moved({ reviewed: 20, changed: 20 })
    expect(await told(run)).toEqual([])
    await moved(BAD)
    await moved({ reviewed: 0, changed: 0 })
    expect(await told(run)).toEqual(['failed'])
    expect(await alertOf()).toMatchObject({ state: 'fail' })
  })

  test('keeps the state since when, and when it was told', async () => {
    await watched()
    await moved(GOOD)
    expect(await alertOf()).toBeNull()
    await moved(BAD)
    const failed = await alertOf()
    expect(failed?.notified_at).toEqual(failed?.since)
    await moved(OPEN)
    expect(await alertOf()).toEqual(failed)
    await moved(GOOD)
    expect((await alertOf())?.since.getTime()).toBeGreaterThan(failed?.since.getTime() ?? 0)
  })

  test('is told by one mail to all addresses and one call of each webhook', async () => {
    const webhooks = [
      { url: 'http://127.0.0.1:1/a' },
      { url: 'http://127.0.0.1:1/b' },
      { url: 'http://127.0.0.1:1/a' },
    ]
    const notify = { emails: ['a@example.org', 'b@example.org'], webhooks }
    const { run } = await reviewedProject(it(), { thresholds: [AT_MOST_HALF], notify })
    await moved(BAD)
    expect(await notifications(it().database, run)).toMatchObject([
      { kind: 'email', type: 'threshold.failed', to: ['a@example.org', 'b@example.org'] },
      { kind: 'webhook', type: 'threshold.failed', to: ['http://127.0.0.1:1/a'] },
      { kind: 'webhook', type: 'threshold.failed', to: ['http://127.0.0.1:1/b'] },
    ])
  })

  test('is kept also where there is nobody to tell', async () => {
    await reviewedProject(it(), { thresholds: [{ ...AT_MOST_HALF, renotify_hours: 0.001 }] })
    await moved(BAD)
    expect(await alertOf()).toMatchObject({ state: 'fail', notified_at: null })
    expect(await it().database.kysely.selectFrom('watches').selectAll().execute()).toEqual([])
  })

  test('of one model version is told of that alone', async () => {
    const { run } = await watched({ model_version: 'v2' })
    await moved({ ...BAD, version: 'v1' })
    expect(await told(run)).toEqual([])
    await moved({ ...BAD, version: 'v2' })
    expect(await told(run)).toEqual(['failed'])
  })

  test('is one of several, each for itself', async () => {
    const { run } = await reviewedProject(it(), to([AT_MOST_HALF, { metric: 'similarity', min: 0.5 }]))
    await moved(BAD)
    expect(await told(run)).toEqual(['failed', 'failed'])
    await moved(BAD)
    expect(await told(run)).toHaveLength(2)
  })
})

describe('exactly once', () => {
  test('a burst of changes is looked at once', async () => {
    const { run } = await watched()
    for (let changed = 80; changed <= 100; changed += 1) {
      await reviews(it().database, 12, { reviewed: 100, changed })
    }
    await it().watch.look()
    expect(await told(run)).toEqual(['failed'])
    expect(await it().database.kysely.selectFrom('watches').selectAll().execute()).toEqual([])
  })

  test('when what is told can not be written, nothing is kept, and the next look tells it', async () => {
    const { run } = await watched()
    let failures = 1
    const watch = createWatch({
      ...surroundings,
      database: it().database,
      log: pino({ level: 'silent' }),
      outbox: {
        async announce(...announced) {
          await it().outbox.announce(...announced)
          if (failures-- > 0) throw new Error('written, and then something else failed')
        },
      },
    })
    await reviews(it().database, 12, BAD)
    await watch.look()
    expect(await told(run)).toEqual([])
    expect(await alertOf()).toBeNull()
    await sql`update watches set due_at = now()`.execute(it().database.kysely)
    await watch.look()
    expect(await told(run)).toEqual(['failed'])
  })

  test('a project that can not be looked at does not keep others waiting', async () => {
    const one = await watched()
    const other = await reviewedProject(it(), { name: 'other', ...to([AT_MOST_HALF]) }, 13)
    await sql`update runs set strata = '7' where id = ${one.run}`.execute(it().database.kysely)
    await reviews(it().database, 12, BAD)
    await moved(BAD, 13)
    expect(await told(other.run)).toEqual(['failed'])
    const waiting = await it().database.kysely.selectFrom('watches').selectAll().execute()
    expect(waiting.map(({ project_id }) => project_id)).toEqual([12])
    expect(it().logged.join('')).toContain('could not be looked at')
  })

  test('five watches that look at the same moment tell it once', async () => {
    const { run } = await watched()
    const { database, outbox } = it()
    const log = pino({ level: 'silent' })
    const watches = Array.from({ length: 5 }, () => createWatch({ ...surroundings, database, outbox, log }))
    for (const numbers of [BAD, GOOD, BAD]) {
      await reviews(database, 12, numbers)
      await Promise.all(watches.map((watch) => watch.look()))
    }
    expect(await told(run)).toEqual(['failed', 'recovered', 'failed'])
  })

  test('numbers that move while the watch looks are looked at too', async () => {
    const { run } = await watched()
    const { database, watch } = it()
    const looking = (async () => {
      for (let look = 0; look < 40; look += 1) await watch.look()
    })()
    for (let n = 0; n < 20; n += 1) await reviews(database, 12, n % 2 === 0 ? GOOD : BAD)
    await looking
    await watch.look()
    // The last word was that it fails, and words alternate.
    const words = await told(run)
    expect(words.at(-1)).toBe('failed')
    expect(words).toEqual(words.map((_, index) => (index % 2 === 0 ? 'failed' : 'recovered')))
  })
})

describe('a reminder', () => {
  const hoursLater = async (hours: number) => {
    const { kysely } = it().database
    await sql`update alerts set since = since - ${hours} * interval '1 hour',
      notified_at = notified_at - ${hours} * interval '1 hour'`.execute(kysely)
    await sql`update watches set due_at = due_at - ${hours} * interval '1 hour'`.execute(kysely)
    await it().watch.look()
  }

  test('comes after renotify_hours, again and again, until it recovers', async () => {
    const { run } = await watched({ renotify_hours: 24 })
    await moved(BAD)
    await hoursLater(23)
    expect(await told(run)).toEqual(['failed'])
    await hoursLater(1.1)
    await hoursLater(1)
    expect(await told(run)).toEqual(['failed', 'failed'])
    await hoursLater(24)
    expect(await told(run)).toEqual(['failed', 'failed', 'failed'])
    await moved(GOOD)
    await hoursLater(100)
    expect(await told(run)).toEqual(['failed', 'failed', 'failed', 'recovered'])
  })

  test('says that it is one', async () => {
    await watched({ renotify_hours: 1 })
    await moved(BAD)
    await hoursLater(2)
    await expect.poll(() => it().mails.length).toBe(2)
    expect(it().mails.map(({ subject }) => subject)).toEqual([
      'Threshold failed: change_rate, QA model 2024-11-11..2024-11-12',
      'Still: threshold failed: change_rate, QA model 2024-11-11..2024-11-12',
    ])
  })

  test('does not come where none is asked for', async () => {
    const { run } = await watched()
    await moved(BAD)
    await hoursLater(1_000)
    expect(await told(run)).toEqual(['failed'])
  })
})

describe('a monitor that changes', () => {
  const change = async (changes: Partial<MonitorDraft>) => {
    const { monitors, watch } = it()
    const monitor = await monitors.find('qa-model')
    if (!monitor) throw new Error('no monitor')
    const changed = await monitors.replace(monitor, { ...monitor.definition, ...changes } as MonitorDraft)
    if (typeof changed === 'string') throw new Error(changed)
    await watch.look()
  }

  test('has its newest project judged at once', async () => {
    const old = await watched({ max: 1 })
    await moved(BAD)
    const newest = await reviewedProject(it(), {}, 13)
    await moved(BAD, 13)
    await change(to([AT_MOST_HALF]))
    expect([await told(old.run), await told(newest.run)]).toEqual([[], ['failed']])
  })

  test('is told as recovered of an old project, if its bound is moved past the numbers', async () => {
    const old = await watched()
    await moved(BAD)
    await reviewedProject(it(), {}, 13)
    await change(to([{ ...AT_MOST_HALF, max: 1 }]))
    expect(await told(old.run)).toEqual(['failed', 'recovered'])
  })

  test('forgets the alert of a threshold that is gone', async () => {
    await watched()
    await moved(BAD)
    await change(to([{ metric: 'similarity', min: 0 }]))
    expect(await it().database.kysely.selectFrom('alerts').selectAll().execute()).toEqual([])
  })

  test('and is deleted tells nothing more', async () => {
    const { monitor, run } = await watched({ renotify_hours: 0.0001 })
    await it().monitors.remove(monitor)
    await moved(BAD)
    expect(await told(run)).toEqual([])
  })
})

test('a project that Label Studio no longer has is not judged', async () => {
  const { run } = await watched()
  await it().database.kysely.updateTable('projects').set({ gone: true }).execute()
  await moved(BAD)
  expect(await told(run)).toEqual([])
})
