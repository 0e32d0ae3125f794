import { sql } from 'kysely'
import type { ProjectRow } from '../annotations/store.ts'
import type { Trend } from '../contract/types.ts'
import type { Database } from '../db/database.ts'
import type { presentEvaluation } from './evaluation.ts'

/** A ready run of a monitor, with the project that it made. One that looks at failures alone stands in no series. */
export type RunProject = ProjectRow & {
  run: string
  window_from: string
  window_to: string
  run_created_at: Date
}

/** What orders the runs of a monitor: their windows, when they were made, their id. */
export const SERIES_KEY =
  /^\d{4}-\d\d-\d\d \d{4}-\d\d-\d\d \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z [0-9a-f-]{36}$/

export function seriesKey({ window_from, window_to, run_created_at, run }: RunProject): string {
  return `${window_from} ${window_to} ${run_created_at.toISOString()} ${run}`
}

/** The runs of a monitor, the oldest window first, from after a key on. */
export async function listRunProjects(
  db: Database['kysely'],
  monitorId: string,
  { after, limit }: { after: string | null; limit: number },
): Promise<RunProject[]> {
  const [from, to, createdAt, id] = after?.split(' ') ?? []
  return runProjects(db, monitorId)
    .$if(after !== null, (query) =>
      query.where(
        sql<boolean>`(runs.window_from, runs.window_to, date_trunc('milliseconds', runs.created_at), runs.id)
          > (${from}::date, ${to}::date, ${createdAt}::timestamptz, ${id}::uuid)`,
      ),
    )
    .orderBy('runs.window_from')
    .orderBy('runs.window_to')
    .orderBy(sql`date_trunc('milliseconds', runs.created_at)`)
    .orderBy('runs.id')
    .limit(limit)
    .execute()
}

/** The newest runs of a monitor, the oldest of them first. */
export async function newestRunProjects(
  db: Database['kysely'],
  monitorId: string,
  limit: number,
): Promise<RunProject[]> {
  const rows = await runProjects(db, monitorId)
    .orderBy('runs.window_from', 'desc')
    .orderBy('runs.window_to', 'desc')
    .orderBy(sql`date_trunc('milliseconds', runs.created_at)`, 'desc')
    .orderBy('runs.id', 'desc')
    .limit(limit)
    .execute()
  return rows.reverse()
}

function runProjects(db: Database['kysely'], monitorId: string) {
  return db
    .selectFrom('runs')
    .innerJoin('projects', 'projects.run_id', 'runs.id')
    .selectAll('projects')
    .select(['runs.id as run', 'runs.window_from', 'runs.window_to', 'runs.created_at as run_created_at'])
    .where('runs.monitor_id', '=', monitorId)
    .where('runs.status', '=', 'ready')
    .where(sql<boolean>`runs.definition->'focus' is null`)
}

export function presentPoint(
  { run, window_from, window_to, project_id }: RunProject,
  evaluation: ReturnType<typeof presentEvaluation>,
): Trend['items'][number] {
  const { change_rate, similarity, similarity_sequence, by_model_version, verdict } = evaluation
  return {
    run,
    project: project_id,
    window: { from: window_from, to: window_to },
    model_versions: by_model_version.map(({ key }) => key),
    reviewed: change_rate.reviewed,
    change_rate,
    similarity,
    similarity_sequence,
    verdict,
  }
}
