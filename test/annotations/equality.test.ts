import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { type Move, moves } from './history.ts'
import { World } from './world.ts'

/** A hundred times as many find what is rare; see `HISTORIES=2000`. */
const numRuns = Number(process.env.HISTORIES ?? 25)

let db: TestDatabase
beforeAll(async () => {
  db = await testDatabase()
})
afterAll(() => db?.drop())

/** Label Studio's clock is not the database's. */
const clocks = fc.constantFrom(-3600, 0, 3600).map((seconds) => (Date.now() + seconds * 1000) * 1000)

async function inWorld(history: Move[], clock: number, work: (world: World) => Promise<void>): Promise<void> {
  const world = new World(db.database, history, clock)
  try {
    await work(world)
  } finally {
    await world.remove()
  }
}

describe.each([
  ['a project that a run made', (world: World) => world.startRun()],
  ['a project that the service did not make', async (world: World) => world.startForeign()],
])('the tallies of %s equal one pass over what Label Studio holds', (_, start) => {
  test('after any order, repetition and interleaving of its events', {
    timeout: 60_000 + numRuns * 3_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(moves('all told'), clocks, (history, clock) =>
        inWorld(history, clock, async (world) => {
          await start(world)
          await world.play()
          if (!world.isKnown) return
          expect(await world.tallies()).toEqual(world.expected())
          expect(await world.contributions()).toEqual(world.expected())
          expect(await world.audit()).toEqual([])
        }),
      ),
      { numRuns, endOnFailure: Boolean(process.env.NO_SHRINK) },
    )
  })

  test('after any loss of its events, and a reconciliation', {
    timeout: 60_000 + numRuns * 3_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(moves('some lost'), clocks, (history, clock) =>
        inWorld(history, clock, async (world) => {
          await start(world)
          await world.play()
          expect(await world.contributions()).toEqual(await world.tallies())
          expect(await world.audit()).toEqual([])
          await world.reconcile()
          expect(await world.tallies()).toEqual(world.expected())
          const again = await world.reconcile()
          expect({ ...again, recomputed: 0 }).toEqual({ ...NOTHING, project: world.project })
        }),
      ),
      { numRuns, endOnFailure: Boolean(process.env.NO_SHRINK) },
    )
  })
})

const NOTHING = {
  tasks_read: 0,
  recomputed: 0,
  tasks_added: 0,
  tasks_changed: 0,
  tasks_removed: 0,
  config_changed: false,
  webhook: { active: false, repaired: [], problem: null },
  annotations_added: 0,
  annotations_changed: 0,
  annotations_removed: 0,
  predictions_changed: 0,
}
