import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, expect } from 'vitest'
import { type Database, openDatabase } from '../../src/db/database.ts'
import { runningServer } from '../../src/db/postmaster.ts'
import { silent } from '../support/log.ts'
import { type OtherProcess, otherProcess } from './service.ts'

export const isRoot = process.getuid?.() === 0
export const NOBODY = { uid: 65_534, gid: 65_534 }

let scratch: string
let databases: Database[]
let others: OtherProcess[]

/** Gives each test of a file a directory of its own, and fails a test that leaves a server running in it. */
export function eachInItsOwnDirectory(): void {
  beforeEach(async () => {
    // mkdtemp makes it for its owner only, like a closed home: as root, the server's user can't pass it.
    scratch = await mkdtemp(join(tmpdir(), 'label-studio-monitor-embedded-'))
    databases = []
    others = []
  })

  afterEach(async () => {
    for (const other of others)
      if (other.process.exitCode === null && !other.process.signalCode) await other.kill()
    for (const database of databases) await database.close()
    const pid = await running()
    if (pid !== null) process.kill(pid, 'SIGQUIT')
    await rm(scratch, { recursive: true, force: true, maxRetries: 5 })
    expect(pid, 'a server was left over').toBeNull()
  })
}

export const scratchDirectory = () => scratch
export const dataDirectory = () => join(scratch, 'data')
/** PostgreSQL's own directory. */
export const clusterDirectory = (dataDir = dataDirectory()) => join(dataDir, 'postgres', 'data')
/** The server's process number, or null. */
export const running = () => runningServer(clusterDirectory())

/** Opens the database in this process; it is closed after the test. */
export async function open(dataDir = dataDirectory(), log = silent): Promise<Database> {
  const database = await openDatabase({ databaseUrl: null, dataDir, log })
  databases.push(database)
  return database
}

/** Opens it in another process, which is killed after the test. */
export async function other(dataDir = dataDirectory(), user = {}): Promise<OtherProcess> {
  const process = await otherProcess(dataDir, user)
  others.push(process)
  return process
}

export async function eventually(what: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000
  while (!(await what().catch(() => false))) {
    if (performance.now() > deadline) throw new Error(`never: ${what}`)
    await delay(20)
  }
}
