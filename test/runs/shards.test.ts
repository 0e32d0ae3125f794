import { type ChildProcess, fork } from 'node:child_process'
import { mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { draw } from '../../src/logs/draw.ts'
import { createFormat } from '../../src/logs/format.ts'
import type { ScanProgress, ScanResult } from '../../src/logs/gather.ts'
import type { Scanner } from '../../src/logs/scanner.ts'
import type { RunRow } from '../../src/runs/run.ts'
import { type ScanDependencies, scanRun } from '../../src/runs/scan.ts'
import { forgetShards, sketchText } from '../../src/runs/shards.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { newRun, startScanning, writeLogs } from './scanning.ts'

let own: TestDatabase
let root: string
let run: RunRow
let started: { stop(): Promise<void> }[]
let children: ChildProcess[]
beforeEach(async () => {
  own = await testDatabase()
  root = await mkdtemp(join(tmpdir(), 'label-studio-monitor-shards-'))
  await writeLogs(root)
  run = await newRun(own.database)
  started = []
  children = []
})
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL')
  await Promise.all(started.map((each) => each.stop()))
  await own.drop()
  await rm(root, { recursive: true })
})

async function scanning(wrap?: (scanner: Scanner) => Scanner) {
  const deps = await startScanning(own.database, root, wrap)
  started.push(deps)
  return deps
}

/** Starts a process that takes shards too. */
async function another(mode = '') {
  const path = fileURLToPath(new URL('scanning.ts', import.meta.url))
  const child = fork(path, [own.url, root, mode], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  children.push(child)
  const begun = Promise.withResolvers<void>()
  let shards = 0
  await new Promise<void>((resolve) => {
    child.on('message', (said) => {
      if (said === 'ready') resolve()
      else if (++shards === 1) begun.resolve()
    })
  })
  return { child, begun: begun.promise, shards: () => shards }
}

async function scan(deps: ScanDependencies, { signal = new AbortController().signal, of = run } = {}) {
  const progress: ScanProgress[] = []
  const result = await scanRun(deps, of, { signal, onProgress: (now) => progress.push(now) })
  return { ...outcome(result), told: progress }
}

function outcome({ sketch, malformed, progress }: ScanResult) {
  return { drawn: draw(sketch, createFormat({ type: 'template' }).parse), malformed, progress }
}

/** What a run of the same logs comes to in one process, without jobs. */
async function alone(deps: ScanDependencies) {
  const sharding = { ...deps.sharding, aloneBytes: 1e9, threadBytes: 1e9 }
  const { told: _, ...rest } = await scan({ ...deps, sharding }, { of: await newRun(own.database) })
  return rest
}

const rows = async (table: 'run_shards' | 'run_sketches') =>
  (await own.database.kysely.selectFrom(table).selectAll().execute()).length

async function waitingJobs({ database }: TestDatabase): Promise<number> {
  const { rows } = await database.pool.query(
    `select count(*) as waiting from pgboss.job where name = 'shard' and state in ('created', 'retry', 'active')`,
  )
  return rows[0].waiting
}

/** Counts the shards that a scanner begins, and lets the test decide what becomes of each. */
function counting(onScan: (count: number) => Promise<void> | void = () => {}) {
  const counter = { scanned: 0 }
  const wrap = (scanner: Scanner): Scanner => ({
    ...scanner,
    async scan(job, shard, options) {
      await onScan(++counter.scanned)
      return scanner.scan(job, shard, options)
    },
  })
  return { counter, wrap }
}

describe('the logs of a run, scanned in shards', () => {
  test('by one process come to what they come to without shards', async () => {
    const { counter, wrap } = counting()
    const deps = await scanning(wrap)
    const expected = await alone(deps)
    const before = counter.scanned
    const { told, ...found } = await scan(deps)
    expect(found).toEqual(expected)
    expect(found.progress).toMatchObject({ objects_total: 3, objects_done: 3, records_malformed: 3 })
    expect(found.drawn.malformed.count + found.malformed.count).toBeGreaterThanOrEqual(3)
    expect(counter.scanned - before).toBe(await rows('run_shards'))
    expect(told.at(-1)).toEqual(found.progress)
    expect(await rows('run_sketches')).toBeLessThanOrEqual(deps.scanner.concurrency)
  })

  test('by three processes, of which one is killed in the middle, come to the same', async () => {
    const [victim, helper] = await Promise.all([another('hang'), another()])
    const { counter, wrap } = counting()
    const deps = await scanning(wrap)
    const found = scan(deps)
    await victim.begun
    victim.child.kill('SIGKILL')
    const { told: _, ...rest } = await found
    const shards = await rows('run_shards')
    expect(helper.shards()).toBeGreaterThan(0)
    // what was lost is what the killed one was at
    expect(counter.scanned + helper.shards()).toBe(shards)
    expect(victim.shards()).toBeLessThanOrEqual(deps.scanner.concurrency)
    expect(rest).toEqual(await alone(deps))
  })

  test('go on after an interruption with what is not done yet', async () => {
    const stop = new AbortController()
    const { counter, wrap } = counting((count) => {
      if (count === 8) stop.abort(new Error('the service stops'))
    })
    const deps = await scanning(wrap)
    await expect(scan(deps, { signal: stop.signal })).rejects.toThrow()
    const { told: _, ...rest } = await scan(deps)
    const shards = await rows('run_shards')
    expect(counter.scanned).toBe(shards)
    expect(rest).toEqual(await alone(deps))
  })

  test('that can not be read stop the scan, and later it goes on', async () => {
    const [there, away] = [join(root, '2024-11-07.txt'), join(root, '2024-11-07.away')]
    const { counter, wrap } = counting(async (count) => {
      if (count === 2) await rename(there, away)
    })
    const deps = await scanning(wrap)
    await expect(scan(deps)).rejects.toMatchObject({ name: 'SourceError', kind: 'unavailable' })
    await expect.poll(() => waitingJobs(own)).toBe(0)
    await rename(away, there)
    const before = counter.scanned
    const { told: _, ...rest } = await scan(deps)
    expect(counter.scanned - before).toBeLessThan(await rows('run_shards'))
    expect(rest).toEqual(await alone(deps))
  })

  test('that nobody wants any more leave nothing', async () => {
    const gate = Promise.withResolvers<void>()
    const { counter, wrap } = counting(() => gate.promise)
    const deps = await scanning(wrap)
    const stop = new AbortController()
    const stopped = scan(deps, { signal: stop.signal })
    await expect.poll(() => counter.scanned).toBeGreaterThan(0)
    await own.database.kysely.updateTable('runs').set({ status: 'cancelled' }).execute()
    await forgetShards(own.database.kysely, run.id)
    stop.abort(new Error('cancelled'))
    gate.resolve()
    await expect(stopped).rejects.toThrow()
    await started.pop()?.stop()
    expect(counter.scanned).toBeLessThanOrEqual(deps.scanner.concurrency)
    expect([await rows('run_shards'), await rows('run_sketches')]).toEqual([0, 0])
  })
})

test('a sketch that is longer than a text can be says what to do', () => {
  const long = 'x'.repeat(2 ** 28)
  expect(() => sketchText({ toJSON: () => [long, long] })).toThrow(/512 MB.*lower sample\.total/)
  expect(sketchText({ toJSON: () => ['short'] })).toBe('["short"]')
})
