import { randomUUID } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Database, openDatabase } from '../../src/db/database.ts'
import { openQueue, type Queue } from '../../src/jobs/queue.ts'
import { createScanner, type Scanner } from '../../src/logs/scanner.ts'
import type { RunRow } from '../../src/runs/run.ts'
import type { ScanDependencies } from '../../src/runs/scan.ts'
import { defineShardJob } from '../../src/runs/shard-job.ts'
import { silent } from '../support/log.ts'

const DAYS = ['2024-11-05', '2024-11-06', '2024-11-07']

/** Logs of three days, with something wrong in each: line 1, and a record in the middle. */
export async function writeLogs(root: string, perDay = 2_000): Promise<void> {
  await mkdir(root, { recursive: true })
  for (const day of DAYS) {
    const records = Array.from({ length: perDay }, (_, i) =>
      i === perDay / 2
        ? `Timestamp: ${day}\n`
        : `Timestamp: ${day} 00:12:33\nUser Input: "q ${i}"\n\nModel Response: "a ${i}"\nVersion: v${i % 3}\n\n`,
    )
    await writeFile(join(root, `${day}.txt`), `rubbish\n${records.join('')}`)
  }
}

/** A run that is scanning those logs. */
export async function newRun({ kysely }: Database): Promise<RunRow> {
  const definition = {
    source: { type: 'file', path: '.', key_pattern: '{YYYY}-{MM}-{DD}.txt' },
    format: { type: 'template', max_record_bytes: 1 << 20 },
    window: { timezone: 'UTC', days: 7 },
    sample: { total: 60, by: 'date', allocation: 'even', where: null },
  }
  return kysely
    .insertInto('runs')
    .values({
      ...{ id: randomUUID(), monitor: 'm', status: 'scanning', request_hash: '', progress: '{}' },
      ...{ window_from: '2024-11-01', window_to: '2024-11-30', total: 60, seed: 7 },
      definition: JSON.stringify(definition),
    })
    .returningAll()
    .executeTakeFirstOrThrow()
}

/** A process's part in scanning: its own queue, and a scanner that may be wrapped. Shards are small. */
export async function startScanning(
  database: Database,
  fileRoot: string,
  wrap: (scanner: Scanner) => Scanner = (scanner) => scanner,
): Promise<ScanDependencies & { stop(): Promise<void> }> {
  const queue: Queue = openQueue({ database, log: silent })
  const scanner = wrap(createScanner({ threads: 1 }))
  const deps: ScanDependencies = {
    ...{ database, queue, scanner, log: silent as ScanDependencies['log'] },
    sources: { fileRoot },
    openDefinition: (definition) => definition,
    sharding: { aloneBytes: 0, threadBytes: 20_000, processBytes: 20_000 },
  }
  defineShardJob(deps)
  await queue.start()
  return {
    ...deps,
    async stop() {
      await queue.stop({ deadlineMs: 1_000 })
      await scanner.close()
    },
  }
}

/** In a process of its own: scans, tells each shard that it begins, and with `hang` never ends one. */
if (process.send && import.meta.main) {
  const [url = '', root = '', mode] = process.argv.slice(2)
  const database = await openDatabase({ databaseUrl: url, dataDir: '', log: silent })
  await startScanning(database, root, (scanner) => ({
    ...scanner,
    scan(job, shard, options) {
      process.send?.('begun')
      return mode === 'hang' ? new Promise(() => {}) : scanner.scan(job, shard, options)
    },
  }))
  process.send('ready')
}
