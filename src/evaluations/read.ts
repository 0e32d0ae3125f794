import { sql } from 'kysely'
import { readAlerts } from '../alerts/alert.ts'
import type { ProjectRow } from '../annotations/store.ts'
import type { Database } from '../db/database.ts'
import type { Definition } from '../monitors/monitor.ts'
import type { EvaluationContext } from './evaluation.ts'
import { crossingsOf } from './metric.ts'
import { type RunStratum, readTallies } from './tallies.ts'

/** Projects that are followed, the newest first; `before` is the id of the last one that was read. */
export async function listProjects(
  db: Database['kysely'],
  options: { before: number | null; limit: number; monitor: string | null },
): Promise<ProjectRow[]> {
  return db
    .selectFrom('projects')
    .selectAll('projects')
    .$if(options.before !== null, (query) => query.where('project_id', '<', options.before as number))
    .$if(options.monitor !== null, (query) =>
      query.where(sql<boolean>`(monitor = ${options.monitor} or exists (
        select from runs where runs.id = projects.run_id and runs.monitor_id::text = ${options.monitor}))`),
    )
    .orderBy('project_id', 'desc')
    .limit(options.limit)
    .execute()
}

export async function findProject(db: Database['kysely'], project: number): Promise<ProjectRow | undefined> {
  return db.selectFrom('projects').selectAll().where('project_id', '=', project).executeTakeFirst()
}

/**
 * Everything that an evaluation is presented from. The thresholds are those of the monitor as it is now; a project without
 * a monitor has none, nor one whose monitor was deleted, nor one of a run with a focus.
 */
export async function readContext(
  db: Database['kysely'],
  project: ProjectRow,
  labelStudioUrl: (project: number) => string | null,
): Promise<EvaluationContext> {
  const run = project.run_id
    ? await db
        .selectFrom('runs')
        .leftJoin('monitors', 'monitors.id', 'runs.monitor_id')
        .select(['runs.strata', 'runs.definition as then', 'monitors.definition as now'])
        .where('runs.id', '=', project.run_id)
        .executeTakeFirst()
    : undefined
  const definition = (run?.now ?? run?.then ?? null) as Definition | null
  const { focus = null } = (run?.then ?? {}) as { focus?: unknown }
  const current = (run?.now ?? null) as Definition | null
  const thresholds = focus === null ? (current?.thresholds ?? []) : []
  return {
    project,
    tallies: await readTallies(
      db,
      project.project_id,
      (run?.strata ?? []) as RunStratum[],
      thresholds.flatMap(crossingsOf),
    ),
    thresholds,
    alerts: await readAlerts(db, project.project_id, thresholds),
    confidence: definition?.confidence ?? 0.95,
    labelStudioUrl: labelStudioUrl(project.project_id),
  }
}
