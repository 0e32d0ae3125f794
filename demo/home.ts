import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { stopServer } from '../src/db/postmaster.ts'
import { isAlive } from './services/cache.ts'

/**
 * Makes a directory for this process alone, `root/<process id>`, and removes those of processes that are gone. So a
 * start never meets what an earlier one left, and two may run side by side.
 */
export async function makeHome(root: string): Promise<string> {
  await mkdir(root, { recursive: true })
  for (const name of await readdir(root)) {
    const owner = Number(name)
    if (Number.isInteger(owner) && (owner === process.pid || !isAlive(owner)))
      await removeHome(join(root, name))
  }
  const home = join(root, String(process.pid))
  await mkdir(home)
  return home
}

/** Where a service keeps its settings and its embedded database. */
export function dataDir(home: string): string {
  return join(home, 'data')
}

/** What can't be removed, such as another user's files, stays: it is in nobody's way. */
export async function removeHome(home: string): Promise<void> {
  // the service stops its database itself, unless it was killed
  await stopServer(join(dataDir(home), 'postgres', 'data')).catch(() => {})
  await rm(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }).catch(() => {})
}
