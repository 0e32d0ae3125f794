import { sql } from 'kysely'
import type { Database, Transaction } from '../db/database.ts'
import { tallyRows } from '../evaluations/lead-times.ts'
import { type Addend, difference } from '../evaluations/tally.ts'
import { computeTasks } from './retally.ts'
import type { ProjectRow } from './store.ts'

/** A count that is not what the stored annotations say. */
export interface AuditDifference {
  project: number
  /** Null: the count is the whole project's. Otherwise what the task is noted to add to it. */
  task: number | null
  /** For example `coverage` and `reviewed`, or `model_version` and `v2`. */
  dimension: string
  key: string
  stored: Counts
  computed: Counts
}

/** `amount` is a sum of similarities in billionths; for lead times, of milliseconds. */
export interface Counts {
  count: number
  changed: number
  amount: number
}

export interface AuditTotals {
  projects: number
  tasks: number
  annotations: number
  /** Tasks that are still to be compared anew, after a change of their project. */
  pending: number
  differences: number
}

const BATCH = 500

/**
 * Computes all counts anew from the stored annotations and predictions, and holds the kept ones against them: what each
 * task is noted to add, and each project's tallies. Changes nothing and hinders nobody: a project is read in one
 * snapshot, batch by batch.
 *
 * @param project the only one to look at, by default all
 * @param report is told of each difference
 */
export async function audit(
  database: Database,
  options: { project?: number; report: (difference: AuditDifference) => void; signal?: AbortSignal },
): Promise<AuditTotals> {
  const totals: AuditTotals = { projects: 0, tasks: 0, annotations: 0, pending: 0, differences: 0 }
  const report = (found: AuditDifference) => {
    totals.differences++
    options.report(found)
  }
  const projects = await database.kysely
    .selectFrom('projects')
    .select('project_id')
    .$if(options.project !== undefined, (query) => query.where('project_id', '=', options.project as number))
    .orderBy('project_id')
    .execute()
  for (const { project_id } of projects) {
    await database.kysely
      .transaction()
      .setIsolationLevel('repeatable read')
      .setAccessMode('read only')
      .execute((tx) => auditProject(tx, project_id, totals, report, options.signal))
  }
  return totals
}

async function auditProject(
  tx: Transaction,
  id: number,
  totals: AuditTotals,
  report: (difference: AuditDifference) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const project: ProjectRow | undefined = await tx
    .selectFrom('projects')
    .selectAll()
    .where('project_id', '=', id)
    .executeTakeFirst()
  if (!project) return // Forgotten since.
  totals.projects++
  totals.annotations += await countAnnotations(tx, id)
  let sums: Addend[] = []
  for (let after = 0; ; ) {
    signal?.throwIfAborted()
    const rows = await tx
      .selectFrom('tasks')
      .select('task_id')
      .where('project_id', '=', id)
      .where('task_id', '>', after)
      .orderBy('task_id')
      .limit(BATCH)
      .execute()
    const ids = rows.map(({ task_id }) => task_id)
    const standing: Addend[] = []
    for (const { task_id, revision, stored, addends } of await computeTasks(tx, project, ids)) {
      totals.tasks++
      // Its former contribution stands until its turn comes.
      const isPending = revision < project.revision
      if (isPending) totals.pending++
      else compare(stored, addends, (found) => report({ project: id, task: task_id, ...found }))
      standing.push(...(isPending ? stored : addends))
    }
    sums = difference([], [...sums, ...tallyRows(standing)])
    if (ids.length < BATCH) break
    after = ids.at(-1) as number
  }
  compare(await tallies(tx, id), sums, (found) => report({ project: id, task: null, ...found }))
}

function compare(
  stored: Addend[],
  computed: Addend[],
  report: (found: Omit<AuditDifference, 'project' | 'task'>) => void,
): void {
  const counts = (addends: Addend[], dimension: string, key: string): Counts => {
    const own = difference([], addends).find((each) => each[0] === dimension && each[1] === key)
    return { count: own?.[2] ?? 0, changed: own?.[3] ?? 0, amount: own?.[4] ?? 0 }
  }
  for (const [dimension, key] of difference(stored, computed)) {
    report({
      dimension,
      key,
      stored: counts(stored, dimension, key),
      computed: counts(computed, dimension, key),
    })
  }
}

async function tallies(tx: Transaction, project: number): Promise<Addend[]> {
  const rows = await tx.selectFrom('tallies').selectAll().where('project_id', '=', project).execute()
  return rows.map(({ dimension, key, count, changed, amount }) => [
    dimension as Addend[0],
    key,
    count,
    changed,
    amount,
  ])
}

async function countAnnotations(tx: Transaction, project: number): Promise<number> {
  const { count } = await tx
    .selectFrom('annotations')
    .select(sql<number>`count(*)`.as('count'))
    .where('project_id', '=', project)
    .where('deleted', '=', false)
    .executeTakeFirstOrThrow()
  return count
}
