import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createUser, labelStudioApi } from '../../demo/services/label-studio-api.ts'
import { freePort } from '../../demo/services/ports.ts'
import { createReviewer } from '../../demo/services/reviewer.ts'
import type { Reconciliation } from '../../src/contract/types.ts'
import { cli } from '../commands/io.ts'
import { type Rig, startRig } from './rig/rig.ts'
import { tasksOf } from './support/label-studio-tasks.ts'
import { logObject, REVIEW_CONFIG, record } from './support/logs.ts'
import { evaluateInOnePass, inShort, type OnePassOptions } from './support/one-pass.ts'
import { importTasks, makeProject } from './support/own-project.ts'
import { putObjects } from './support/put-objects.ts'
import { generator } from './support/random.ts'
import { DEEDS, type Place, withText } from './support/reviews.ts'
import { type RunningService, startService, WEBHOOK_SECRET } from './support/service.ts'
import { smallMonitor } from './support/small-monitor.ts'
import { startWebhookProxy, type WebhookProxy } from './support/webhook-proxy.ts'

/** Another number gives other faults. */
const SEED = Number(process.env.E2E_FAULT_SEED ?? 1)
const RATES = { lost: 0.3, doubled: 0.3, delayed: 0.3, reordered: 0.3 }
const DAY = '2024-11-12'
const ROUNDS = 3
/** One task for each deed, and some for those that come twice. */
const TOTAL = ROUNDS * DEEDS.length + 10
const AT_ONCE = 3

let rig: Rig
let service: RunningService
let proxy: WebhookProxy
let second: Place['second']
const random = generator(SEED)

beforeAll(async () => {
  rig = await startRig()
  const port = await freePort()
  proxy = await startWebhookProxy(`http://127.0.0.1:${port}`, { rates: RATES, random })
  service = await startService(rig, {
    dataDir: join(rig.dir, 'equality'),
    port,
    // Nothing is repaired but on demand.
    env: { PUBLIC_URL: proxy.url, RECONCILE_INTERVAL: '0' },
  })
  const user = await createUser(rig.labelStudio, 'second@example.com')
  second = createReviewer(labelStudioApi(rig.labelStudio.url, user.token), 8.4)
})
afterAll(async () => {
  await service?.stop()
  await proxy?.stop()
  await rig?.stop()
})

test('the project of a run', async () => {
  const records = Array.from({ length: 2 * TOTAL }, (_, n) => record(n, DAY, `v${1 + (n % 2)}`))
  await rig.s3.createBucket('many')
  await putObjects(rig.s3, 'many', [logObject('qalogs_11:12:24.txt', records)])
  await service.call('POST', '/monitors', smallMonitor(rig, 'many', { bucket: 'many' }))
  const run = await service.run({ monitor: 'many', from: DAY, to: DAY, total: TOTAL, force: false })
  expect(run).toMatchObject({ status: 'ready', webhook: { registered: true } })
  await expectEqualAfterFaults(run.project?.id as number, {
    controls: { answer: 'textarea', topics: 'choices', stars: 'rating' },
    strata: run.strata,
  })
})

test('a project that the service did not make, with predictions of two versions', async () => {
  const project = await makeProject(rig.call, 'By hand', REVIEW_CONFIG)
  const region = (from_name: string, type: string, value: object) => ({
    ...{ id: `${from_name}-region`, from_name, to_name: 'question', type, value },
  })
  const predicted = (n: number, model_version: string) => ({
    model_version,
    result: [
      region('answer', 'textarea', { text: [`Café ${n} of ${model_version}.`] }),
      region('topics', 'choices', { choices: ['history'] }),
    ],
  })
  await importTasks(
    rig.call,
    project,
    Array.from({ length: TOTAL }, (_, n) => ({
      data: { question: `Question ${n}?`, request_id: `${n}` },
      predictions: [predicted(n, 'new'), predicted(n, 'old')].slice(n % 2),
    })),
  )
  await rig.call('PATCH', `/api/projects/${project}`, { model_version: 'old' })
  await rig.call('POST', '/api/webhooks/', {
    ...{ project, url: `${proxy.url}/webhook?token=${WEBHOOK_SECRET}`, send_payload: true },
    ...{ send_for_all_actions: true },
  })
  await expectEqualAfterFaults(project, { controls: { answer: 'textarea', topics: 'choices' } })
})

/** Has reviewers do everything that they can, in a random order and several at once; then one reconciliation. */
async function expectEqualAfterFaults(project: number, options: OnePassOptions): Promise<void> {
  const before = { ...proxy.faults }
  const place: Place = { project, call: rig.call, admin: createReviewer(rig.call, 5), second }
  const tasks = (await tasksOf(rig.call, project)).map(({ id }) => id)
  const deeds = Array.from({ length: ROUNDS }, () => DEEDS).flat()
  const inOrder = deeds.map((deed) => ({ deed, at: random() })).sort((a, b) => a.at - b.at)
  const workers = Array.from({ length: AT_ONCE }, async () => {
    for (let next = inOrder.pop(); next; next = inOrder.pop())
      await next.deed[1](tasks.pop() as number, place)
  })
  await Promise.all(workers)
  await changeWithoutAWord(place)
  await rig.call('PATCH', `/api/projects/${project}`, { title: 'Renamed', description: 'x' })
  await proxy.settle()
  await sleep(2_000) // What events gave reason to ask for is read.

  const expected = await evaluateInOnePass(rig.call, project, options)
  const drifted = inShort(await service.evaluation(project), options)
  const report = await service.call<Reconciliation>('POST', `/evaluations/${project}/reconcile`)
  expect(inShort(await service.evaluation(project), options)).toEqual(expected)
  // Else the faults had been none.
  expect(drifted).not.toEqual(expected)
  expect(report).toMatchObject({ differed: true, webhook: { active: true, repaired: [] } })
  const again = await service.call<Reconciliation>('POST', `/evaluations/${project}/reconcile`)
  expect(again.differed).toBe(false)

  const audit = await cli('doctor --audit --json', { env: { DATA_DIR: service.dataDir } })
  expect(JSON.parse(audit.stdout)).toMatchObject({ ok: true, differences: [] })
  const { annotations } = JSON.parse(audit.stdout)
  const faults = Object.entries(proxy.faults).map(
    ([fault, count]) => `${count - before[fault as keyof typeof before]} ${fault}`,
  )
  const repaired = [report.tasks, report.annotations, report.predictions].map((each) => Object.values(each))
  console.log(
    `E2E_FAULT_SEED=${SEED}: ${deeds.length} deeds, events ${faults.join(', ')}; one reconciliation repaired ${repaired.flat().reduce((a, b) => a + b)}; equal to one pass; the audit of ${annotations} annotations found no difference`,
  )
}

/** Of this Label Studio tells nothing, or only a part. */
async function changeWithoutAWord({ project, call, admin }: Place): Promise<void> {
  const tasks = await tasksOf(call, project)
  const [draft, edited, other] = tasks.filter(({ annotations }) => annotations.length === 1)
  await call('POST', `/api/annotations/${draft?.annotations[0]?.id}/convert-to-draft`)
  await admin.update(edited?.annotations[0]?.id as number, withText('The last word.'))
  await call('POST', `/api/predictions/`, {
    ...{ task: other?.id, model_version: 'newest', score: 0.5 },
    result: [
      {
        ...{ id: 'r', from_name: 'answer', to_name: 'question', type: 'textarea' },
        value: { text: ['Later.'] },
      },
    ],
  })
}
