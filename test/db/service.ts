import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { openDatabase } from '../../src/db/database.ts'
import { silent } from '../support/log.ts'

/** A process that uses the embedded database of a directory, as the service does. */
export interface OtherProcess {
  readonly process: ChildProcess
  /** Numbers whose commits were acknowledged, while it writes. */
  readonly written: number[]
  write(): void
  close(): Promise<void>
  kill(): Promise<void>
}

type Message = { opened: true } | { refused: string } | { written: number } | { closed: true }

/** Starts one and waits until the database is open; rejects with the message when it can't be opened. */
export async function otherProcess(
  dataDir: string,
  user: { uid?: number; gid?: number } = {},
): Promise<OtherProcess> {
  const child = fork(fileURLToPath(import.meta.url), [dataDir], {
    ...user,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const written: number[] = []
  const exited = once(child, 'exit')
  const opened = new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`the other process ended with ${code}`)))
    child.on('message', (message: Message) => {
      if ('opened' in message) resolve()
      if ('refused' in message) reject(new Error(message.refused))
      if ('written' in message) written.push(message.written)
    })
  })
  await opened
  return {
    process: child,
    written,
    write: () => void child.send('write'),
    async close() {
      child.send('close')
      await exited
    },
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

if (process.send && import.meta.main) {
  const tell = (message: Message) => process.send?.(message)
  try {
    const database = await openDatabase({ databaseUrl: null, dataDir: process.argv[2] ?? '', log: silent })
    let writing: Promise<void> | undefined
    let stopped = false
    process.on('message', async (message) => {
      if (message === 'write') writing = write().catch(() => {}) // the server was killed
      if (message === 'close') {
        stopped = true
        await writing
        await database.close()
        process.disconnect()
      }
    })
    async function write(): Promise<void> {
      await database.pool.query('create table if not exists written (number int primary key)')
      for (let number = 1; !stopped; number += 1) {
        await database.pool.query('insert into written values ($1)', [number])
        tell({ written: number })
      }
    }
    tell({ opened: true })
  } catch (error) {
    tell({ refused: (error as Error).message })
    process.disconnect()
  }
}
