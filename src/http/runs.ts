import { type Request, type Response, Router } from 'express'
import { notificationsOf } from '../alerts/notifications.ts'
import { Problem } from '../contract/problem.ts'
import type { Run } from '../contract/types.ts'
import { input } from '../contract/validator.ts'
import type { Database } from '../db/database.ts'
import { WhereError } from '../logs/where.ts'
import type { Monitors } from '../monitors/monitor.ts'
import { NothingFailedError } from '../runs/focus.ts'
import { presentRun } from '../runs/present.ts'
import { findRun, listRuns, type RunRow, UNFINISHED } from '../runs/run.ts'
import { type Runs, WindowError } from '../runs/start.ts'
import { find } from './monitors.ts'
import { decodeCursor, page } from './paging.ts'
import { watchRun } from './watch-run.ts'

export interface RunRoutes {
  database: Database
  monitors: Monitors
  runs: Runs
}

/** What orders runs: when they were made, then their id. */
const RUN_KEY = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z [0-9a-f-]{36}$/

/** The longest that `Prefer: wait` holds a connection, in seconds; proxies cut longer ones. */
const MAX_WAIT_S = 600

export function runRoutes({ database, monitors, runs }: RunRoutes): Router {
  const router = Router()
  const present = async (run: RunRow): Promise<Run> =>
    presentRun(run, (await notificationsOf(database.kysely, [run.id])).get(run.id) ?? [])
  const existing = async (id: string): Promise<RunRow> => {
    const run = await findRun(database.kysely, id)
    if (!run) throw new Problem('not-found', `There is no run ${id}; GET /runs lists them.`)
    return run
  }

  router.get('/runs', async (request, response) => {
    const { limit, cursor, monitor, status } = input<'listRuns'>(request).query
    const rows = await listRuns(database.kysely, {
      before: decodeCursor(cursor, 'string', RUN_KEY),
      limit: limit + 1,
      monitor: monitor ?? null,
      status: status ?? null,
    })
    const notifications = await notificationsOf(
      database.kysely,
      rows.map(({ id }) => id),
    )
    const key = (run: RunRow) => `${run.created_at.toISOString()} ${run.id}`
    response.json(page(rows, limit, key, (run) => presentRun(run, notifications.get(run.id) ?? [])))
  })

  router.post('/runs', async (request, response) => {
    const { body } = input<'createRun'>(request)
    const monitor = await find(monitors, body.monitor)
    const key = request.get('idempotency-key') ?? null
    const creation = await runs.start(monitor, body, key).catch((error) => {
      if (error instanceof WindowError) throw new Problem('invalid-window', error.message)
      if (error instanceof NothingFailedError) throw new Problem('nothing-failed', error.message)
      if (error instanceof WhereError) {
        const { message } = error
        throw new Problem('invalid-where', message, { errors: [{ path: '/where', message }] })
      }
      throw error
    })
    if ('conflict' in creation) {
      throw new Problem(
        'idempotency-key-reused',
        `This Idempotency-Key belongs to run ${creation.run.id}, which another request started: choose a new key.`,
      )
    }
    const waitS = preferredWait(request)
    const run = waitS > 0 ? await waitForEnd(creation.run, waitS, response) : creation.run
    const status = waitS > 0 ? (isOver(run) ? 200 : 202) : creation.created ? 202 : 200
    response
      .status(status)
      .location(`/runs/${run.id}`)
      .json(await present(run))
  })

  router.get('/runs/:run', async (request, response) => {
    response.json(await present(await existing(input<'getRun'>(request).path.run)))
  })

  router.get('/runs/:run/events', async (request, response) => {
    const run = await existing(input<'streamRun'>(request).path.run)
    await watchRun(response, () => existing(run.id), present)
  })

  router.post('/runs/:run/cancel', async (request, response) => {
    const { run: id } = input<'cancelRun'>(request).path
    const run = (await runs.cancel(id)) ?? (await existing(id))
    if (run.status !== 'cancelled') throw wrongState(run, 'cancelled', 'It is over already.')
    response.json(await present(run))
  })

  router.post('/runs/:run/retry', async (request, response) => {
    const { run: id } = input<'retryRun'>(request).path
    const run = await runs.retry(id)
    if (!run) throw wrongState(await existing(id), 'retried', 'Only a failed or cancelled run can be.')
    response
      .status(202)
      .location(`/runs/${id}`)
      .json(await present(run))
  })

  /** Looks often enough that a short run is not slowed down by being waited for. */
  async function waitForEnd(run: RunRow, waitS: number, response: Response): Promise<RunRow> {
    const end = Date.now() + waitS * 1000
    let current = run
    while (!isOver(current) && Date.now() < end && !response.closed) {
      await new Promise((resolve) => setTimeout(resolve, Math.min(200, end - Date.now())))
      current = await existing(run.id)
    }
    return current
  }

  return router
}

export function isOver(run: { status: RunRow['status'] }): boolean {
  return !UNFINISHED.includes(run.status)
}

function preferredWait(request: Request): number {
  const seconds = /(?:^|[,;\s])wait=(\d+)/i.exec(request.get('prefer') ?? '')?.[1]
  return Math.min(Number(seconds ?? 0), MAX_WAIT_S)
}

function wrongState(run: RunRow, what: string, why: string): Problem {
  return new Problem('run-state', `Run ${run.id} is ${run.status} and can't be ${what}. ${why}`)
}
