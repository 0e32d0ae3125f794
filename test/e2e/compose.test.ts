import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startChild, waitUntilReady } from '../../demo/services/child.ts'
import { prepareLabelStudio } from '../../demo/services/label-studio.ts'
import { freePorts } from '../../demo/services/ports.ts'
import { type S3, startS3 } from '../../demo/services/s3.ts'
import { type Smtp, startSmtp } from '../../demo/services/smtp.ts'
import type { Evaluation, Run } from '../../src/contract/types.ts'
import { createLabelStudio } from '../../src/labeling/client.ts'
import { webhookProblem } from '../../src/labeling/webhook.ts'
import { startPostgres15 } from '../support/postgres15.ts'
import { readCompose, readImage } from './support/compose.ts'
import { logObject, REVIEW_CONFIG, record } from './support/logs.ts'
import { putObjects } from './support/put-objects.ts'

const compose = readCompose()
const image = readImage()
const environmentOf = (service: string) => compose.services[service]?.environment ?? {}
const variable = (service: string, name: string): string => {
  const value = environmentOf(service)[name]
  if (value === undefined) throw new Error(`compose.yaml sets no ${name} for ${service}`)
  return value
}

/** What compose.yaml starts, as processes with the same environment; only the addresses are others. */
let url: string
let labelStudioUrl: string
let s3: S3
let smtp: Smtp
const ends: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), 'lsm-compose-'))
  ends.push(() => rm(dir, { recursive: true, force: true }))
  const [port = 0, labelStudioPort = 0] = await freePorts(2)
  url = `http://127.0.0.1:${port}`
  labelStudioUrl = `http://127.0.0.1:${labelStudioPort}`
  const [identity] = JSON.parse(compose.configs.s3?.content ?? '').identities
  const [{ accessKey: accessKeyId, secretKey: secretAccessKey }] = identity.credentials
  const [database] = await Promise.all([
    startDatabase(),
    startS3({ dir: join(dir, 's3'), identities: [{ ...identity, accessKeyId, secretAccessKey }] }).then(
      (each) => {
        s3 = each
        ends.push(each.stop)
      },
    ),
    startSmtp({}).then((each) => {
      smtp = each
      ends.push(each.stop)
    }),
    startLabelStudio(join(dir, 'label-studio'), labelStudioPort),
  ])

  const addresses: Record<string, string> = {
    'monitor.internal:9090': `127.0.0.1:${port}`,
    'label-studio:8080': `127.0.0.1:${labelStudioPort}`,
    'postgres:5432': database,
    'seaweedfs:8333': new URL(s3.endpoint).host,
    'mailpit:1025': `127.0.0.1:${smtp.port}`,
  }
  const settings = Object.entries({ ...image.env, ...environmentOf('monitor') }).map(([name, value]) => [
    name,
    Object.entries(addresses).reduce((text, [there, here]) => text.replace(there, here), value),
  ])
  const [program, ...args] = image.command
  expect(program).toBe('node')
  await mkdir(join(dir, 'data'))
  const monitor = startChild({
    command: process.execPath,
    args: [join(process.cwd(), args[0] as string), ...args.slice(1)],
    env: {
      PATH: process.env.PATH ?? '',
      ...Object.fromEntries(settings),
      // Of this machine: where it may listen and write.
      ...{ HOST: '127.0.0.1', PORT: String(port), DATA_DIR: join(dir, 'data') },
    },
    cwd: dir,
    logFile: join(dir, 'monitor.log'),
  })
  ends.push(() => monitor.stop(20_000))
  await waitUntilReady(monitor, async () => (await fetch(`${url}/ready`)).ok, {
    name: 'The service',
    timeoutMs: 60_000,
  })
})
afterAll(async () => {
  for (const end of ends.reverse()) await end()
})

/** With the user and database that the image of PostgreSQL makes by its variables. @returns host and port */
async function startDatabase(): Promise<string> {
  const server = await startPostgres15()
  ends.push(server.stop)
  const client = new pg.Client(server.url)
  await client.connect()
  const [user, name, password] = ['USER', 'DB', 'PASSWORD'].map((each) =>
    variable('postgres', `POSTGRES_${each}`),
  )
  await client.query(`create role ${user} superuser login password '${password}'`)
  await client.query(`create database ${name} owner ${user}`)
  await client.end()
  return new URL(server.url).host
}

