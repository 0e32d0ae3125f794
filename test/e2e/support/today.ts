import { setTimeout as sleep } from 'node:timers/promises'

/** Today in UTC, with enough left of it that a run begun now has the same. */
export async function todayForAMinute(): Promise<string> {
  const left = 86_400_000 - (Date.now() % 86_400_000)
  if (left < 60_000) await sleep(left + 100)
  return new Date().toISOString().slice(0, 10)
}
