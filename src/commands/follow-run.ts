import { setTimeout as delay } from 'node:timers/promises'
import type { Run } from '../contract/types.ts'
import { type Api, ServiceError } from './api.ts'
import type { RunDisplay } from './run-progress.ts'

/** How long the service may be away, e.g. while it is started again; the run goes on after that. */
const OUTAGE_MS = 60_000

export interface Following {
  display: RunDisplay
  /** When to give up, in seconds from now; null is never. */
  waitS: number | null
  signal: AbortSignal
  intervalMs?: number
  outageMs?: number
}

/**
 * Looks at a run until it is over, the time is, or the signal is aborted. @returns the run as last seen
 * Throws a ServiceError when the service refuses, or stays away for too long.
 */
export async function followRun(
  api: Api,
  started: Run,
  { display, waitS, signal, intervalMs = 250, outageMs = OUTAGE_MS }: Following,
): Promise<Run> {
  const deadline = waitS === null ? Number.POSITIVE_INFINITY : performance.now() + waitS * 1000
  let run = started
  let said: string | null = null
  let awaySince: number | null = null
  display.show(run)
  while (!isOver(run) && !signal.aborted && performance.now() < deadline) {
    await delay(Math.min(intervalMs, deadline - performance.now()), undefined, { signal }).catch(() => {})
    try {
      run = await api.get<Run>(`/runs/${run.id}`)
      awaySince = null
      display.show(run)
      // Such as an attempt that failed and is made again.
      if (run.message !== said && run.message && !isOver(run)) display.say(run.message)
      said = run.message
    } catch (error) {
      if (signal.aborted) break
      if (!(error instanceof ServiceError && isOutage(error))) throw error
      if (awaySince === null) display.say('The service does not answer; the run goes on when it is back.')
      awaySince ??= performance.now()
      if (performance.now() - awaySince > outageMs) throw error
    }
  }
  return run
}

export function isOver({ status }: Run): boolean {
  return status === 'ready' || status === 'failed' || status === 'cancelled'
}

function isOutage({ status }: ServiceError): boolean {
  return status === null || status >= 500
}
