import { join } from 'node:path'
import type { Call } from '../demo/services/json-api.ts'
import { startLabelStudio } from '../demo/services/label-studio.ts'
import { labelStudioApi } from '../demo/services/label-studio-api.ts'
import type { Database } from '../src/db/database.ts'
import type { ImportTask } from '../src/labeling/client.ts'
import { importTask } from '../src/labeling/project.ts'
import type { Region } from '../src/labeling/types.ts'
import { withDatabase } from './database.ts'
import { type Bench, cost, inTurn, type Measurement, rate, timed, Unable } from './figure.ts'
import { writeSampleFiles } from './sample-files.ts'
import { startBenchService } from './service.ts'

const CONFIG =
  '<View><Text name="question" value="$question"/><TextArea name="answer" toName="question"/></View>'
/** What is sent in one request; the last is all at once. */
const BATCHES = [1_000, 2_500, 5_000]
/** What a run has if its monitor doesn't say otherwise. */
const TYPICAL = 200

/**
 * Importing tasks into a real Label Studio: a run's import, beside requests with the same tasks and nothing else. Neither side
 * counts the making of the project; this service's ends when all tasks are noted as followed, and the other with the answer.
 * Label Studio's speed drifts, so the import is put beside the time that its own requests took, too.
 */
export const importing: Measurement = {
  name: 'import',
  async measure(bench) {
    const labelStudio = await labelStudioFor(bench)
    try {
      const files = await writeSampleFiles({
        directory: join(bench.directory, 'logs'),
        format: 'template',
        mb: 7,
      })
      const service = await startBenchService({ directory: bench.directory, labelStudio })
      try {
        const source = { type: 'file', path: 'logs', key_pattern: files.keyPattern }
        await service.call('POST', '/monitors', { name: 'bench', source, labeling: { config: CONFIG } })
        return await withDatabase(service.dataDir, (database) =>
          measureImport(bench, labelStudioApi(labelStudio.url, labelStudio.token), {
            database,
            run: (total) => run(service.call, files.today, total),
            requestSeconds: () => requestSeconds(service.url),
          }),
        )
      } finally {
        await service.stop()
      }
    } finally {
      await labelStudio.stop()
    }
  },
}

interface Service {
  database: Database
  run(total: number): Promise<Started>
  /** What all of its requests to import tasks took so far, from call to answer. */
  requestSeconds(): Promise<number>
}

async function measureImport({ quick, runs }: Bench, call: Call, { database, run, requestSeconds }: Service) {
  const total = quick ? 200 : 5_000
  const first = await run(total)
  await first.ready
  const tasks = await tasksOf(database, first.id)
  const newProject = () =>
    call<{ id: number }>('POST', '/api/projects', { title: 'bench', label_config: CONFIG })
  const raw = (batch: number) => async () => {
    const { id } = await newProject()
    return total / (await timed(() => importRaw(call, id, tasks, batch)))
  }
  const batches = BATCHES.map((batch) => [`${batch}`, raw(batch)] as const)
  const requests: number[] = []
  // Twice as often as else: Label Studio's own speed differs by a fifth from one request to the next.
  const rounds = 2 * runs
  const rates: Record<string, number[]> = await inTurn(rounds, {
    ours: async () => {
      const before = await requestSeconds()
      const { id, ready } = await run(total)
      const [seconds] = await Promise.all([importSeconds(database, id, total), ready])
      requests.push(total / ((await secondsAfter(before, requestSeconds)) - before))
      return total / seconds
    },
    ...Object.fromEntries(batches),
  })
  const typical = await inTurn(runs, {
    ours: async () => {
      const { id, ready } = await run(TYPICAL)
      await ready
      return readySeconds(database, id)
    },
    peer: async () => {
      const { id } = await newProject()
      return timed(async () => {
        await importRaw(call, id, tasks.slice(0, TYPICAL), TYPICAL)
        await call('POST', '/api/webhooks/', { project: id, url: 'http://127.0.0.1:9/', is_active: true })
      })
    },
  })
  const sides = { unit: 'tasks/s', means: `${total} tasks with a prediction each, into a real Label Studio` }
  const ours = rates.ours as number[]
  return [
    ...batches.map(([batch]) =>
      rate({
        ...sides,
        name: batch === '5000' ? 'import' : `import, against ${batch}`,
        against: `nothing but requests of ${batch}`,
        ...(batch === '5000' && { atLeast: 0.95 }),
        ours,
        peer: rates[batch] as number[],
      }),
    ),
    rate({
      ...sides,
      name: 'import, against its own requests',
      against: 'its own requests, from call to answer',
      atLeast: 0.95,
      ours,
      peer: requests.slice(-rounds),
    }),
    cost({
      name: 'import, of a typical run',
      unit: 's',
      means: `${TYPICAL} tasks from the request with them until the run is ready: checked, webhook registered, tasks listed`,
      against: 'nothing but the request and a webhook',
      ...typical,
    }),
  ]
}

