import { sql } from 'kysely'
import type { Database, Transaction } from './db/database.ts'
import { presentEvaluation } from './evaluations/evaluation.ts'
import { listProjects, readContext } from './evaluations/read.ts'
import type { Reading } from './telemetry/scrape.ts'

/** Projects whose evaluation is told, the newest: each is about ten series. */
const MOST_PROJECTS = 100
/** What one statement may take, and all evaluations together, in ms. A scrape must never be what loads the database. */
const STATEMENT_TIMEOUT_MS = 2_000
const EVALUATIONS_MS = 2_000

/** Everything that Prometheus is told of the database. The same in every process that shares it: add nothing up. */
export function readGauges(database: Database): Promise<Reading[]> {
  return database.kysely.transaction().execute(async (tx) => {
    await sql`set local statement_timeout = ${sql.lit(STATEMENT_TIMEOUT_MS)}`.execute(tx)
    return [
      await runs(tx),
      await jobs(tx),
      await deliveries(tx),
      ...(await waiting(tx)),
      ...(await evaluations(tx)),
    ]
  })
}

const STATUSES = ['queued', 'scanning', 'importing', 'ready', 'failed', 'cancelled']

async function runs(tx: Transaction): Promise<Reading> {
  const { rows } = await sql<{ status: string; count: number }>`
    select status, count(runs.id)::int as count from unnest(${STATUSES}::text[]) as status
    left join runs using (status) group by status order by status`.execute(tx)
  return {
    name: 'runs',
    help: 'Runs by status.',
    samples: rows.map(({ status, count }) => ({ labels: { status }, value: count })),
  }
}

async function jobs(tx: Transaction): Promise<Reading> {
  const { rows } = await sql<{ queue: string; state: string; count: number }>`
    select queue.name as queue, states.state, count(job.id)::int as count
    from pgboss.queue cross join unnest(array['created', 'retry', 'active', 'failed']) as states (state)
    left join pgboss.job on job.name = queue.name and job.state::text = states.state
    group by queue.name, states.state order by queue.name, states.state`.execute(tx)
  return {
    name: 'jobs',
    help: 'Jobs in the queue: created ones wait, retry ones wait for another attempt, failed ones are given up.',
    samples: rows.map(({ queue, state, count }) => ({ labels: { queue, state }, value: count })),
  }
}

async function deliveries(tx: Transaction): Promise<Reading> {
  const { rows } = await sql<{ kind: string; state: string; count: number }>`
    select kind, state, count(id)::int as count
    from unnest(array['email', 'webhook']) as kind cross join unnest(array['pending', 'sent', 'failed']) as state
    left join deliveries using (kind, state) group by kind, state order by kind, state`.execute(tx)
  return {
    name: 'deliveries',
    help: 'Announcements by mail and webhook.',
    samples: rows.map(({ kind, state, count }) => ({ labels: { kind, state }, value: count })),
  }
}

async function waiting(tx: Transaction): Promise<Reading[]> {
  const { rows } = await sql<{ count: number; age: number }>`
    select count(*)::int as count, coalesce(extract(epoch from clock_timestamp() - min(received_at)), 0)::float8 as age
    from events where processed_at is null`.execute(tx)
  const { count = 0, age = 0 } = rows[0] ?? {}
  const one = (name: string, help: string, value: number) => ({
    name,
    help,
    samples: [{ labels: {}, value }],
  })
  return [
    one('events_waiting', 'Events that are stored and not yet worked out.', count),
    one('events_waiting_age_seconds', 'How long the oldest of them waits.', age),
  ]
}

const VERDICTS = ['pass', 'fail', 'inconclusive']

async function evaluations(tx: Transaction): Promise<Reading[]> {
  const metrics = new Map<
    string,
    Reading & { samples: { labels: Record<string, string>; value: number }[] }
  >()
  const add = (
    name: string,
    help: string,
    labels: Record<string, string>,
    value: number | null | undefined,
  ) => {
    const reading = metrics.get(name) ?? { name, help, samples: [] }
    metrics.set(name, reading)
    // What is not known is left out: 0 would be a claim.
    if (value !== null && value !== undefined) reading.samples.push({ labels, value })
  }
  const deadline = performance.now() + EVALUATIONS_MS
  let told = 0
  for (const row of await listProjects(tx, { before: null, limit: MOST_PROJECTS, monitor: null })) {
    if (performance.now() > deadline) break
    told += 1
    const { coverage, change_rate, similarity, verdict, alerts } = presentEvaluation(
      await readContext(tx, row, () => ''),
    )
    const labels = { project: String(row.project_id), monitor: row.monitor ?? '' }
    for (const each of VERDICTS) {
      add(
        'evaluation_verdict',
        'Its verdict, as 1 beside two 0.',
        { ...labels, verdict: each },
        Number(each === verdict),
      )
    }
    add('evaluation_tasks', 'Tasks in Label Studio.', labels, coverage.tasks)
    add('evaluation_reviewed', 'Tasks that reviewers looked at.', labels, coverage.reviewed)
    add('evaluation_change_rate', 'The share of compared tasks that they changed.', labels, change_rate.value)
    for (const [index, bound] of ['lower', 'upper'].entries()) {
      const help = 'Bounds of its confidence sequence, which decides thresholds.'
      add('evaluation_change_rate_bound', help, { ...labels, bound }, change_rate.sequence?.[index])
    }
    add('evaluation_similarity', 'The mean similarity of predictions and annotations.', labels, similarity)
    for (const state of ['warning', 'fail'] as const) {
      const count = alerts.filter((alert) => alert.state === state).length
      add('evaluation_alerts', 'Thresholds by what was last announced of them.', { ...labels, state }, count)
    }
  }
  const { rows } = await sql<{ count: number }>`select count(*)::int as count from projects`.execute(tx)
  const left = {
    name: 'evaluations_left_out',
    help: 'Projects that these series leave out: the oldest ones.',
  }
  return [...metrics.values(), { ...left, samples: [{ labels: {}, value: (rows[0]?.count ?? 0) - told }] }]
}
