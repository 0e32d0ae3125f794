import { fileURLToPath } from 'node:url'
import { type Child, startChild, waitUntilReady } from './child.ts'

/** The program with all commands. */
export const cli = fileURLToPath(new URL('../../bin/label-studio-monitor.mjs', import.meta.url))

/** Stopping in order takes a second; a run that is under way gets more. */
const STOP_MS = 20_000

export type ServiceProcess = {
  url: string
  pid: number
  logFile: string
  /** When it can be used; rejects when it ends first. */
  ready: Promise<void>
  ended: Child['ended']
  /** SIGTERM: it stops its jobs and its database. */
  stop(): Promise<void>
}

/**
 * Starts `label-studio-monitor serve` on the loopback interface, with nothing but `env` set. When this process is
 * killed, the service still ends in order.
 */
export function startServiceProcess(options: {
  port: number
  env: Record<string, string>
  cwd: string
  logFile: string
}): ServiceProcess {
  const { PATH = '', HOME = '' } = process.env
  const child = startChild({
    command: process.execPath,
    args: [cli, 'serve'],
    env: { PATH, HOME, PORT: String(options.port), ...options.env },
    cwd: options.cwd,
    logFile: options.logFile,
    graceS: STOP_MS / 1000,
  })
  const url = `http://127.0.0.1:${options.port}`
  const isReady = async () => (await fetch(`${url}/ready`)).ok
  return {
    url,
    pid: child.pid,
    logFile: options.logFile,
    ready: waitUntilReady(child, isReady, { name: 'The service', timeoutMs: 60_000 }),
    ended: child.ended,
    stop: () => child.stop(STOP_MS),
  }
}
