import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { parquetWriteBuffer } from 'hyparquet-writer'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Preview, Run } from '../../src/contract/types.ts'
import { batch, span } from '../logs/otlp.ts'
import { startPostgres15 } from '../support/postgres15.ts'
import { type Rig, startRig } from './rig/rig.ts'
import { tasksOf } from './support/label-studio-tasks.ts'
import { type RunningService, startService } from './support/service.ts'

const CONFIG = `<View>
  <Text name="question" value="$question"/>
  <TextArea name="answer" toName="question"/>
</View>`
const [WINDOW, TOTAL] = [{ from: '2024-11-11', to: '2024-11-12' }, 6]

const records = Array.from({ length: 20 }, (_, i) => ({
  timestamp: `2024-11-${i % 2 ? 11 : 12}T08:${String(i).padStart(2, '0')}:00Z`,
  question: `Question ${i}, "quoted"?`,
  answer: `Answer ${i}`,
  model_version: 'v1',
}))
const quote = (text: string) => `"${text.replaceAll('"', '""')}"`
const csv = [
  'timestamp,question,answer,model_version',
  ...records.map((each) => Object.values(each).map(quote).join(',')),
].join('\r\n')
const otlp = records
  .map(({ timestamp, question, answer }) => {
    const given = {
      'gen_ai.input.messages': JSON.stringify([
        { role: 'user', parts: [{ type: 'text', content: question }] },
      ]),
      'gen_ai.output.messages': JSON.stringify([
        { role: 'assistant', parts: [{ type: 'text', content: answer }] },
      ]),
      'gen_ai.response.model': 'v1',
    }
    const http = span({ 'http.request.method': 'POST' })
    return `${JSON.stringify(batch(span(given, { startTimeUnixNano: `${Date.parse(timestamp)}000000` }), http))}\n`
  })
  .join('')
const lines = records
  .map((each) => `${each.timestamp} v=${each.model_version} q=${each.question} a=${each.answer}\n`)
  .join('')
const parquet = () =>
  Buffer.from(
    parquetWriteBuffer({
      columnData: [
        { name: 'timestamp', data: records.map(({ timestamp }) => new Date(timestamp)) },
        ...(['question', 'answer', 'model_version'] as const).map((name) => ({
          name,
          data: records.map((each) => each[name]),
        })),
      ],
    }),
  )

let rig: Rig
let service: RunningService
let web: Server
let database: Awaited<ReturnType<typeof startPostgres15>>
let directory = ''

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'formats-'))
  ;[rig, database] = await Promise.all([startRig(), startPostgres15()])
  await rig.s3.createBucket('formats')
  const objects = {
    'csv/2024/11/11/a.csv.gz': gzipSync(csv),
    'csv/2023/01/01/a.csv': 'old',
    'parquet/all.parquet': parquet(),
  }
  for (const [Key, Body] of Object.entries(objects))
    await rig.s3.client().send(new PutObjectCommand({ Bucket: 'formats', Key, Body }))
  const admin = new pg.Client({ connectionString: database.url })
  await admin.connect()
  await admin.query(
    'create table answers (timestamp timestamptz, question text, answer text, model_version text)',
  )
  for (const each of records)
    await admin.query('insert into answers values ($1, $2, $3, $4)', Object.values(each))
  await admin.end()
  for (const name of ['logs', 'modules']) await mkdir(join(directory, name))
  await writeFile(join(directory, 'logs', 'app.log.zst'), zstdCompressSync(lines))
  await writeFile(
    join(directory, 'modules', 'own.mjs'),
    `export const open = () => ${JSON.stringify(records)}`,
  )
  web = createServer((request, response) => {
    const file = { '/m': 'otlp/spans.jsonl\n', '/otlp/spans.jsonl': otlp }[request.url ?? '']
    if (request.headers.authorization !== 'Bearer token') response.writeHead(401).end()
    else response.writeHead(file ? 200 : 404, { etag: '"1"' }).end(file)
  })
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve))
  service = await startService(rig, {
    dataDir: join(directory, 'service'),
    env: {
      FILE_ROOT: join(directory, 'logs'),
      MODULE_ROOT: join(directory, 'modules'),
      ALLOW_PRIVATE_URLS: 'true',
    },
  })
})
afterAll(async () => {
  await service?.stop()
  web?.close()
  await Promise.all([rig?.stop(), database?.stop()])
  await rm(directory, { recursive: true, force: true })
})

const s3 = (more: object) => ({
  type: 's3',
  bucket: 'formats',
  credentials: { access_key_id: rig.s3.accessKeyId, secret_access_key: rig.s3.secretAccessKey },
  ...more,
})
const MONITORS: [name: string, definition: () => { source: object; format?: object }][] = [
  [
    'csv-s3',
    () => ({
      source: s3({ prefix: 'csv/', key_pattern: '{YYYY}/{MM}/{DD}/*.csv' }),
      format: { type: 'csv' },
    }),
  ],
  ['parquet-s3', () => ({ source: s3({ key_pattern: '*.parquet' }), format: { type: 'parquet' } })],
  [
    'otlp-http',
    () => ({
      source: {
        type: 'http',
        manifest: `http://127.0.0.1:${(web.address() as AddressInfo).port}/m`,
        headers: { authorization: 'Bearer token' },
      },
      format: { type: 'otlp' },
    }),
  ],
  [
    'regex-file',
    () => ({
      source: { type: 'file', path: '.', key_pattern: '*.log' },
      format: {
        type: 'regex',
        pattern: '^(?P<timestamp>\\S+) v=(?P<model_version>\\S+) q=(?P<question>.*) a=(?P<answer>.*)$',
      },
    }),
  ],
  [
    'sql',
    () => ({
      source: {
        type: 'sql',
        url: database.url,
        query: 'select * from answers where timestamp >= :from and timestamp < :to',
      },
    }),
  ],
  ['module', () => ({ source: { type: 'module', path: 'own.mjs' } })],
]

test.each(MONITORS)('%s: what the logs hold comes to Label Studio', async (name, definition) => {
  const monitor = { name, ...definition(), sample: { total: TOTAL, seed: 3 }, labeling: { config: CONFIG } }
  const created = await service.call('POST', '/monitors', monitor)
  expect(JSON.stringify(created)).not.toMatch(/Bearer token|postgres@/)
  const preview = await service.call<Preview>('POST', `/monitors/${name}/preview`, WINDOW)
  expect(preview.problems).toEqual([])
  expect(preview.records.length).toBeGreaterThan(0)
  const run: Run = await service.run({ monitor: name, ...WINDOW, force: false })
  expect(run).toMatchObject({
    status: 'ready',
    error: null,
    strata: ['2024-11-11', '2024-11-12'].map((key) => ({ key, seen: 10, sampled: 3 })),
  })
  const tasks = await tasksOf(rig.call, run.project?.id as number)
  expect(tasks).toHaveLength(TOTAL)
  for (const { data, predictions } of tasks) {
    const record = records.find(({ question }) => question === data.question)
    expect(JSON.stringify(predictions)).toContain(record?.answer ?? 'a record of the logs')
  }
})
