import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { draw } from '../../src/logs/draw.ts'
import { emptySketch, type ShardCounts } from '../../src/logs/scan.ts'
import { openScan, type ScanJob } from '../../src/logs/scan-job.ts'
import { scanShards } from '../../src/logs/scan-shards.ts'
import { createScanner, type Scanner } from '../../src/logs/scanner.ts'
import type { Shard } from '../../src/logs/shard.ts'
import { survey } from '../../src/logs/survey.ts'
import { noteCalls, type ObservedCall } from '../../src/telemetry/observe.ts'
import { scanLogs } from './scan-logs.ts'

const MB = 1e6
const LINE = (i: number) =>
  `{"timestamp":"2024-11-0${1 + (i % 7)}","class":"c${i % 3}","text":"${'x'.repeat(200)}"}\n`

let root: string
let scanner: Scanner
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'label-studio-monitor-scanner-'))
  const text = Array.from({ length: 20_000 }, (_, i) => LINE(i)).join('')
  await writeFile(join(root, 'a.jsonl'), `${text}rubbish\n`)
  await writeFile(join(root, 'b.jsonl'), gzipSync(text))
  scanner = createScanner({ threads: 2 })
})
afterEach(async () => {
  await scanner.close()
  await rm(root, { recursive: true })
})

const jobOf = (more: Partial<ScanJob> = {}): ScanJob => ({
  source: { type: 'file', path: '.' },
  sources: { fileRoot: root },
  format: { type: 'jsonl' },
  timezone: 'UTC',
  window: { from: '2024-11-01', to: '2024-11-30' },
  sample: { total: 30, by: 'class', allocation: 'even', where: null },
  seed: 3,
  skips: null,
  ...more,
})
const shardsOf = (job: ScanJob, bytes: number) => survey(openScan(job).options, () => bytes)
const signal = new AbortController().signal

test('threads come to what one alone comes to', async () => {
  const job = jobOf({ skips: { strata: ['c0', 'c1'], records: ['a.jsonl@0'] } })
  const { options, format } = openScan(job)
  const expected = await scanLogs(options)
  const shards = await shardsOf(job, 1.5 * MB)
  expect(shards.length).toBeGreaterThan(2)
  const found = await scanShards(
    shards,
    (shard, each) => scanner.scan(job, shard, each),
    emptySketch(job),
    {},
  )
  expect({ ...found, sketch: draw(found.sketch, format.parse) }).toEqual({
    ...expected,
    sketch: draw(expected.sketch, format.parse),
  })
  expect(found.progress).toMatchObject({ objects_done: 2, records_malformed: 1 })
})

test('an error of the source comes through as such', async () => {
  const job = jobOf()
  const shard: Shard = [{ object: { key: 'gone.jsonl', size: 9 * MB, date: null }, from: 0, to: null }]
  await expect(scanner.scan(job, shard, { signal })).rejects.toMatchObject({
    name: 'SourceError',
    kind: 'unavailable',
    message: expect.stringMatching(/gone\.jsonl/),
  })
  const unknown = jobOf({ format: { type: 'odd' } })
  await expect(scanner.scan(unknown, shard, { signal })).rejects.toThrow('format.type')
})

test('calls of the source are told, on threads or not, however they end', async () => {
  const told: ObservedCall[] = []
  const note = (call: ObservedCall) => void told.push(call)
  const observed = createScanner({ threads: 2, noteCall: note })
  const job = jobOf({ sources: { fileRoot: root, observe: noteCalls(note) } })
  const gone: Shard = [{ object: { key: 'gone.jsonl', size: 9 * MB, date: null }, from: 0, to: null }]
  const shards = [...(await shardsOf(jobOf(), 1.5 * MB)), gone]
  await Promise.allSettled(shards.map((shard) => observed.scan(job, shard, { signal })))
  await observed.close()
  const ends = Map.groupBy(told, ({ operation, status }) => `${operation} ${status}`)
  expect(Object.fromEntries([...ends].map(([end, calls]) => [end, calls.length]))).toEqual({
    'file open ok': shards.length - 1,
    'file open unavailable': 1,
  })
  expect(told.every(({ seconds }) => seconds > 0)).toBe(true)
})

test('a shard is stopped with the reason, whether it waits or has begun, and the others go on', async () => {
  const job = jobOf()
  const [shard] = (await shardsOf(job, 1e9)) as [Shard]
  const many = [...shard, ...shard, ...shard, ...shard]
  const stop = new AbortController()
  const begun = Promise.withResolvers<ShardCounts>()
  const stopped = Array.from({ length: 9 }, () =>
    scanner.scan(job, many, { signal: stop.signal, onProgress: begun.resolve }),
  )
  const other = scanner.scan(job, shard, { signal })
  await begun.promise
  stop.abort(new Error('enough'))
  const results = await Promise.allSettled(stopped)
  expect(results.map((each) => each.status === 'rejected' && each.reason.message)).toEqual(
    Array(9).fill('enough'),
  )
  expect((await other).counts.records_seen).toBe(40_000)
})

test('closing ends what is under way', async () => {
  const job = jobOf()
  const [shard] = (await shardsOf(job, 1e9)) as [Shard]
  const scan = scanner.scan(job, shard, { signal })
  await scanner.close()
  await expect(scan).rejects.toThrow(/ended/)
})
