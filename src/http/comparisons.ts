import { Router } from 'express'
import { Problem } from '../contract/problem.ts'
import type { Trend } from '../contract/types.ts'
import { input } from '../contract/validator.ts'
import type { Database } from '../db/database.ts'
import { presentComparison, type Side } from '../evaluations/compare.ts'
import { presentEvaluation } from '../evaluations/evaluation.ts'
import { readContext } from '../evaluations/read.ts'
import {
  listRunProjects,
  newestRunProjects,
  presentPoint,
  SERIES_KEY,
  seriesKey,
} from '../evaluations/series.ts'
import type { LabelStudio } from '../labeling/client.ts'
import type { Monitors } from '../monitors/monitor.ts'
import { findRun } from '../runs/run.ts'
import { followedProject } from './followed.ts'
import { find } from './monitors.ts'
import { decodeCursor, page } from './paging.ts'

export interface ComparisonRoutes {
  database: Database
  monitors: Monitors
  labelStudio: LabelStudio
}

/** A run a week for two years; more is what the trend is for. */
const MAX_RUNS = 100

/** Mount these before `/evaluations/:project`. */
export function comparisonRoutes({ database, monitors, labelStudio }: ComparisonRoutes): Router {
  const router = Router()
  const db = database.kysely

  router.get('/evaluations/compare', async (request, response) => {
    const { projects, monitor } = input<'compareEvaluations'>(request).query
    if ((projects === undefined) === (monitor === undefined)) throw oneOfTwo()
    response.json(
      projects === undefined
        ? presentComparison(await sidesOfMonitor(monitor as string), 'before')
        : presentComparison(await Promise.all(projects.map(sideOf)), 'first'),
    )
  })

  router.get('/monitors/:monitor/trend', async (request, response) => {
    const { path, query } = input<'getTrend'>(request)
    const { id } = await find(monitors, path.monitor)
    const rows = await listRunProjects(db, id, {
      after: decodeCursor(query.cursor, 'string', SERIES_KEY),
      limit: query.limit + 1,
    })
    const points = new Map<string, Trend['items'][number]>()
    for (const row of rows.slice(0, query.limit)) {
      points.set(
        row.run,
        presentPoint(row, presentEvaluation(await readContext(db, row, labelStudio.projectUrl))),
      )
    }
    response.json(page(rows, query.limit, seriesKey, ({ run }) => points.get(run)))
  })

  async function sidesOfMonitor(reference: string): Promise<Side[]> {
    const { id } = await find(monitors, reference)
    const sides: Side[] = []
    for (const row of await newestRunProjects(db, id, MAX_RUNS)) {
      const context = await readContext(db, row, labelStudio.projectUrl)
      sides.push({ context, window: { from: row.window_from, to: row.window_to } })
    }
    return sides
  }

  async function sideOf(id: number): Promise<Side> {
    const project = await followedProject(db, id)
    const run = project.run_id === null ? undefined : await findRun(db, project.run_id)
    return {
      context: await readContext(db, project, labelStudio.projectUrl),
      window: run ? { from: run.window_from, to: run.window_to } : null,
    }
  }

  return router
}

function oneOfTwo(): Problem {
  const message = 'Give either projects, such as projects=11,12, or monitor, such as monitor=qa-model.'
  return new Problem('invalid-request', message, { errors: [{ path: 'query.projects', message }] })
}
