import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { comparison } from './comparison/comparison.ts'
import { evaluation } from './evaluation.ts'
import { type Bench, type Entry, type Measurement, unlessUnable } from './figure.ts'
import { importing } from './import.ts'
import { csvLogs, gzipLogs, jsonlLogs, rawLogs } from './logs/files.ts'
import { machines } from './logs/machines.ts'
import { memory } from './logs/memory.ts'
import { s3Logs } from './logs/s3.ts'
import { storage } from './storage.ts'
import { table } from './table.ts'
import { webhooks } from './webhooks/webhooks.ts'

const MEASUREMENTS: Measurement[] = [
  rawLogs,
  gzipLogs,
  jsonlLogs,
  csvLogs,
  s3Logs,
  memory,
  machines,
  comparison,
  importing,
  webhooks,
  evaluation,
  storage,
]
const RESULTS = fileURLToPath(new URL('results.json', import.meta.url))

const USAGE = `Usage: npm run bench -- [--quick] [--only NAME]... [--runs N] [--mb N] [--memory-gb N]

Measures the service beside peers, in turn, on this machine, and writes bench/results.json. Needs nothing else to run
on the machine. The first time installs what it needs into the cache that the demo uses.

--quick         small sizes and few runs, to see that everything works; its figures mean little
--only NAME     only figures whose measurement begins with NAME: ${MEASUREMENTS.map(({ name }) => name).join(', ')}
--runs N        how often each side is measured (5)
--mb N          MB of logs, before compression (654)
--memory-gb N   GB of the logs whose reading must take no more memory than that of 100 MB (10)
`

/** @returns exit code: 0 measured, 1 something broke, 2 usage */
async function main(args: string[]): Promise<number> {
  const { only, bench } = readArguments(args)
  const chosen = MEASUREMENTS.filter(
    ({ name }) => only.length === 0 || only.some((each) => name.startsWith(each)),
  )
  if (chosen.length === 0) throw new UsageError(`no measurement begins with ${only.join(' or ')}`)
  const entries: Entry[] = []
  let broke = false
  for (const measurement of chosen) {
    bench.log(`measuring ${measurement.name}`)
    try {
      const measured = await measureOne(measurement, bench)
      // small sizes can't tell whether a goal is met
      entries.push(...(bench.quick ? measured.map((entry) => ({ ...entry, goal: undefined })) : measured))
    } catch (error) {
      broke = true
      bench.log(`${measurement.name} broke: ${(error as Error).stack}`)
      entries.push({
        name: measurement.name,
        skipped: `it broke: ${(error as Error).message.split('\n')[0]}`,
      })
    }
  }
  console.log(table(entries))
  const [cpu] = cpus()
  const machine = { cpu: cpu?.model, cpus: cpus().length, node: process.version, platform: process.platform }
  const { quick, runs, mb, memoryGb } = bench
  const results = {
    at: new Date().toISOString(),
    machine,
    sizes: { quick, runs, mb, memoryGb },
    figures: entries,
  }
  await writeFile(RESULTS, `${JSON.stringify(results, null, 2)}\n`)
  return broke ? 1 : 0
}

async function measureOne(measurement: Measurement, bench: Omit<Bench, 'directory'>): Promise<Entry[]> {
  const directory = await mkdtemp(join(tmpdir(), 'label-studio-monitor-bench-'))
  try {
    return await unlessUnable(measurement.name, () => measurement.measure({ ...bench, directory }))
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

class UsageError extends Error {}

function readArguments(args: string[]) {
  const values = parsed(args)
  if (values.help) throw new UsageError('')
  const number = (name: 'runs' | 'mb' | 'memory-gb', otherwise: number): number => {
    const value = Number(values[name] ?? otherwise)
    if (value > 0) return value
    throw new UsageError(`--${name}: expected a number above 0, got ${values[name]}`)
  }
  const { quick, only } = values
  const bench = {
    quick,
    runs: Math.ceil(number('runs', quick ? 1 : 5)),
    mb: number('mb', quick ? 20 : 654),
    memoryGb: number('memory-gb', quick ? 0.5 : 10),
    log: (line: string) => void process.stderr.write(`${line}\n`),
  }
  return { only, bench }
}

function parsed(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        quick: { type: 'boolean', default: false },
        only: { type: 'string', multiple: true, default: [] },
        runs: { type: 'string' },
        mb: { type: 'string' },
        'memory-gb': { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

process.exitCode = await main(process.argv.slice(2)).catch((error) => {
  if (!(error instanceof UsageError)) throw error
  process.stderr.write(error.message ? `${error.message}\n\n${USAGE}` : USAGE)
  return error.message ? 2 : 0
})
