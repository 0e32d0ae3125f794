import { sql } from 'kysely'
import type { EvaluationTask } from '../contract/types.ts'
import type { Database } from '../db/database.ts'
import type { Region } from '../labeling/types.ts'
import type { TaskOutcome } from './outcome.ts'

/** A compared task, with the annotation that decides. */
export interface ComparedTask {
  task_id: number
  data: Record<string, unknown>
  result: Region[] | null
  model_version: string | null
  score: number | null
  stratum: string | null
  blind: boolean
  outcome: TaskOutcome
  annotation: Region[] | null
  completed_by: number | null
}

/** The compared tasks of a project in the order of their ids, from after one of them. */
export async function listComparedTasks(
  db: Database['kysely'],
  project: number,
  options: { after: number | null; limit: number; changed: boolean | null; blind: boolean | null },
): Promise<ComparedTask[]> {
  const { rows } = await sql<ComparedTask>`
    select task_id, data, tasks.result, model_version, score, stratum, blind, outcome,
      annotations.result as annotation, annotations.completed_by
    from tasks left join annotations using (project_id, task_id)
    where project_id = ${project} and task_id > ${options.after ?? 0}
      and changed is not null and (${options.changed}::boolean is null or changed = ${options.changed}::boolean)
      and (${options.blind}::boolean is null or blind = ${options.blind}::boolean)
      and annotation_id = (outcome->'compared'->>'annotation_id')::bigint
    order by task_id
    limit ${options.limit}`.execute(db)
  return rows
}

/** One compared task as the API shows it. */
export function presentTask(row: ComparedTask, url: string | null): EvaluationTask {
  const { compared } = row.outcome
  if (!compared) throw new Error(`task ${row.task_id} is marked as compared but has no comparison`)
  const annotation = row.annotation ?? []
  const changed = Object.entries(compared.controls).filter(([, control]) => control.changed)
  return {
    task: row.task_id,
    url,
    reviewed_state: 'reviewed',
    blind: row.blind,
    changed: compared.changed,
    similarity: compared.similarity,
    model_version: compared.model_version,
    stratum: row.stratum,
    data: row.data,
    prediction: compared.prediction as EvaluationTask['prediction'],
    annotation: annotation as EvaluationTask['annotation'],
    annotator: row.completed_by,
    controls: compared.controls,
    diff: Object.fromEntries(
      changed.map(([name]) => [
        name,
        { predicted: valuesOf(name, compared.prediction), corrected: valuesOf(name, annotation) },
      ]),
    ),
  }
}

/** What a control says in a result: the one value, or the list of them; null where it says nothing. */
export function valuesOf(control: string, result: Region[]): unknown {
  const values = result
    .filter((region) => (control === 'relations' ? region.type === 'relation' : region.from_name === control))
    .map(plainValue)
  return values.length === 0 ? null : values.length === 1 ? values[0] : values
}

/** A value without its wrapping: `{"choices": ["A"]}` is `["A"]`; a text of one entry is that text. */
export function plainValue(region: Region): unknown {
  if (region.type === 'relation') {
    const { from_id, to_id, direction, labels } = region
    return { from_id, to_id, direction, labels }
  }
  const value = region.value ?? {}
  const entries = Object.values(value)
  const only = entries.length === 1 ? entries[0] : value
  return Array.isArray(only) && only.length === 1 && region.type === 'textarea' ? only[0] : only
}
