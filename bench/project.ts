import { writeTasks } from '../src/annotations/store.ts'
import type { Database } from '../src/db/database.ts'

/** Labeling config of the projects that are filled here. */
export const CONFIG =
  '<View><Text name="question" value="$question"/><TextArea name="answer" toName="question" editable="true" maxSubmissions="1"/></View>'
const DAYS = Array.from({ length: 7 }, (_, index) => `2026-03-${String(8 + index).padStart(2, '0')}`)
const TIMES_MEDIAN_MS = 20_000

/** Writes a project as a finished run leaves it: tasks 1 to `tasks` with an imported prediction each, not yet reviewed. */
export async function fillProject({ pool, kysely }: Database, project: number, tasks: number): Promise<void> {
  const strata = DAYS.map((key) => ({ key, seen: tasks * 10, sampled: Math.round(tasks / DAYS.length) }))
  const definition = {
    thresholds: [{ metric: 'change_rate', max: 0.75, min_reviewed: 30 }],
    confidence: 0.95,
  }
  const { rows } = await pool.query(
    `insert into runs (id, monitor, definition, status, window_from, window_to, total, seed, request_hash, progress, strata)
     values (gen_random_uuid(), 'bench', $1, 'ready', $2, $3, $4, 1, '', '{}', $5) returning id`,
    [JSON.stringify(definition), DAYS[0], DAYS.at(-1), tasks, JSON.stringify(strata)],
  )
  await pool.query(
    `insert into projects (project_id, run_id, monitor, title, label_config, model_version, mapped_controls, adopted)
     values ($1, $2, 'bench', 'bench', $3, 'v1.0.0', '["answer"]', true)`,
    [project, rows[0].id, CONFIG],
  )
  const first = {
    ...{ task_id: 1, key: null, data: {}, data_hash: null, result: null },
    ...{ model_version: null, score: null, stratum: null, blind: false },
  }
  await kysely.transaction().execute((tx) => writeTasks(tx, project, [first]))
  // copies of one that the service has written have all its columns
  await pool.query(
    `with first as (delete from tasks where project_id = $1 returning tasks)
     insert into tasks select copy.* from first, generate_series(1, $2::int) as i,
       jsonb_populate_record(first.tasks, jsonb_build_object('task_id', i, 'model_version', 'v1.' || i % 5 || '.0',
         'data', jsonb_build_object('question', 'What is the capital of country ' || i || '?'),
         'result', jsonb_build_array(jsonb_build_object('id', 'answer', 'from_name', 'answer', 'to_name', 'question',
           'type', 'textarea',
           'value', jsonb_build_object('text', jsonb_build_array('The capital is city ' || i || '.')))),
         'stratum', ($3::text[])[1 + i % 7], 'contribution', '[["coverage", "tasks", 1, 0, 0]]'::jsonb)) as copy`,
    [project, tasks, DAYS],
  )
  await pool.query(
    `insert into tallies (project_id, dimension, key, count) values ($1, 'coverage', 'tasks', $2)`,
    [project, tasks],
  )
}

/**
 * Writes one annotation for each task of a filled project, by five annotators, a tenth of them changed, and the
 * tallies that events about them would have come to. Lead times spread as people's do (log-normal).
 */
export async function annotateProject({ pool }: Database, project: number): Promise<void> {
  await pool.query(
    `insert into annotations (project_id, annotation_id, task_id, unique_id, result, completed_by, lead_time_ms, updated_us)
     select project_id, task_id, task_id, gen_random_uuid()::text,
       case when task_id % 10 = 0 then replace(result::text, 'capital', 'chief town')::jsonb else result end,
       1 + task_id % 5, $2 * exp(0.8 * sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random())), 1
     from tasks where project_id = $1`,
    [project, TIMES_MEDIAN_MS],
  )
  await pool.query(`update tasks set changed = task_id % 10 = 0 where project_id = $1`, [project])
  // without it the database takes a project that it has not seen for an empty one
  await pool.query('analyze tasks, annotations')
  await pool.query(
    `insert into tallies (project_id, dimension, key, count, changed, amount)
     select $1, dimension, addend.key, count(*), coalesce(sum(moved), 0), coalesce(sum(amount), 0)
     from tasks join annotations using (project_id, task_id),
       lateral (select (tasks.changed)::int as is_changed, case when tasks.changed then 900000000 else 1000000000 end as alike,
         'lead_time ' || completed_by as own, 'e+' || floor(log(lead_time_ms)) as power,
         left(to_char(lead_time_ms / 10 ^ floor(log(lead_time_ms)), 'FM0.000'), 4) as digits) as one,
       lateral (values
         ('coverage', 'reviewed', 0, 0), ('total', '', is_changed, alike), ('seed', '', is_changed, 0),
         ('control', 'answer', is_changed, alike), ('model_version', tasks.model_version, is_changed, alike),
         ('stratum', stratum, is_changed, alike), ('annotator', completed_by::text, is_changed, 0),
         (own, left(digits, 1) || power, 0, lead_time_ms),
         (own || ' ' || left(digits, 1) || power, left(digits, 3) || power, 0, lead_time_ms),
         (own || ' ' || left(digits, 3) || power, digits || power, 0, lead_time_ms)
       ) as addend (dimension, key, moved, amount)
     where project_id = $1 group by dimension, addend.key`,
    [project],
  )
  await pool.query('vacuum analyze')
}
