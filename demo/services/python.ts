import { spawn } from 'node:child_process'
import { once as event } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Log } from './cache.ts'

const interpreters = ['python3', 'python3.13', 'python3.12', 'python3.11', 'python3.10']

/**
 * Makes a virtual environment in `dir` with requirements (`name==version`, several with spaces between) and what they need. The
 * environment may be renamed afterwards as long as its programs are started by `bin/python -m`, for
 * only the launchers in `bin` keep the old path.
 */
export async function makeVenv(dir: string, requirement: string, log: Log): Promise<void> {
  const python = await findPython()
  log(`${requirement}: making a Python environment with ${python}`)
  await run(python, ['-m', 'venv', dir], () => {})
  const progress = everyFewSeconds(log)
  const pip = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--progress-bar', 'off']
  await run(join(dir, 'bin', 'python'), [...pip, ...requirement.split(' ')], (line) =>
    progress(`${requirement}: ${line.trim().slice(0, 80)}`),
  )
  log(`${requirement}: installed`)
}

/** The first Python from 3.10 on that can make virtual environments; `PYTHON` names another one. */
async function findPython(): Promise<string> {
  const tried: string[] = []
  const probe =
    'import sys, venv, ensurepip; assert sys.version_info >= (3, 10), "its version is " + sys.version'
  for (const python of process.env.PYTHON ? [process.env.PYTHON] : interpreters) {
    try {
      await run(python, ['-c', probe], () => {})
      return python
    } catch (error) {
      tried.push(`  ${python}: ${(error as Error).message.trim().split('\n').at(-1)}`)
    }
  }
  throw new Error(
    `expected Python 3.10 or newer with its venv module, found none:\n${tried.join('\n')}\n` +
      'Debian and Ubuntu: apt-get install python3-venv. macOS: brew install python. ' +
      'Set PYTHON to the path of one that is not on the PATH.',
  )
}

/** An installer works through children of its own: when this process ends, the whole group ends. */
async function run(command: string, args: string[], onLine: Log): Promise<void> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  const endGroup = () => killGroup(child.pid)
  process.once('exit', endGroup)
  child.once('close', () => process.off('exit', endGroup))
  const errors: string[] = []
  createInterface(child.stdout).on('line', onLine)
  createInterface(child.stderr).on('line', (line) => errors.push(line))
  const [code] = await event(child, 'close')
  if (code !== 0)
    throw new Error(`${command} ${args.slice(0, 3).join(' ')} failed:\n${errors.slice(-10).join('\n')}`)
}

/** Passes on the first line, then at most one in five seconds: an installer names hundreds of packages. */
function everyFewSeconds(log: Log): Log {
  let last = 0
  return (line) => {
    if (Date.now() - last < 5000) return
    last = Date.now()
    log(line)
  }
}

function killGroup(leader: number | undefined): void {
  try {
    if (leader !== undefined) process.kill(-leader, 'SIGKILL')
  } catch {
    // it has ended by itself
  }
}
