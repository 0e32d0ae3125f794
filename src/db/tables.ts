import type { ColumnType, Generated } from 'kysely'

/** Read as a Date; written as a Date, or as text for the database to read. */
type InstantOrNull = ColumnType<Date | null, Date | string | null, Date | string | null>
/** A column with a default in the database. */
type Default<T> = ColumnType<T, T | undefined, T>
/** jsonb: read as a value, written as JSON text, because `pg` would write a list as a PostgreSQL array. */
type Json<T> = ColumnType<T, string, string>
type JsonDefault<T> = ColumnType<T, string | undefined, string>
/** A calendar date `YYYY-MM-DD`, read as text: a Date would move it by the time zone. */
type CalendarDate = ColumnType<string, string, string>

export interface MonitorsTable {
  id: string
  name: string
  definition: Json<unknown>
  version: Default<number>
  created_at: Generated<Date>
  updated_at: Default<Date>
}

export type RunStatus = 'queued' | 'scanning' | 'importing' | 'ready' | 'failed' | 'cancelled'

export interface RunsTable {
  id: string
  monitor_id: string | null
  monitor: string
  definition: Json<unknown>
  status: RunStatus
  window_from: CalendarDate
  window_to: CalendarDate
  total: number
  seed: number
  idempotency_key: string | null
  request_hash: string
  progress: Json<unknown>
  strata: JsonDefault<unknown>
  malformed: JsonDefault<unknown>
  warnings: JsonDefault<unknown>
  plan: Json<unknown> | null
  project_id: number | null
  project_title: string | null
  project_url: string | null
  project_intent_at: InstantOrNull
  webhook: Json<unknown> | null
  message: string | null
  error: Json<unknown> | null
  created_at: Generated<Date>
  started_at: InstantOrNull
  finished_at: InstantOrNull
}

export interface RunTasksTable {
  run_id: string
  position: number
  key: string
  stratum: string
  data: Json<Record<string, unknown>>
  meta: Json<Record<string, unknown>>
  result: Json<unknown[]>
  model_version: string | null
  score: number | null
  blind: Default<boolean>
  task_id: number | null
}

export interface ImportRequestsTable {
  id: Generated<number>
  run_id: string
  first_position: number
  last_position: number
  sent_at: Generated<Date>
}

export interface RunShardsTable {
  run_id: string
  shard: number
  pieces: Json<unknown>
  counts: ColumnType<unknown, string | null | undefined, string | null>
  done: Default<boolean>
  error: ColumnType<unknown, string | null | undefined, string | null>
}

export interface RunSketchesTable {
  id: Generated<number>
  run_id: string
  sketch: string
}

export interface ProjectsTable {
  project_id: number
  run_id: string | null
  monitor: string | null
  title: Default<string>
  label_config: Default<string>
  model_version: Default<string>
  mapped_controls: ColumnType<string[] | null, string | null | undefined, string | null>
  predicted_controls: JsonDefault<string[]>
  revision: Default<number>
  adopted: Default<boolean>
  polled: Default<boolean>
  gone: Default<boolean>
  webhook_id: number | null
  webhook_active: Default<boolean>
  webhook_problem: string | null
  read_us: number | null
  read_through_us: number | null
  last_event_at: InstantOrNull
  last_reconciled_at: InstantOrNull
  created_at: Generated<Date>
  updated_at: Default<Date>
}

export interface TasksTable {
  project_id: number
  task_id: number
  key: string | null
  present: Default<boolean>
  data: JsonDefault<Record<string, unknown>>
  data_hash: string | null
  result: ColumnType<unknown[] | null, string | null | undefined, string | null>
  model_version: string | null
  score: number | null
  stratum: string | null
  blind: Default<boolean>
  outcome: ColumnType<unknown, string | null | undefined, string | null>
  changed: boolean | null
  contribution: JsonDefault<unknown>
  revision: Default<number>
  updated_us: number | null
  touched_us: number
  read_us: number | null
}

export interface PredictionsTable {
  project_id: number
  prediction_id: number
  task_id: number
  model_version: string
  result: Json<unknown[]>
  created_us: number
}

export interface AnnotationsTable {
  project_id: number
  annotation_id: number
  task_id: number | null
  unique_id: string | null
  result: JsonDefault<unknown[]>
  was_cancelled: Default<boolean>
  ground_truth: Default<boolean>
  completed_by: number | null
  parent_prediction: number | null
  lead_time_ms: number | null
  updated_us: number
  deleted: Default<boolean>
}

export interface EventsTable {
  id: Generated<number>
  received_at: Default<Date>
  action: string
  project_id: number | null
  body: Buffer
  processed_at: InstantOrNull
  note: string | null
}

export interface TalliesTable {
  project_id: number
  dimension: string
  key: string
  count: Default<number>
  changed: Default<number>
  amount: Default<number>
}

export interface AlertsTable {
  project_id: number
  threshold: string
  state: 'ok' | 'warning' | 'fail'
  since: Date
  notified_at: InstantOrNull
}

export interface WatchesTable {
  project_id: number
  due_at: Date
}

export type AnnouncementType =
  | 'run.ready'
  | 'run.failed'
  | 'threshold.warning'
  | 'threshold.failed'
  | 'threshold.recovered'

export interface DeliveriesTable {
  id: string
  kind: 'email' | 'webhook'
  type: AnnouncementType
  run_id: string | null
  project_id: number | null
  recipients: Json<string[]>
  message: Json<unknown>
  state: Default<'pending' | 'sent' | 'failed'>
  attempts: Default<number>
  error: string | null
  created_at: Generated<Date>
  sent_at: InstantOrNull
  next_attempt_at: InstantOrNull
}

export interface Tables {
  monitors: MonitorsTable
  runs: RunsTable
  run_tasks: RunTasksTable
  import_requests: ImportRequestsTable
  run_shards: RunShardsTable
  run_sketches: RunSketchesTable
  projects: ProjectsTable
  tasks: TasksTable
  predictions: PredictionsTable
  annotations: AnnotationsTable
  events: EventsTable
  tallies: TalliesTable
  alerts: AlertsTable
  watches: WatchesTable
  deliveries: DeliveriesTable
}
