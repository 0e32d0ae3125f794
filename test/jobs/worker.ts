import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { openDatabase } from '../../src/db/database.ts'
import { openQueue } from '../../src/jobs/queue.ts'
import { silent } from '../support/log.ts'

/** A process that sends itself the job `long`, which never ends; resolves when it has begun it. */
export async function workerBusyForever(databaseUrl: string): Promise<ChildProcess> {
  const child = fork(fileURLToPath(import.meta.url), [databaseUrl], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  await new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve())
    child.once('exit', (code) => reject(new Error(`the worker ended with ${code}`)))
  })
  return child
}

if (process.send && import.meta.main) {
  const database = await openDatabase({ databaseUrl: process.argv[2] ?? '', dataDir: '', log: silent })
  const queue = openQueue({ database, log: silent })
  queue.define('long', {
    retry: { limit: 1, delaySeconds: 0 },
    handler: async () => {
      process.send?.('begun')
      await new Promise(() => {})
    },
  })
  await queue.start()
  await queue.send('long', {})
}
