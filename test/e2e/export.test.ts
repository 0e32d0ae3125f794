import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createReviewer } from '../../demo/services/reviewer.ts'
import { sampleLogs } from '../../demo/services/sample-logs.ts'
import type { Evaluation } from '../../src/contract/types.ts'
import { type Rig, startRig } from './rig/rig.ts'
import { type RunningService, startService } from './support/service.ts'

const CONFIG =
  '<View><Text name="question" value="$question"/><TextArea name="answer" toName="question"/></View>'
const REVIEWS = 9

let rig: Rig
let service: RunningService
let project: number
beforeAll(async () => {
  rig = await startRig()
  service = await startService(rig, { dataDir: join(rig.dir, 'service') })
  await rig.s3.createBucket('logs')
  const versions = [
    { name: 'v1', errorRate: 0 },
    { name: 'v2', errorRate: 0.5 },
  ]
  await rig.s3.putObjects('logs', sampleLogs({ days: 3, perDay: 30, versions, seed: 1, today: '2024-11-13' }))
  await service.call('POST', '/monitors', {
    name: 'qa',
    source: {
      type: 's3',
      bucket: 'logs',
      key_pattern: 'qalogs_{MM}:{DD}:{YY}.txt',
      credentials: { access_key_id: rig.s3.accessKeyId, secret_access_key: rig.s3.secretAccessKey },
    },
    labeling: { config: CONFIG },
    sample: { total: REVIEWS, where: 'model_version = "v2" and confidence_level < 0.95' },
  })
  const run = await service.run({
    monitor: 'qa',
    from: '2024-11-11',
    to: '2024-11-13',
    seed: 1,
    force: false,
  })
  project = run.project?.id as number
  await review()
})
afterAll(async () => {
  await service?.stop()
  await rig?.stop()
})

/** Every third task is corrected, one of them after somebody skipped it. */
async function review(): Promise<void> {
  const reviewer = createReviewer(rig.call)
  for (let count = 0; count < REVIEWS; count++) {
    const task = await reviewer.next(project)
    if (!task) throw new Error(`the label stream ended after ${count} of ${REVIEWS} tasks`)
    if (count === 3) await reviewer.skip(task.id)
    if (count % 3 === 0) {
      await reviewer.edit(task.id, (regions) =>
        regions.map((region) => ({ ...region, value: { text: [`Better: ${count}`] } })),
      )
    } else await reviewer.accept(task.id)
  }
  for (let look = 0; look < 50 && (await service.evaluation(project)).coverage.reviewed < REVIEWS; look++)
    await sleep(100)
}

async function exported(format: string) {
  const response = await fetch(`${service.url}/evaluations/${project}/export?format=${format}`)
  expect(response.status).toBe(200)
  return (await response.text())
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

test('a filter leaves only the records that it lets through', async () => {
  const tasks = await exported('label-studio')
  expect(tasks).toHaveLength(REVIEWS)
  for (const { predictions } of tasks) {
    expect(predictions[0].model_version).toBe('v2')
    expect(predictions[0].score).toBeLessThan(0.95)
  }
})

test('corrections are exported as preferences', async () => {
  const pairs = await exported('preference')
  expect(pairs).toHaveLength(REVIEWS / 3)
  for (const { chosen, rejected } of pairs) {
    expect(chosen).toMatch(/^Better: /)
    expect(rejected).not.toMatch(/^Better: /)
  }
})

test('Label Studio imports what was exported, and it is evaluated to the same numbers', async () => {
  const copy = await rig.call<{ id: number }>('POST', '/api/projects', {
    title: 'Copy',
    label_config: CONFIG,
  })
  await rig.call('POST', `/api/projects/${copy.id}/import`, await exported('label-studio'))
  await service.call('POST', `/evaluations/${copy.id}/reconcile`)
  const inShort = ({ change_rate, similarity, controls, by_model_version, seed_metric }: Evaluation) => {
    const { weighted: _, ...rate } = change_rate
    return { rate, similarity, controls, by_model_version, seed_metric }
  }
  const before = inShort(await service.evaluation(project))
  expect(before.rate).toMatchObject({ changed: REVIEWS / 3, reviewed: REVIEWS })
  expect(inShort(await service.evaluation(copy.id))).toEqual(before)
})
