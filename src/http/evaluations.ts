import { Router } from 'express'
import { reconcile } from '../annotations/reconcile.ts'
import type { ProjectRow } from '../annotations/store.ts'
import { Problem } from '../contract/problem.ts'
import type { Evaluation } from '../contract/types.ts'
import { input } from '../contract/validator.ts'
import type { Database } from '../db/database.ts'
import { presentEvaluation } from '../evaluations/evaluation.ts'
import { metricName } from '../evaluations/metric.ts'
import { listProjects, readContext } from '../evaluations/read.ts'
import { listComparedTasks, presentTask } from '../evaluations/tasks.ts'
import { type LabelStudio, LabelStudioError } from '../labeling/client.ts'
import { followedProject } from './followed.ts'
import { decodeCursor, page } from './paging.ts'

export interface EvaluationRoutes {
  database: Database
  labelStudio: LabelStudio
}

export function evaluationRoutes({ database, labelStudio }: EvaluationRoutes): Router {
  const router = Router()
  const db = database.kysely
  const existing = (id: number): Promise<ProjectRow> => followedProject(db, id)
  const evaluate = async (project: ProjectRow): Promise<Evaluation> =>
    presentEvaluation(await readContext(db, project, labelStudio.projectUrl))

  router.get('/evaluations', async (request, response) => {
    const { limit, cursor, monitor } = input<'listEvaluations'>(request).query
    const rows = await listProjects(db, {
      before: decodeCursor(cursor, 'number'),
      limit: limit + 1,
      monitor: monitor ?? null,
    })
    const evaluations = new Map<number, Evaluation>()
    for (const project of rows.slice(0, limit)) evaluations.set(project.project_id, await evaluate(project))
    const id = (project: ProjectRow) => project.project_id
    response.json(page(rows, limit, id, (project) => evaluations.get(project.project_id)))
  })

  router.get('/evaluations/:project', async (request, response) => {
    const { project } = input<'getEvaluation'>(request).path
    response.json(await evaluate(await existing(project)))
  })

  router.get('/evaluations/:project/tasks', async (request, response) => {
    const { path, query } = input<'listEvaluationTasks'>(request)
    const project = await existing(path.project)
    const rows = await listComparedTasks(db, project.project_id, {
      after: decodeCursor(query.cursor, 'number'),
      limit: query.limit + 1,
      changed: query.changed ?? null,
      blind: query.blind ?? null,
    })
    response.json(
      page(
        rows,
        query.limit,
        (row) => row.task_id,
        (row) => presentTask(row, labelStudio.taskUrl(project.project_id, row.task_id)),
      ),
    )
  })

  router.get('/evaluations/:project/gate', async (request, response) => {
    const { path, query } = input<'getGate'>(request)
    const { verdict, thresholds } = await evaluate(await existing(path.project))
    const gate = { project: path.project, verdict, thresholds }
    if (verdict === 'fail' || (verdict === 'inconclusive' && query.strict)) {
      throw new Problem(verdict === 'fail' ? 'gate-failed' : 'gate-inconclusive', explain(thresholds), {
        extra: gate,
      })
    }
    response.json(gate)
  })

  router.post('/evaluations/:project/reconcile', async (request, response) => {
    const { project } = input<'reconcileEvaluation'>(request).path
    const report = await reconcile({ database, labelStudio }, project).catch((error) => {
      if (!(error instanceof LabelStudioError && error.kind === 'missing')) throw error
      throw new Problem(
        'not-found',
        `Label Studio has no project ${project}, or LABEL_STUDIO_API_KEY may not see it.`,
      )
    })
    const { tasks_added, tasks_removed, annotations_added, annotations_changed, annotations_removed } = report
    const tasks = { added: tasks_added, updated: 0, removed: tasks_removed }
    const annotations = {
      added: annotations_added,
      updated: annotations_changed,
      removed: annotations_removed,
    }
    const predictions = { added: 0, updated: report.predictions_changed, removed: 0 }
    const counts = [tasks, annotations, predictions].flatMap((repairs) => Object.values(repairs))
    response.json({
      project,
      reconciled_at: new Date().toISOString(),
      differed: counts.some((count) => count > 0),
      tasks,
      annotations,
      predictions,
    })
  })

  return router
}

function explain(thresholds: Evaluation['thresholds']): string {
  const open = thresholds.filter(({ state }) => state !== 'pass')
  if (open.length === 0) return 'There is no threshold to decide by: set one in the monitor.'
  return open
    .map((threshold) => {
      const { max, min, state, value, reviewed, min_reviewed } = threshold
      const now = value === null ? 'has no value yet' : `is ${Number(value.toFixed(4))}`
      const bound = [max !== null && `at most ${max}`, min !== null && `at least ${min}`]
        .filter(Boolean)
        .join(' and ')
      return `${metricName(threshold)} ${now} (${bound} is allowed) after ${reviewed} reviews of at least ${min_reviewed}: ${state}.`
    })
    .join(' ')
}
