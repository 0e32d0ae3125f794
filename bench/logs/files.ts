import { join } from 'node:path'
import {
  type Bench,
  cost,
  type Entry,
  type Figure,
  inTurn,
  type Measurement,
  percentile,
  unlessUnable,
} from '../figure.ts'
import { preparePeers, runPeer, timeShell } from '../peers.ts'
import { type FileFormat, type SampleFiles, writeSampleFiles } from '../sample-files.ts'
import { TOTAL, withScanning } from './scanning.ts'

interface Reading {
  files: SampleFiles
  /** Compares a run of the service with a peer, in turn. */
  versus(figure: Peer, seconds: () => Promise<number>): Promise<Figure>
  /** The same with a script of `peers/`, which tells its own time, without that of starting Python. */
  versusScript(figure: Peer, script: string, args: string[]): Promise<Entry[]>
  /** How long each run took to begin, in ms. */
  startsMs: number[]
}
type Peer = { name: string; against: string; atLeast?: number; means: string; runs?: number }

const FROM_CALL = 'from POST /runs until it begins to import'

export const rawLogs: Measurement = {
  name: 'logs-raw',
  measure: (bench) =>
    withReading(bench, 'template', {}, async ({ files, versus, versusScript, startsMs }) => {
      const means = `template logs, ${FROM_CALL}`
      const script = (loud: '0' | '1') => [String(TOTAL), loud, ...files.paths]
      const few = Math.min(3, bench.runs)
      return [
        await versus({ name: 'logs-raw', against: 'cat | wc -l', atLeast: 0.8, means }, () =>
          timeShell('cat "$@" | wc -l', files.paths),
        ),
        ...(await versusScript(
          { name: 'logs-raw-script', against: 'Python scripts as they are', atLeast: 20, means, runs: few },
          'scrape.py',
          script('1'),
        )),
        ...(await versusScript(
          { name: 'logs-raw-script-quiet', against: 'Python scripts, prints removed', means, runs: few },
          'scrape.py',
          script('0'),
        )),
        begins(startsMs),
      ]
    }),
}

export const gzipLogs: Measurement = {
  name: 'logs-gzip',
  measure: (bench) =>
    withReading(bench, 'template', { gzip: true }, async ({ files, versus, versusScript }) => {
      const means = `the same logs compressed by gzip, ${FROM_CALL}`
      return [
        await versus({ name: 'logs-gzip', against: 'zcat | wc -l', atLeast: 3, means }, () =>
          timeShell('zcat "$@" | wc -l', files.paths),
        ),
        ...(await versusScript(
          { name: 'logs-gzip-duckdb', against: 'DuckDB, counting records', means },
          'duckdb_sample.py',
          ['count', 'template', '0', ...files.paths],
        )),
      ]
    }),
}

export const jsonlLogs = byField('jsonl')
export const csvLogs = byField('csv')

function byField(format: 'jsonl' | 'csv'): Measurement {
  const name = `logs-${format}`
  return {
    name,
    measure: (bench) =>
      withReading(bench, format, { by: 'model_version' }, async ({ files, versus, versusScript }) => {
        const means = `${format} logs, strata by a field, ${FROM_CALL}`
        const duckdb = (how: 'sample' | 'rank') => [how, format, String(TOTAL / 5), ...files.paths]
        const sample = { name: `${name}-duckdb`, against: 'DuckDB, USING SAMPLE per value', means }
        const rank = { name: `${name}-duckdb-rank`, against: 'DuckDB, ranking by hash per value', means }
        return [
          await versus({ name, against: 'cat | wc -l', atLeast: 0.3, means }, () =>
            timeShell('cat "$@" | wc -l', files.paths),
          ),
          ...(await versusScript({ ...sample, atLeast: 1 }, 'duckdb_sample.py', duckdb('sample'))),
          ...(await versusScript(rank, 'duckdb_sample.py', duckdb('rank'))),
        ]
      }),
  }
}

/** Writes the logs, makes a monitor that reads them, and offers comparisons with other readers of the same files. */
async function withReading(
  bench: Bench,
  format: FileFormat,
  { gzip = false, by = 'date' }: { gzip?: boolean; by?: string },
  measure: (reading: Reading) => Promise<Entry[]>,
): Promise<Entry[]> {
  return withScanning(bench, async ({ monitor, scan }) => {
    const source = { type: 'file', path: 'logs', key_pattern: `qalogs_{MM}:{DD}:{YY}.*` }
    await monitor({ name: 'bench', source, format, by })
    const files = await writeSampleFiles({
      directory: join(bench.directory, 'logs'),
      format,
      mb: bench.mb,
      gzip,
    })
    const startsMs: number[] = []
    const ours = async () => {
      const { seconds, startMs } = await scan('bench', files.today)
      startsMs.push(startMs)
      return seconds
    }
    const versus: Reading['versus'] = async ({ runs = bench.runs, ...figure }, peer) =>
      cost({ unit: 's', ...figure, ...(await inTurn(runs, { ours, peer })) })
    const versusScript: Reading['versusScript'] = (figure, script, args) =>
      unlessUnable(figure.name, async () => {
        const python = await preparePeers(bench.log)
        const peer = async () => (await runPeer<{ seconds: number }>(python, script, args)).seconds
        return [await versus(figure, peer)]
      })
    return measure({ files, versus, versusScript, startsMs })
  })
}

function begins(startsMs: number[]): Figure {
  const ours = percentile(startsMs, 0.5)
  return {
    ...{ name: 'run-begins', unit: 'ms', ours, peer: null, against: '', ratio: null },
    goal: { text: '≤ 100 ms', met: ours <= 100 },
    means: 'from POST /runs until the run is at work',
  }
}
