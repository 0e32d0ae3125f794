import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Postgres15, startPostgres15 } from '../support/postgres15.ts'
import { type MarkedEvents, sendMarkedEvents, storedMarks } from './support/marked-events.ts'
import { type RunningService, type Servers, startService } from './support/service.ts'

/** How long the database is away. */
const OUTAGE_MS = 10_000
/** Small enough to be filled, large enough for a database with its log. */
const DISK = '300m'
const BACK_WITHIN = { timeout: 60_000, interval: 100 }

/** Nobody listens there: nothing of this is about Label Studio. */
const NOBODY: Servers = {
  labelStudio: { url: 'http://127.0.0.1:9', token: 'f'.repeat(40) },
  s3: { endpoint: 'http://127.0.0.1:9' },
  smtp: { url: 'smtp://127.0.0.1:9' },
}
const canMount = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0

let dir: string
let service: RunningService
let events: MarkedEvents
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lsm-storage-'))
  await chmod(dir, 0o755)
})
afterEach(async () => {
  await events?.stop()
  await service?.stop()
  await rm(dir, { recursive: true, force: true })
})

const send = (filler = '') => {
  const annotation = { id: 1, task: 1, result: [], updated_at: '2026-11-23T00:00:00Z' }
  const body = { action: 'ANNOTATION_CREATED', project: { id: 77 }, annotation, filler }
  events = sendMarkedEvents(service.url, () => body)
}
const acknowledged = async (more: number) => {
  const before = events.acknowledged.length
  await expect.poll(() => events.acknowledged.length, BACK_WITHIN).toBeGreaterThan(before + more)
}
const refused = () => events.answers.get(503) ?? 0

/** Every kind of call says that it is to be made again. */
async function expectUnavailable(): Promise<void> {
  for (const path of ['/evaluations', '/runs', '/ready']) {
    const response = await fetch(service.url + path)
    expect([path, response.status, response.headers.get('retry-after')]).toEqual([
      path,
      503,
      expect.stringMatching(/^\d+$/),
    ])
  }
  expect((await fetch(`${service.url}/health`)).status).toBe(200)
}

/** It serves as before, nothing acknowledged is gone, and every refusal said when to come again. */
async function expectRecovered(where: Parameters<typeof storedMarks>[0], sentence: string): Promise<void> {
  await expect.poll(async () => (await fetch(`${service.url}/evaluations`)).status, BACK_WITHIN).toBe(200)
  await acknowledged(20)
  await events.stop()
  expect(await storedMarks(where, events.acknowledged)).toMatchObject({ lost: [], doubled: [] })
  expect(new Set(events.retryAfter)).toEqual(new Set(['5']))
  expect([...events.answers.keys()].filter((status) => status !== 202 && status !== 503)).toEqual([])
  console.log(
    `${sentence}: ${events.acknowledged.length} events acknowledged, ${refused()} refused with 503, 0 lost, 0 twice`,
  )
}

describe('a database server', () => {
  let database: Postgres15
  beforeEach(async () => {
    database = await startPostgres15()
  })
  afterEach(async () => {
    await service.stop()
    await database.stop()
  })

  test(`that is gone for ${OUTAGE_MS / 1000} s: 503, and the service goes on by itself`, async () => {
    service = await startService(NOBODY, {
      dataDir: join(dir, 'external'),
      env: { DATABASE_URL: database.url },
    })
    send()
    await acknowledged(50)
    await database.down()
    const gone = performance.now()
    await expect.poll(refused).toBeGreaterThan(10)
    await expectUnavailable()
    await sleep(OUTAGE_MS - (performance.now() - gone))
    await database.up()
    await expectRecovered({ databaseUrl: database.url }, 'database gone for ten seconds')
  })
})

/** The process of the embedded server's postmaster. */
const postmaster = (data = join(service.dataDir, 'postgres', 'data')) =>
  Number.parseInt(readFileSync(join(data, 'postmaster.pid'), 'utf8'), 10)

test('an embedded server that is killed again and again: 503 at most, and it comes back by itself', async () => {
  service = await startService(NOBODY, { dataDir: join(dir, 'embedded') })
  send()
  for (let kill = 0; kill < 5; kill++) {
    await acknowledged(30)
    process.kill(postmaster(), 'SIGKILL')
  }
  await expectRecovered({ dataDir: service.dataDir }, 'embedded server killed 5 times')
})

