import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { openEmbedded } from '../../src/db/embedded.ts'
import { runningServer } from '../../src/db/postmaster.ts'
import { silent } from './log.ts'

declare module 'vitest' {
  interface ProvidedContext {
    testDatabaseUrl: string
  }
}

/** One server for the whole run: that of TEST_DATABASE_URL, whose user may create databases, or an embedded one. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const given = process.env.TEST_DATABASE_URL
  if (given) {
    project.provide('testDatabaseUrl', given)
    return undefined
  }
  const directory = await mkdtemp(join(tmpdir(), 'label-studio-monitor-test-'))
  const server = await openEmbedded({ dataDir: directory, log: silent }).catch((error) => {
    rmSync(directory, { recursive: true, force: true })
    throw error
  })
  const { user, password, host, database } = server.connection
  project.provide(
    'testDatabaseUrl',
    `postgres://${user}:${password}@/${database}?host=${encodeURIComponent(host ?? '')}`,
  )

  // A run that is interrupted ends without its teardown.
  const pid = await runningServer(join(directory, 'postgres', 'data'))
  const abandon = () => {
    if (pid !== null) process.kill(pid, 'SIGQUIT')
    rmSync(directory, { recursive: true, force: true })
  }
  process.once('exit', abandon)
  return async () => {
    process.off('exit', abandon)
    await server.close()
    rmSync(directory, { recursive: true, force: true })
  }
}