async function labelStudioFor({ directory, log }: Bench) {
  return startLabelStudio({ dataDir: join(directory, 'label-studio'), log }).catch((error) => {
    throw new Unable(`Label Studio can't be started: ${(error as Error).message}`)
  })
}

interface Started {
  id: string
  /** Settles when the run is over; rejects when it failed. */
  ready: Promise<void>
}

async function run(call: Call, to: string, total: number): Promise<Started> {
  const { id } = await call<{ id: string }>('POST', '/runs', { monitor: 'bench', to, total, force: true })
  const ready = async () => {
    for (;;) {
      const { status, error } = await call<{ status: string; error: unknown }>('GET', `/runs/${id}`)
      if (status === 'ready') return
      if (status === 'failed') throw new Error(`the run failed: ${JSON.stringify(error)}`)
      await new Promise((resolve) => setTimeout(resolve, 500))
    }
  }
  return { id, ready: ready() }
}

/**
 * From the first request's sending until the last task is followed, by the database, which is left to wait by itself: asked
 * from here every 20 ms, it took a seventh of a processor from those that are measured.
 */
async function importSeconds({ pool }: Database, id: string, total: number): Promise<number> {
  await pool.query(`do $$ begin loop
    exit when exists (select from runs where id = '${id}'
      and (status = 'failed' or (progress->>'tasks_imported')::integer = ${total}));
    perform pg_sleep(0.01);
  end loop; end $$`)
  const { rows } = await pool.query(
    `select extract(epoch from clock_timestamp() - min(sent_at))::float as seconds from import_requests where run_id = $1`,
    [id],
  )
  return rows[0].seconds
}

/** From the first request's sending until the run was ready, as it was noted. */
async function readySeconds({ pool }: Database, id: string): Promise<number> {
  const { rows } = await pool.query(
    `select extract(epoch from finished_at - (select min(sent_at) from import_requests where run_id = runs.id))::float
       as seconds
     from runs where id = $1`,
    [id],
  )
  return rows[0].seconds
}

const IMPORTS =
  /^label_studio_monitor_label_studio_call_duration_seconds_sum\{operation="POST \S*\/import",.*\} (\S+)$/gm

async function requestSeconds(url: string): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text()
  return [...metrics.matchAll(IMPORTS)].reduce((sum, [, seconds]) => sum + Number(seconds), 0)
}

/** `/metrics` keeps what it read for five seconds: a short run is in it only then. */
async function secondsAfter(before: number, read: () => Promise<number>): Promise<number> {
  for (;;) {
    const seconds = await read()
    if (seconds > before) return seconds
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

async function tasksOf({ kysely }: Database, id: string): Promise<ImportTask[]> {
  const rows = await kysely
    .selectFrom('run_tasks')
    .selectAll()
    .where('run_id', '=', id)
    .orderBy('position')
    .execute()
  return rows.map((row) =>
    importTask({ ...row, result: row.result as Region[], model_version: row.model_version ?? 'bench' }),
  )
}

async function importRaw(call: Call, project: number, tasks: ImportTask[], batch: number): Promise<void> {
  for (let at = 0; at < tasks.length; at += batch) {
    await call('POST', `/api/projects/${project}/import?return_task_ids=true`, tasks.slice(at, at + batch))
  }
}