describe.runIf(canMount)('a data directory on a file system of its own', () => {
  let dataDir: string
  /** Some process that sees the mount. */
  let inside: number
  beforeEach(async () => {
    dataDir = join(dir, 'mounted')
    const script = `mount -t tmpfs -o size=${DISK},mode=0755 none "$DATA_DIR" && cd / && exec "$@"`
    service = await startService(NOBODY, { dataDir, within: ['unshare', '-m', 'sh', '-c', script, 'sh'] })
    inside = processInMountNamespace(service.group)
    send('x'.repeat(20_000))
    await acknowledged(30)
  })
  const seen = (...path: string[]) => join(`/proc/${inside}/root`, dataDir, ...path)
  const run = (...command: string[]) =>
    execFileSync('nsenter', ['-m', '-t', String(inside), '--', ...command], { stdio: 'pipe' })
  /** The data directory is seen by processes of its mount namespace only. */
  const stored = async () => {
    const program = `
      import { storedMarks } from ${JSON.stringify(join(import.meta.dirname, 'support/marked-events.ts'))}
      console.log(JSON.stringify(await storedMarks({ dataDir: ${JSON.stringify(dataDir)} }, ${JSON.stringify(events.acknowledged)})))`
    return JSON.parse(
      run(process.execPath, '--input-type=module-typescript', '--eval', program).toString(),
    ) as Awaited<ReturnType<typeof storedMarks>>
  }

  async function expectBack(sentence: string): Promise<void> {
    await expect.poll(async () => (await fetch(`${service.url}/evaluations`)).status, BACK_WITHIN).toBe(200)
    await acknowledged(20)
    await events.stop()
    expect(await stored()).toMatchObject({ lost: [], doubled: [] })
    expect(new Set(events.retryAfter)).toEqual(new Set(['5']))
    expect([...events.answers.keys()].filter((status) => status !== 202 && status !== 503)).toEqual([])
    console.log(
      `${sentence}: ${events.acknowledged.length} events acknowledged, ${refused()} refused with 503, 0 lost, 0 twice`,
    )
  }

  test('that is full: 503, and the service goes on when there is room again', async () => {
    spawnSync('nsenter', [
      '-m',
      '-t',
      `${inside}`,
      '--',
      'dd',
      'if=/dev/zero',
      `of=${dataDir}/filler`,
      'bs=64k',
    ])
    await expect.poll(refused, BACK_WITHIN).toBeGreaterThan(20)
    const atFull = events.acknowledged.length
    await sleep(3_000)
    console.log(`${events.acknowledged.length - atFull} events still found room on the full disk`)
    run('rm', seen('filler').replace(`/proc/${inside}/root`, ''))
    await expectBack('disk full')
  })

  test('that is read-only: 503, and the service goes on when it can be written again', async () => {
    // Nothing can be made read-only while somebody has a file open for writing: the server is gone for a moment.
    process.kill(-service.group, 'SIGSTOP')
    const server = postmaster(seen('postgres', 'data'))
    const children = childrenOf(server)
    process.kill(server, 'SIGKILL')
    for (const pid of children) await gone(pid)
    run('mount', '-o', 'remount,ro', dataDir)
    process.kill(-service.group, 'SIGCONT')
    await expect.poll(refused, BACK_WITHIN).toBeGreaterThan(10)
    await expectUnavailable()
    run('mount', '-o', 'remount,rw', dataDir)
    await expectBack('data directory read-only')
  })
})

/** A process of the group whose mounts are not ours. */
function processInMountNamespace(group: number): number {
  const ours = readlinkSync('/proc/self/ns/mnt')
  for (const pid of processes()) {
    try {
      const isOfGroup = Number(stat(pid)[2]) === group
      if (isOfGroup && readlinkSync(`/proc/${pid}/ns/mnt`) !== ours) return pid
    } catch {} // It has ended.
  }
  throw new Error('the service runs in no mount namespace of its own')
}

function childrenOf(parent: number): number[] {
  return processes().filter((pid) => {
    try {
      return Number(stat(pid)[1]) === parent
    } catch {
      return false
    }
  })
}

async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      if (stat(pid)[0] === 'Z') return
    } catch {
      return
    }
    await sleep(10)
  }
}

function processes(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}

/** State, parent, group, … of a process. */
function stat(pid: number): string[] {
  return readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
}
