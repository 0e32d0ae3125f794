import { type Kysely, sql } from 'kysely'

/**
 * The first schema. Each table is written by one folder only (named beside it); ARCHITECTURE.md explains them.
 * Label Studio's instants have microseconds, which a JavaScript Date loses, and order matters to the last digit:
 * columns ending in `_us` are microseconds since 1970 as integers. Similarities are sums of billionths, also as
 * integers, so that adding and taking away again gives exactly what was there before.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const statements = [
    // monitors/
    sql`create table monitors (
      id uuid primary key,
      name text not null unique,
      definition jsonb not null,
      version integer not null default 1,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    )`,
    // runs/
    sql`create table runs (
      id uuid primary key,
      monitor_id uuid references monitors (id) on delete set null,
      monitor text not null,
      definition jsonb not null,
      status text not null check (status in ('queued', 'scanning', 'importing', 'ready', 'failed', 'cancelled')),
      window_from date not null,
      window_to date not null,
      total integer not null,
      seed bigint not null,
      idempotency_key text unique,
      request_hash text not null,
      progress jsonb not null,
      strata jsonb not null default '[]',
      malformed jsonb not null default '[]',
      warnings jsonb not null default '[]',
      plan jsonb,
      project_id bigint,
      project_title text,
      project_url text,
      project_intent_at timestamptz,
      webhook jsonb,
      message text,
      error jsonb,
      created_at timestamptz not null default now(),
      started_at timestamptz,
      finished_at timestamptz
    )`,
    sql`create index runs_by_monitor on runs (monitor_id, window_from, window_to)`,
    sql`create index runs_by_time on runs (created_at desc, id)`,
    sql`create index runs_unfinished on runs (status) where status in ('queued', 'scanning', 'importing')`,
    // runs/: what a run is about to import, in import order; task_id once Label Studio has it
    sql`create table run_tasks (
      run_id uuid not null references runs (id) on delete cascade,
      position integer not null,
      key text not null,
      stratum text not null,
      data jsonb not null,
      meta jsonb not null,
      result jsonb not null,
      model_version text,
      score double precision,
      sent_at timestamptz,
      task_id bigint,
      primary key (run_id, position)
    )`,
    // annotations/: the Label Studio projects that the service follows. `read_us`: when title, config and model version
    // were read (the database's clock); `read_through_us`: no older change of a task is unread (Label Studio's clock)
    sql`create table projects (
      project_id bigint primary key,
      run_id uuid references runs (id) on delete set null,
      monitor text,
      title text not null default '',
      label_config text not null default '',
      model_version text not null default '',
      mapped_controls jsonb,
      predicted_controls jsonb not null default '[]',
      revision integer not null default 1,
      adopted boolean not null default false,
      polled boolean not null default false,
      gone boolean not null default false,
      webhook_id bigint,
      webhook_active boolean not null default false,
      webhook_problem text,
      read_us bigint,
      read_through_us bigint,
      last_event_at timestamptz,
      last_reconciled_at timestamptz,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    )`,
    // annotations/: tasks that exist, or existed, in those projects, and what each adds to the tallies. `updated_us`:
    // Label Studio's `updated_at` of what was read; `read_us`: when it was read, and `touched_us`: when an event last said
    // something about the task (both the database's clock). What was touched later than read is not confirmed yet
    sql`create table tasks (
      project_id bigint not null references projects (project_id) on delete cascade,
      task_id bigint not null,
      key text,
      present boolean not null default true,
      data jsonb not null default '{}',
      data_hash text,
      result jsonb,
      model_version text,
      score double precision,
      stratum text,
      outcome jsonb,
      changed boolean,
      contribution jsonb not null default '[]',
      revision integer not null default 0,
      updated_us bigint,
      touched_us bigint not null,
      read_us bigint,
      primary key (project_id, task_id)
    )`,
    sql`create index tasks_compared on tasks (project_id, changed, task_id) where changed is not null`,
    sql`create index tasks_by_revision on tasks (project_id, revision)`,
    sql`create index tasks_unread on tasks (project_id) where read_us is null or touched_us >= read_us`,
    sql`create index tasks_by_data on tasks (data_hash) where result is not null`,
    // annotations/: predictions of tasks that no run imported
    sql`create table predictions (
      project_id bigint not null references projects (project_id) on delete cascade,
      prediction_id bigint not null,
      task_id bigint not null,
      model_version text not null,
      result jsonb not null,
      created_us bigint not null,
      primary key (project_id, prediction_id)
    )`,
    sql`create index predictions_by_task on predictions (project_id, task_id)`,
    // annotations/: newest known state of each annotation; deleted ones stay, so that a late event can't revive them
    sql`create table annotations (
      project_id bigint not null references projects (project_id) on delete cascade,
      annotation_id bigint not null,
      task_id bigint,
      unique_id text,
      result jsonb not null default '[]',
      was_cancelled boolean not null default false,
      ground_truth boolean not null default false,
      completed_by bigint,
      parent_prediction bigint,
      lead_time_ms bigint,
      updated_us bigint not null,
      deleted boolean not null default false,
      primary key (project_id, annotation_id)
    )`,
    sql`create index annotations_by_task on annotations (project_id, task_id)`,
    // annotations/: every webhook body as it came, stored before it is acknowledged
    sql`create table events (
      id bigint generated always as identity primary key,
      received_at timestamptz not null default clock_timestamp(),
      action text not null,
      project_id bigint,
      body bytea not null,
      processed_at timestamptz,
      note text
    )`,
    sql`create index events_pending on events (id) where processed_at is null`,
    sql`create index events_processed on events (processed_at) where processed_at is not null`,
    // evaluations/: the counts that an evaluation is read from; a task's share is in tasks.contribution
    sql`create table tallies (
      project_id bigint not null references projects (project_id) on delete cascade,
      dimension text not null,
      key text not null,
      count bigint not null default 0,
      changed bigint not null default 0,
      amount bigint not null default 0,
      primary key (project_id, dimension, key)
    )`,
    // alerts/: the outbox: what is to be delivered, and how that went
    sql`create table deliveries (
      id uuid primary key,
      kind text not null check (kind in ('email', 'webhook')),
      run_id uuid references runs (id) on delete cascade,
      project_id bigint,
      recipients jsonb not null,
      message jsonb not null,
      state text not null default 'pending' check (state in ('pending', 'sent', 'failed')),
      attempts integer not null default 0,
      error text,
      created_at timestamptz not null default now(),
      sent_at timestamptz
    )`,
    sql`create index deliveries_by_run on deliveries (run_id)`,
  ]
  for (const statement of statements) await statement.execute(db)
}
