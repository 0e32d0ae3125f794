import type { ProjectRow } from '../annotations/store.ts'
import { Problem } from '../contract/problem.ts'
import type { Database } from '../db/database.ts'
import { findProject } from '../evaluations/read.ts'

/** @throws Problem when the service does not follow the project */
export async function followedProject(db: Database['kysely'], id: number): Promise<ProjectRow> {
  const project = await findProject(db, id)
  if (project) return project
  throw new Problem(
    'not-found',
    `Project ${id} is not followed. A run makes its own; any other is followed once Label Studio sends an event of it, or after POST /evaluations/${id}/reconcile.`,
  )
}
