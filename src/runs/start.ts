import { createHash, randomInt, randomUUID } from 'node:crypto'
import { toJsonb } from '../db/json.ts'
import type { Queue } from '../jobs/queue.ts'
import type { Monitor } from '../monitors/monitor.ts'
import { executeRun, type RunDependencies } from './execute.ts'
import { focusOf, type RunDefinition, withFocus } from './focus.ts'
import { type Creation, createRun, enter, findRun, type RunRow, UNFINISHED } from './run.ts'
import { defineShardJob } from './shard-job.ts'
import { forgetShards } from './shards.ts'
import { type DateWindow, windowOf } from './window.ts'

export interface RunRequest {
  from?: string | null
  to?: string | null
  total?: number | null
  seed?: number | null
  force?: boolean
  /** In place of the monitor's `sample.where`, without what was reviewed. */
  where?: string | null
  /** Only strata that failed, without what was reviewed; by default in the window where they did. */
  like_failures?: boolean | null
}

/** The window is impossible. The message says why. */
export class WindowError extends Error {}

/** What the API does with runs. */
export interface Runs {
  /** @throws WindowError, WhereError, NothingFailedError */
  start(monitor: Monitor, request: RunRequest, idempotencyKey: string | null): Promise<Creation>
  /** @returns undefined when the run is over already */
  cancel(id: string): Promise<RunRow | undefined>
  /** Goes on with a failed or cancelled run. @returns undefined when it is in another state */
  retry(id: string): Promise<RunRow | undefined>
  /** Sends all unfinished runs on their way; for the start of the service. */
  resume(): Promise<void>
}

interface RunJob {
  run: string
}

/** Where another process is at a run, somebody looks again, should that process end before the run does. */
const LOOK_AGAIN_MS = 5_000

/** A window longer than this is a slip of the pen; its listing alone would take hours. */
const MAX_WINDOW_DAYS = 3_660

/** @param deps `findMonitor` gives the monitor as it is now, for a run that is tried again */
export function createRuns(
  deps: RunDependencies & {
    findMonitor: (id: string) => Promise<Monitor | undefined>
    now: () => Date
  },
): Runs {
  const { database, queue } = deps
  queue.define<RunJob>('run', {
    // Failures of what a run needs are sat out inside; this is for the process or its database going away.
    retry: { limit: 100, delaySeconds: 2, backoff: true, maxDelaySeconds: 30 },
    concurrency: 2,
    expireInSeconds: 24 * 3600 - 1,
    async handler({ run }, { signal }) {
      if (await executeRun(deps, run, signal)) return
      const startAfter = new Date(deps.now().getTime() + LOOK_AGAIN_MS)
      await queue.send('run', { run }, { startAfter, singletonKey: `look again ${run}` })
    },
  })
  defineShardJob(deps)
  const send = (run: string, transaction?: Parameters<Queue['send']>[2]) =>
    queue.send('run', { run }, transaction)

  return {
    async start(monitor, request, idempotencyKey) {
      const focused = await focusOf(database.kysely, monitor.id, request)
      const definition = withFocus(monitor.definition, focused?.focus ?? null)
      const isOpen = request.from == null && request.to == null
      const given = isOpen && focused?.window ? focused.window : request
      const window = checkedWindow(windowOf(given, definition.window, deps.now()))
      const run = {
        id: randomUUID(),
        monitor_id: monitor.id,
        monitor: definition.name,
        definition,
        window,
        total: request.total ?? definition.sample.total,
        seed: request.seed ?? definition.sample.seed ?? randomInt(2 ** 31),
        idempotency_key: idempotencyKey,
        request_hash: hashOf(monitor.id, request),
      }
      return database.kysely.transaction().execute(async (tx) => {
        const creation = await createRun(tx, run, request.force ?? false)
        if (creation.created) await send(creation.run.id, { transaction: tx })
        return creation
      })
    },
    async cancel(id) {
      const run = await enter(database.kysely, id, 'cancelled', { finished_at: deps.now(), message: null })
      if (run) await forgetShards(database.kysely, id)
      return run
    },
    async retry(id) {
      const before = await findRun(database.kysely, id)
      const monitor = before?.monitor_id ? await deps.findMonitor(before.monitor_id) : undefined
      const { focus = null } = (before?.definition ?? {}) as Partial<RunDefinition>
      return database.kysely.transaction().execute(async (tx) => {
        const run = await enter(tx, id, 'queued', {
          error: null,
          message: null,
          finished_at: null,
          // What was wrong with the monitor may have been mended; what is planned already stays.
          ...(monitor ? { definition: toJsonb(withFocus(monitor.definition, focus)) } : {}),
        })
        if (!run) return run
        await forgetShards(tx, id)
        await send(id, { transaction: tx })
        return run
      })
    },
    async resume() {
      const rows = await database.kysely
        .selectFrom('runs')
        .select('id')
        .where('status', 'in', UNFINISHED)
        .execute()
      for (const { id } of rows) await send(id)
    },
  }
}

function checkedWindow(window: DateWindow): DateWindow {
  if (window.from > window.to) {
    throw new WindowError(`The window ends (${window.to}) before it starts (${window.from}).`)
  }
  if (Date.parse(window.to) - Date.parse(window.from) > MAX_WINDOW_DAYS * 86_400_000) {
    throw new WindowError(`The window ${window.from} to ${window.to} is longer than ${MAX_WINDOW_DAYS} days.`)
  }
  return window
}

/** The request itself, not the window that follows from it: a call repeated after midnight is still the same call. */
function hashOf(
  monitor: string,
  { from = null, to = null, total = null, seed = null, force = false, ...focus }: RunRequest,
): string {
  const { where = null, like_failures } = focus
  return createHash('sha256')
    .update(JSON.stringify([monitor, from, to, total, seed, force, where, like_failures === true]))
    .digest('hex')
}
