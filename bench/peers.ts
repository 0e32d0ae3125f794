import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { cacheDir, type Log, once } from '../demo/services/cache.ts'
import { makeVenv } from '../demo/services/python.ts'
import { Unable } from './figure.ts'

const run = promisify(execFile)
const PACKAGES = ['duckdb==2.0.0', 'rapidfuzz==3.14.6', 'shapely==2.2.0', 'numpy==2.4.6'] as const

/** The Python libraries that the service is compared with, installed once; answers their Python. */
export async function preparePeers(log: Log): Promise<string> {
  const [first, ...others] = PACKAGES
  try {
    const venv = await once(
      join(cacheDir(), `bench-peers-${PACKAGES.join('-').replaceAll('==', '-')}`),
      async (directory) => {
        log(`installing peers, once: ${PACKAGES.join(', ')}`)
        await makeVenv(directory, first, log)
        const pip = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--quiet']
        await run(join(directory, 'bin', 'python'), [...pip, ...others])
      },
      log,
    )
    return join(venv, 'bin', 'python')
  } catch (error) {
    throw new Unable(`Python peers can't be installed: ${(error as Error).message}`)
  }
}

/** Runs a script of `peers/`; answers the JSON object that it prints last. */
export async function runPeer<T>(python: string, script: string, args: string[]): Promise<T> {
  const path = fileURLToPath(new URL(`peers/${script}`, import.meta.url))
  const { stdout } = await run(python, [path, ...args], { maxBuffer: 1 << 26 })
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) as string) as T
}

/** Runs a pipeline of the shell over files, `"$@"`; answers its seconds. */
export async function timeShell(pipeline: string, paths: string[]): Promise<number> {
  const began = performance.now()
  await run('/bin/sh', ['-c', pipeline, 'sh', ...paths])
  return (performance.now() - began) / 1000
}
