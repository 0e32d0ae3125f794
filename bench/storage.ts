import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Database, openDatabase } from '../src/db/database.ts'
import { openQueue } from '../src/jobs/queue.ts'
import { silent } from './database.ts'
import { cost, type Measurement, rate } from './figure.ts'

const DURATION_MS = 3_000

/** The embedded database and the job queue, beside themselves: what starting again, clients and batches are worth. */
export const storage: Measurement = {
  name: 'storage',
  async measure({ quick, runs }) {
    const all: Record<string, number>[] = []
    for (let run = 0; run < (quick ? 1 : Math.min(runs, 3)); run++) all.push(await benchStorage())
    const of = (name: string) => all.map((one) => one[name] as number)
    const [start, single] = [of('start_fresh_ms'), of('transactions_per_s_1_client')]
    const written = { unit: 'rows/s', peer: single, against: 'one client, one row a transaction' }
    return [
      cost({
        ...{ name: 'storage, start', unit: 'ms', ours: of('start_again_ms'), peer: start },
        ...{ against: 'the first start', means: 'opening an embedded database that is there' },
      }),
      rate({
        ...{ name: 'storage, clients', ours: of('transactions_per_s_8_clients'), ...written },
        means: 'eight clients, one row a transaction',
      }),
      rate({
        ...{ name: 'storage, batches', ours: of('rows_per_s_in_batches_of_100'), ...written },
        means: 'one client, 100 rows a transaction',
      }),
      cost({
        ...{ name: 'storage, jobs', unit: 'ms', ours: of('job_begins_after_ms') },
        ...{ peer: single.map((perSecond) => 1000 / perSecond), against: 'one transaction' },
        means: 'from sending a job until its handler runs',
      }),
    ]
  },
}

/** Figures of the embedded database and the job queue on this machine; the unit stands in each name. */
export async function benchStorage(): Promise<Record<string, number>> {
  const directory = await mkdtemp(join(tmpdir(), 'label-studio-monitor-bench-'))
  const open = () => openDatabase({ databaseUrl: null, dataDir: directory, log: silent })
  try {
    const [fresh, startFreshMs] = await timed(open)
    await fresh.close()
    const [database, startAgainMs] = await timed(open)
    try {
      await database.pool.query('create table bench (id bigint generated always as identity, body text)')
      return {
        start_fresh_ms: startFreshMs,
        start_again_ms: startAgainMs,
        transactions_per_s_1_client: await insertsPerSecond(database, 1, 1),
        transactions_per_s_8_clients: await insertsPerSecond(database, 8, 1),
        rows_per_s_in_batches_of_100: await insertsPerSecond(database, 1, 100),
        job_begins_after_ms: await jobLatency(database),
      }
    } finally {
      await database.close()
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function timed<T>(work: () => Promise<T>): Promise<[T, number]> {
  const began = performance.now()
  return [await work(), performance.now() - began]
}

async function insertsPerSecond(database: Database, clients: number, batch: number): Promise<number> {
  const text = 'insert into bench (body) select $1 from generate_series(1, $2)'
  const body = 'x'.repeat(200)
  const deadline = performance.now() + DURATION_MS
  let rows = 0
  const client = async () => {
    for (; performance.now() < deadline; rows += batch) await database.pool.query(text, [body, batch])
  }
  const [, ms] = await timed(() => Promise.all(Array.from({ length: clients }, client)))
  return (rows / ms) * 1_000
}

/** From the call of `send` to the first line of the handler, in the median of 50. */
async function jobLatency(database: Database): Promise<number> {
  const queue = openQueue({ database, log: silent })
  let begun = Promise.withResolvers<number>()
  queue.define('bench', {
    retry: { limit: 0, delaySeconds: 0 },
    handler: async () => begun.resolve(performance.now()),
  })
  await queue.start()
  const waits: number[] = []
  for (let round = 0; round < 50; round += 1) {
    begun = Promise.withResolvers<number>()
    const sent = performance.now()
    await queue.send('bench', {})
    waits.push((await begun.promise) - sent)
  }
  await queue.stop()
  return waits.toSorted((a, b) => a - b)[25] ?? Number.NaN
}

if (import.meta.main) console.table(await benchStorage())
