import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { Call } from '../../../demo/services/label-studio-api.ts'
import { evaluateInOnePass, inShort, type OnePassOptions } from './one-pass.ts'
import type { RunningService } from './service.ts'

/**
 * Waits until the service's evaluation equals the one computed from Label Studio, which is read meanwhile.
 * Fails with the difference when it does not within `withinMs` of the call.
 *
 * @returns after how many ms it did
 */
export async function evaluationBecomesEqual(
  service: RunningService,
  labelStudio: Call,
  project: number,
  options: OnePassOptions & { withinMs?: number },
): Promise<number> {
  const { withinMs = 1_000 } = options
  const start = performance.now()
  const seen: { at: number; evaluation: unknown }[] = []
  let expected: string | null = null
  const computing = evaluateInOnePass(labelStudio, project, options).then((evaluation) => {
    expected = JSON.stringify(evaluation)
    return evaluation
  })
  const sameAt = () => {
    const last = seen.findLastIndex(({ evaluation }) => JSON.stringify(evaluation) !== expected)
    return seen[last + 1]?.at
  }
  while (performance.now() - start < withinMs) {
    const evaluation = inShort(await service.evaluation(project), options)
    seen.push({ at: performance.now() - start, evaluation })
    if (expected !== null && sameAt() !== undefined) break
    await sleep(25)
  }
  const evaluation = await computing
  expect(seen.at(-1)?.evaluation).toEqual(evaluation)
  return sameAt() as number
}
