import { spawnSync } from 'node:child_process'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { audit } from '../../src/annotations/audit.ts'
import { openDatabase } from '../../src/db/database.ts'
import { silent } from '../support/log.ts'
import {
  compareMarks,
  type MarkedEvents,
  type StoredMarks,
  sendMarkedEvents,
} from './support/marked-events.ts'
import { type Replay, recorder, replay } from './support/recorded-writes.ts'
import { type RunningService, type Servers, startService } from './support/service.ts'

const EVENTS = 600
/** At which shares of the events the power goes. */
const CUTS = [0.15, 0.35, 0.55, 0.75, 1]
/** The answer to an event may be noted a moment earlier than it came: Date.now() cuts milliseconds off. */
const CLOCK_S = 0.002

/** Nobody listens there: nothing of this is about Label Studio. */
const NOBODY: Servers = {
  labelStudio: { url: 'http://127.0.0.1:9', token: 'f'.repeat(40) },
  s3: { endpoint: 'http://127.0.0.1:9' },
  smtp: { url: 'smtp://127.0.0.1:9' },
}
const canTrace = spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status === 0

describe.runIf(canTrace)('a power loss', () => {
  let dir: string
  let events: MarkedEvents
  let service: RunningService
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'lsm-power-'))
    await chmod(dir, 0o755)
    const dataDir = join(dir, 'data')
    await (await startService(NOBODY, { dataDir })).stop()
    copy(dataDir, join(dir, 'before'))

    service = await startService(NOBODY, { dataDir, within: recorder(join(dir, 'recording')) })
    const database = await openDatabase({ databaseUrl: null, dataDir, log: silent })
    const annotation = { id: 1, task: 1, result: [], updated_at: '2026-11-23T00:00:00Z' }
    const body = { action: 'ANNOTATION_CREATED', project: { id: 77 }, annotation, filler: 'x'.repeat(2_000) }
    events = sendMarkedEvents(service.url, () => body, { atOnce: 3 })
    for (const share of [0.3, 0.6, 1]) {
      while (events.acknowledged.length < share * EVENTS) await sleep(20)
      // So that a cut falls upon files that were written back, too.
      await database.pool.query('checkpoint')
    }
    await events.stop()
    await database.close()
    await service.stop()
  })
  let copies = 0
  afterEach(() => rm(join(dir, `cut-${copies}`), { recursive: true, force: true }))
  afterAll(async () => {
    await service?.stop()
    await rm(dir, { recursive: true, force: true })
  })

  /** What the database holds after a power loss at a moment, of the events acknowledged until `known`. */
  async function after(cut: number, known = cut): Promise<StoredMarks & Replay & { differences: number }> {
    const into = join(dir, `cut-${++copies}`)
    const from = join(dir, 'data')
    copy(join(dir, 'before'), into)
    const cwd = join(from, 'postgres', 'data')
    const replayed = await replay(join(dir, 'recording'), { from, cwd, into, cut })
    spawnSync('chown', [
      '-R',
      `--reference=${join(into, 'postgres', 'data')}`,
      join(into, 'postgres', 'data'),
    ])
    const database = await openDatabase({ databaseUrl: null, dataDir: into, log: silent })
    try {
      const acknowledged = events.acknowledged.filter(
        (_, index) => (events.acknowledgedAt[index] ?? 0) + CLOCK_S <= known,
      )
      const { differences } = await audit(database, { report() {} })
      return { ...(await compareMarks(database, acknowledged)), ...replayed, differences }
    } finally {
      await database.close()
    }
  }

  test.each(CUTS)(
    'when %f of the events were acknowledged loses none of them, and doubles none',
    async (share) => {
      const index = Math.ceil(share * events.acknowledged.length) - 1
      const cut = (events.acknowledgedAt[index] ?? 0) + CLOCK_S
      const { stored, writes, syncs, lostBytes, ...left } = await after(cut)
      expect(left).toEqual({ lost: [], doubled: [], differences: 0 })
      expect(stored).toBeGreaterThanOrEqual(index + 1)
      console.log(
        `power lost after ${writes} writes and ${syncs} syncs: ${lostBytes} bytes gone; of ${index + 1} acknowledged events 0 lost, 0 twice`,
      )
    },
  )

  test('would lose events that were acknowledged before their sync', async () => {
    const last = events.acknowledgedAt.at(-1) ?? 0
    const { lost } = await after(last - 1, last + CLOCK_S)
    expect(lost).not.toEqual([])
  })
})

function copy(from: string, to: string): void {
  const { status, stderr } = spawnSync('cp', ['-a', from, to])
  if (status !== 0) throw new Error(`cp failed: ${stderr}`)
}
