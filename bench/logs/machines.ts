import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { withDatabase } from '../database.ts'
import { type Bench, cost, type Entry, type Figure, inTurn, type Measurement, Unable } from '../figure.ts'
import { linkSampleFiles, writeSampleFiles } from '../sample-files.ts'
import { startBenchService } from '../service.ts'
import { withScanning } from './scanning.ts'

const run = promisify(execFile)
/** Well above what a process scans alone. */
const SMALL_MB = 100
const GB = { quick: 1.2, full: 6 }

/** Large logs, scanned by one process on one processor and by two on one each; and what a shard costs besides reading. */
export const machines: Measurement = {
  name: 'logs-machines',
  async measure(bench) {
    if (cpus().length < 2) throw new Unable('two processes need two processors')
    const directory = join(bench.directory, 'logs')
    const small = await writeSampleFiles({
      directory: join(directory, 'small'),
      format: 'template',
      mb: SMALL_MB,
    })
    const gb = bench.quick ? GB.quick : GB.full
    const files = await linkSampleFiles(small, join(directory, 'large'), Math.ceil((gb * 1000) / SMALL_MB))
    const one = await scans(bench, 1, files.today)
    const two = await scans(bench, 2, files.today)
    const means = `${gb} GB of template logs as jobs, from POST /runs until it begins to import`
    return [
      { ...ratio(two.seconds, one.seconds), means },
      {
        ...{
          name: 'logs-machines-shard',
          unit: 'KB',
          ours: two.sketchKb,
          peer: null,
          against: '',
          ratio: null,
        },
        means: `sketch that a shard leaves in the database; ${two.shards} shards`,
      },
    ] satisfies Entry[]
  },
}

function ratio(ours: number[], peer: number[]): Figure {
  return cost({
    ...{ name: 'logs-machines', unit: 's', atLeast: 1.6, ours, peer, means: '' },
    against: 'one process on one of them',
  })
}

/** Scans by so many processes, each on a processor of its own, on one embedded database. */
async function scans(bench: Bench, processes: number, today: string) {
  const directory = join(bench.directory, `machines-${processes}`)
  await mkdir(directory)
  const fileRoot = join(bench.directory, 'logs')
  return withScanning({ directory, fileRoot }, async ({ service, monitor, scan, standIn }) => {
    const pids = [await service.pid()]
    const others = []
    for (let index = 1; index < processes; index++) {
      const env = { FILE_ROOT: fileRoot, DATA_DIR: service.dataDir }
      const scratch = join(directory, String(index))
      await mkdir(scratch)
      const other = await startBenchService({ directory: scratch, labelStudio: standIn, env })
      others.push(other)
      pids.push(await other.pid())
    }
    try {
      for (const [index, pid] of pids.entries()) await pin(pid, index)
      const source = { type: 'file', path: 'large', key_pattern: 'qalogs_{MM}:{DD}:{YY}.txt' }
      await monitor({ name: 'bench', source, format: 'template' })
      const { seconds } = await inTurn(Math.min(2, bench.runs), {
        seconds: async () => (await scan('bench', today)).seconds,
      })
      return { seconds, ...(await leftBy(service.dataDir, () => scan('bench', today))) }
    } finally {
      for (const other of others) await other.stop()
    }
  })
}

async function pin(pid: number, processor: number): Promise<void> {
  await run('taskset', ['-acp', String(processor), String(pid)]).catch((error) => {
    throw new Unable(`processes can't be bound to processors: ${(error as Error).message}`)
  })
}

/** Looks now and then what lies in the database while a scan goes on. */
async function leftBy(dataDir: string, scan: () => Promise<unknown>) {
  return withDatabase(dataDir, async ({ pool }) => {
    const left = { shards: 0, sketchKb: 0 }
    const timer = setInterval(async () => {
      const { rows } = await pool.query(
        `select (select count(*) from run_shards) as shards, (select max(length(sketch)) / 1000.0 from run_sketches)::float as kb`,
      )
      left.shards = Math.max(left.shards, rows[0].shards)
      left.sketchKb = Math.max(left.sketchKb, rows[0].kb ?? 0)
    }, 100)
    try {
      await scan()
      return left
    } finally {
      clearInterval(timer)
    }
  })
}
