import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import pino from 'pino'
import { createWatch } from '../../src/alerts/watch.ts'
import { openDatabase } from '../../src/db/database.ts'
import { silent } from '../support/log.ts'
import { alertsOn, surroundings } from './alerts.ts'

/** Where the process stops, to be killed there. */
export type Moment = 'before the commit' | 'after the commit' | 'in the call'

/**
 * A process that looks at what is due; with `in the call` it also delivers. Resolves when it has come to the moment,
 * or, in a call, at once.
 */
export async function watching(databaseUrl: string, moment: Moment): Promise<ChildProcess> {
  const child = fork(fileURLToPath(import.meta.url), [databaseUrl, moment], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  await new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve())
    child.once('exit', (code) => reject(new Error(`the process ended with ${code}`)))
  })
  return child
}

if (process.send && import.meta.main) {
  const [, , databaseUrl = '', moment] = process.argv
  const alerts = alertsOn(await openDatabase({ databaseUrl, dataDir: '', log: silent }))
  const { database, outbox, queue } = alerts
  // Jobs can be noted only where the queue is there.
  if (moment === 'in the call') await queue.start()
  const watch = createWatch({
    ...surroundings,
    database,
    log: pino({ level: 'silent' }),
    outbox: {
      async announce(...announced) {
        await outbox.announce(...announced)
        if (moment !== 'before the commit') return
        process.send?.('written')
        await new Promise(() => {})
      },
    },
  })
  await watch.look()
  process.send('looked')
  setInterval(() => {}, 1_000)
}
