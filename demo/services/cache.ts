import { existsSync } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Receives one line of progress, without its line end. */
export type Log = (line: string) => void

/** Where installations are kept between starts: `LSM_CACHE`, else `~/.cache/label-studio-monitor`. */
export function cacheDir(env: NodeJS.ProcessEnv = process.env): string {
  return env.LSM_CACHE || join(homedir(), '.cache', 'label-studio-monitor')
}

/**
 * Makes the directory `path` once for all processes and times: `build` fills a directory beside it, which
 * becomes `path` by one rename when complete. So whatever exists at `path` is whole, and a build that was
 * interrupted leaves nothing that counts. A second process waits for the first.
 */
export async function once(
  path: string,
  build: (partial: string) => Promise<void>,
  log: Log,
): Promise<string> {
  if (existsSync(path)) return path
  await mkdir(dirname(path), { recursive: true })
  const release = await lock(`${path}.lock`, log)
  const partial = `${path}.partial-${process.pid}`
  try {
    if (existsSync(path)) return path
    await removeAbandoned(path)
    await build(partial)
    await rename(partial, path).catch((error) => {
      if (!existsSync(path)) throw error
    })
    return path
  } finally {
    await rm(partial, { recursive: true, force: true })
    await release()
  }
}

/**
 * Its owner touches it every few seconds, so one that is not touched was left behind. It saves work, not
 * correctness: should two processes both take over such a lock, each builds in its own directory.
 */
async function lock(path: string, log: Log): Promise<() => Promise<void>> {
  for (let waited = 0; ; waited++) {
    const file = await open(path, 'wx').catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
    if (file) {
      await file.writeFile(String(process.pid))
      await file.close()
      const touch = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => {}), 5000)
      return () => {
        clearInterval(touch)
        return rm(path, { force: true })
      }
    }
    const owner = Number(await readFile(path, 'utf8').catch(() => ''))
    const touched = await stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => Date.now(),
    )
    if ((owner && !isAlive(owner)) || touched < Date.now() - 60_000) await rm(path, { force: true })
    else if (waited % 60 === 1) log(`waiting for process ${owner}, which holds ${path}`)
    await sleep(500)
  }
}

async function removeAbandoned(path: string): Promise<void> {
  const prefix = `${basename(path)}.partial-`
  for (const name of await readdir(dirname(path))) {
    if (name.startsWith(prefix) && !isAlive(Number(name.slice(prefix.length)))) {
      await rm(join(dirname(path), name), { recursive: true, force: true })
    }
  }
}

/** Whether there is such a process, be it another user's. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
