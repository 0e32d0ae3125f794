import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { openDatabase } from '../../src/db/database.ts'
import { withKeptSecrets } from '../../src/kept-secret.ts'
import { type Service, startService } from '../../src/service.ts'
import { silent } from '../support/log.ts'
import { monitorInput } from '../support/monitors.ts'
import { answered, reviewedProject } from '../support/reviewed.ts'
import { prepareSchemathesis, schemathesis } from './support/schemathesis.ts'

const [TOKEN, SECRET] = ['fuzz-token', 'fuzz-secret']
/** The same requests each time; another seed, or more time, finds more. */
const SEED = Number(process.env.FUZZ_SEED ?? 1)
const SECONDS = Number(process.env.FUZZ_SECONDS ?? 90)

/** Is there, and has nothing: of the real one only its answers would be tested here. */
const labelStudio = createServer((request, response) => {
  const known: Record<string, object> = {
    '/api/version': { release: '1.23.2' },
    '/api/current-user/whoami': { id: 1, email: 'a@example.org' },
  }
  const body = known[request.url ?? '']
  response.writeHead(body ? 200 : 404, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body ?? { detail: 'Not found.' }))
})

let directory: string
let service: Service
const logged: string[] = []
beforeAll(async () => {
  await prepareSchemathesis(console.log)
  await new Promise<void>((resolve) => labelStudio.listen(0, '127.0.0.1', resolve))
  directory = await mkdtemp(join(tmpdir(), 'label-studio-monitor-fuzz-'))
  await mkdir(join(directory, 'logs'))
  await writeFile(join(directory, 'logs/qalogs_11:11:24.txt'), 'Question: one\nAnswer: two\n')
  const config = await withKeptSecrets(
    loadConfig({
      PORT: '0',
      DATA_DIR: join(directory, 'data'),
      FILE_ROOT: join(directory, 'logs'),
      API_TOKENS: TOKEN,
      WEBHOOK_SECRET: SECRET,
      BASIC_AUTH_USER: 'label-studio',
      BASIC_AUTH_PASS: SECRET,
      RATE_LIMIT: '0',
      RECONCILE_INTERVAL: '0',
      LABEL_STUDIO_URL: `http://127.0.0.1:${(labelStudio.address() as AddressInfo).port}`,
      LABEL_STUDIO_API_KEY: 'key',
    }),
  )
  const log = pino({ level: 'error' }, { write: (line: string) => void logged.push(line) })
  service = await startService({ config, version: '0.0.0-fuzz', log })
  await seed(config.dataDir)
}, 600_000)
afterAll(async () => {
  await service?.stop()
  await new Promise((resolve) => labelStudio.close(resolve))
  await rm(directory, { recursive: true, force: true })
})

/** What the examples of the contract name. */
async function seed(dataDir: string): Promise<void> {
  const answer = await fetch(`${service.url}/monitors`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(monitorInput({ name: 'qa-model' })),
  })
  const monitor = (await answer.json()) as { id: string; name: string }
  const database = await openDatabase({ databaseUrl: null, dataDir, log: silent })
  const tasks = [answered('one', 'two', '<script>'), answered('three', 'four'), answered('five', 'six', null)]
  for (const project of [11, 12]) {
    const run = { monitor, from: '2024-11-11', to: `2024-11-${project + 2}` }
    await reviewedProject(database, { project, tasks, run })
  }
  await database.close()
}

test('whatever fits the contract, or nearly, is answered as the contract says, and never by a 5xx', async () => {
  const { failed, report, requests } = await schemathesis({
    url: service.url,
    token: TOKEN,
    secret: SECRET,
    seed: SEED,
    seconds: SECONDS,
    directory: join(directory, 'schemathesis'),
  })
  console.log(`${requests} requests fuzzed over openapi.yaml (seed ${SEED})`)
  if (failed) console.log(report, logged.map((line) => line.slice(0, 500)).join('\n'))
  expect(failed).toBe(false)
  expect(requests).toBeGreaterThan(1_000)
  expect(logged.filter((line) => /request failed|not in the contract/.test(line))).toEqual([])
}, 900_000)