/** As the image starts it: everything by variables. Its database is the cached one, which saves minutes. */
async function startLabelStudio(dataDir: string, port: number): Promise<void> {
  const { python, template } = await prepareLabelStudio()
  await cp(template, dataDir, { recursive: true })
  const child = startChild({
    command: python,
    args: [
      join(python, '../label-studio'),
      'start',
      '--no-browser',
      '--internal-host',
      '127.0.0.1',
      '--port',
      String(port),
    ],
    env: {
      ...environmentOf('label-studio'),
      ...{ PATH: process.env.PATH ?? '', HOME: dataDir, LANG: 'C.UTF-8' },
      ...{ LABEL_STUDIO_BASE_DATA_DIR: dataDir, LABEL_STUDIO_HOST: labelStudioUrl },
      // It would look for itself outside.
      ...{
        SENTRY_DSN: '',
        FRONTEND_SENTRY_DSN: '',
        LATEST_VERSION_CHECK: 'false',
        FEATURE_FLAGS_OFFLINE: 'true',
      },
    },
    cwd: dataDir,
    logFile: join(dataDir, 'label-studio.log'),
  })
  ends.push(() => child.stop())
  await waitUntilReady(child, async () => (await fetch(`${labelStudioUrl}/health`)).ok, {
    name: 'Label Studio',
    timeoutMs: 420_000,
  })
}

const call = async <T>(method: string, path: string, body?: unknown, headers = {}): Promise<T> => {
  const response = await fetch(url + path, {
    method,
    headers: {
      'Content-Type': 'application/json',
      Authorization: `Bearer ${variable('monitor', 'API_TOKENS')}`,
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`)
  return (await response.json()) as T
}

describe('what compose.yaml starts', () => {
  test('publishes its ports on this machine alone', () => {
    const ports = Object.values(compose.services).flatMap(({ ports = [] }) => ports)
    expect(ports.filter((each) => !each.startsWith('127.0.0.1:'))).toEqual([])
  })

  test('names only services, volumes and configs that there are', () => {
    for (const { volumes = [], depends_on = {}, configs = [] } of Object.values(compose.services)) {
      const named = volumes
        .map((each) => each.split(':')[0] as string)
        .filter((each) => !each.startsWith('.'))
      expect(Object.keys(compose.volumes)).toEqual(expect.arrayContaining(named))
      for (const [name] of Object.entries(depends_on))
        expect(compose.services[name]?.healthcheck).toBeDefined()
      for (const { source } of configs as { source: string }[]) expect(compose.configs).toHaveProperty(source)
    }
    const { hostname } = new URL(variable('monitor', 'PUBLIC_URL'))
    expect(compose.services.monitor?.networks?.default.aliases).toContain(hostname)
  })

  test('writes nowhere but to its volume and /tmp', () => {
    expect(compose.services.monitor).toMatchObject({
      read_only: true,
      tmpfs: ['/tmp'],
      volumes: ['monitor:/data', './logs:/logs:ro'],
    })
    expect(image.env.DATA_DIR).toBe('/data')
  })

  test('has a webhook host that this Label Studio takes', async () => {
    const client = createLabelStudio(labelStudioUrl, variable('monitor', 'LABEL_STUDIO_API_KEY'))
    expect(await webhookProblem(client, `${variable('monitor', 'PUBLIC_URL')}/webhook`)).toBeNull()
    expect(await webhookProblem(client, 'http://monitor:9090/webhook')).toMatchObject({
      remedy: /./ as never,
    })
  })

  test('does a run, is told of a review, and sends mail', async () => {
    const [bucket, day] = ['logs', '2024-11-12']
    await s3.createBucket(bucket)
    const pieces = Array.from({ length: 8 }, (_, number) => record(number, day, 'v1'))
    await putObjects(s3, bucket, [logObject('qalogs_11:12:24.txt', pieces)])
    await call('POST', '/monitors', {
      name: 'qa-model',
      // No endpoint and no credentials: the service has them from its environment.
      source: { type: 's3', bucket, key_pattern: 'qalogs_{MM}:{DD}:{YY}.txt' },
      labeling: { config: REVIEW_CONFIG },
      notify: { emails: ['ml@example.org'] },
    })
    const run = await call<Run>(
      'POST',
      '/runs',
      { monitor: 'qa-model', from: day, to: day },
      { Prefer: 'wait=100' },
    )
    expect(run).toMatchObject({ status: 'ready', webhook: { registered: true, problem: null } })

    const project = run.project?.id as number
    const authorization = { Authorization: `Token ${variable('label-studio', 'LABEL_STUDIO_USER_TOKEN')}` }
    const tasks = await fetch(`${labelStudioUrl}/api/tasks?project=${project}&page_size=1`, {
      headers: authorization,
    })
    const [task] = ((await tasks.json()) as { tasks: { id: number }[] }).tasks
    await fetch(`${labelStudioUrl}/api/tasks/${task?.id}/annotations/`, {
      method: 'POST',
      headers: { ...authorization, 'Content-Type': 'application/json' },
      body: JSON.stringify({ result: [], lead_time: 1 }),
    })
    await expect
      .poll(async () => (await call<Evaluation>('GET', `/evaluations/${project}`)).coverage.reviewed, {
        timeout: 10_000,
      })
      .toBe(1)
    await expect.poll(() => smtp.messages.length).toBe(1)
  })
})
