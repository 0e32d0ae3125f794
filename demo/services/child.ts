import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Runs a server as a process group that ends with us: the shell holds one end of a pipe, and when the other
 * end closes, even because we were killed, it ends the group: by SIGTERM, and by SIGKILL so many seconds later
 * as its first argument says. `trap` keeps the shell alive so that it can reap the server: an orphan would stay a
 * zombie until process 1 looks for it, which takes seconds on some machines and happens never in some containers.
 */
const leash = `
grace=$1
shift
exec 3<&0
trap : TERM
trap 'kill -KILL $server' USR1
"$@" </dev/null 3<&- &
server=$!
(trap '' TERM; read -r _ <&3; kill -TERM 0; sleep $grace; kill -KILL 0) &
leash=$!
wait $server
code=$?
while kill -0 $server 2>/dev/null; do wait $server; code=$?; done
kill -KILL $leash 2>/dev/null
wait $leash
exit $code
`

export type Child = {
  /** Leader of the process group of the server and all its children. */
  pid: number
  /** Settles when the server has ended: with a sentence that has its exit code and the end of its log. */
  ended: Promise<string>
  isRunning(): boolean
  /** SIGTERM to the group, SIGKILL after `graceMs`; resolves when no process of it is left. */
  stop(graceMs?: number): Promise<void>
  /** SIGKILL to the group. */
  kill(): Promise<void>
}

/**
 * Starts `command` with exactly `env` (nothing inherited) and its output in `logFile`. When this process ends without
 * having stopped it, it gets `graceS` seconds between SIGTERM and SIGKILL, by default none.
 */
export function startChild(options: {
  command: string
  args: string[]
  env: Record<string, string>
  cwd: string
  logFile: string
  graceS?: number
}): Child {
  const log = openSync(options.logFile, 'a')
  const child = spawn(
    '/bin/sh',
    ['-c', leash, 'sh', String(options.graceS ?? 0), options.command, ...options.args],
    {
      cwd: options.cwd,
      env: options.env,
      detached: true,
      stdio: ['pipe', log, log],
    },
  )
  closeSync(log)
  const pid = child.pid
  if (pid === undefined) throw new Error(`/bin/sh could not be started in ${options.cwd}`)
  let running = true
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => {
      running = false
      const how = signal ?? `exit code ${code}`
      resolve(`${options.command} ended with ${how}; its log ends:\n${endOf(options.logFile)}`)
    })
  })
  const end = async (graceMs: number) => {
    if (graceMs > 0) {
      signalGroup(pid, 'SIGTERM')
      await until(() => !signalGroup(pid, 0), graceMs)
    }
    if (running) process.kill(pid, 'SIGUSR1')
    await until(() => !running, 1000)
    signalGroup(pid, 'SIGKILL')
    await until(() => !signalGroup(pid, 0), 5000)
    if (running) await ended
  }
  return { pid, ended, isRunning: () => running, stop: (graceMs = 5000) => end(graceMs), kill: () => end(0) }
}

/** A server that is still running when its time to become ready is over. */
export class NotReady extends Error {}

/**
 * Asks `isReady` until it says true; throws when the server ends first, or a `NotReady` when the time is over. A probe that
 * throws counts as not ready.
 */
export async function waitUntilReady(
  child: Child,
  isReady: () => Promise<boolean>,
  options: { name: string; timeoutMs: number },
): Promise<void> {
  const giveUpAt = Date.now() + options.timeoutMs
  while (child.isRunning()) {
    if (await isReady().catch(() => false)) return
    if (Date.now() > giveUpAt) {
      await child.kill()
      throw new NotReady(
        `${options.name} was not ready after ${options.timeoutMs / 1000} s; ${await child.ended}`,
      )
    }
    await sleep(50)
  }
  throw new Error(`${options.name} did not start: ${await child.ended}`)
}

function endOf(logFile: string): string {
  if (!existsSync(logFile)) return `(${logFile} was removed)`
  return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-20).join('\n')
}

function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pid, signal)
  } catch {
    return false
  }
}

async function until(condition: () => boolean, timeoutMs: number): Promise<void> {
  for (let waited = 0; waited < timeoutMs && !condition(); waited += 20) await sleep(20)
}
