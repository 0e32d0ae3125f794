import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from '../../demo/services/ports.ts'
import { createReviewer } from '../../demo/services/reviewer.ts'
import type { Run } from '../../src/contract/types.ts'
import { cli } from '../commands/io.ts'
import { type Rig, startRig } from './rig/rig.ts'
import { tasksOf } from './support/label-studio-tasks.ts'
import { logObject, record } from './support/logs.ts'
import { sendMarkedEvents, storedMarks } from './support/marked-events.ts'
import { evaluateInOnePass, inShort } from './support/one-pass.ts'
import { putObjects } from './support/put-objects.ts'
import { generator } from './support/random.ts'
import { withText } from './support/reviews.ts'
import { launchService, type RunningService } from './support/service.ts'
import { smallMonitor } from './support/small-monitor.ts'
import { startWebhookProxy, type WebhookProxy } from './support/webhook-proxy.ts'

const KILLS = Number(process.env.E2E_KILLS ?? 15)
/** Seed of the moments; another number gives another course of events. */
const MOMENTS = Number(process.env.E2E_KILL_SEED ?? 1)
const LONGEST_LIFE_MS = 2_500
const REVIEWED = 30
const DAY = '2024-11-12'
const RECORDS = 30_000
const TASKS = 2_000

let rig: Rig
let service: RunningService
let proxy: WebhookProxy
beforeAll(async () => {
  rig = await startRig()
  await rig.s3.createBucket('days')
  const records = Array.from({ length: RECORDS }, (_, n) => record(n, DAY, `v${1 + (n % 2)}`))
  await putObjects(rig.s3, 'days', [logObject('qalogs_11:12:24.txt', records)])
})
afterAll(async () => {
  await service?.stop()
  await proxy?.stop()
  await rig?.stop()
})

test(`${KILLS} kills while reviewers work, events come and a run goes on lose nothing and double nothing`, async () => {
  const port = await freePort()
  const random = generator(MOMENTS)
  const rates = { lost: 0, doubled: 0, delayed: 0, reordered: 0 }
  proxy = await startWebhookProxy(`http://127.0.0.1:${port}`, { rates, random })
  const options = { dataDir: join(rig.dir, 'killed'), port, env: { PUBLIC_URL: proxy.url } }
  const starts: number[] = []
  const start = async () => {
    const begun = performance.now()
    service = await launchService(rig, options)
    await service.ready
    starts.push(performance.now() - begun)
  }
  await start()
  await service.call('POST', '/monitors', smallMonitor(rig, 'days', { bucket: 'days' }))
  const window = { monitor: 'days', from: DAY, to: DAY }
  const reviewed = await service.run({ ...window, total: REVIEWED, force: false })
  expect(reviewed.status).toBe('ready')
  const project = reviewed.project?.id as number
  const { id } = await service.call<Run>('POST', '/runs', { ...window, total: TASKS, force: true })

  const reviewers = reviewUntilStopped(project)
  const events = sendMarkedEvents(service.url, () => {
    const body = proxy.acknowledged.at(-1)
    return body ? JSON.parse(body.toString()) : null
  })
  let underWay = 0
  for (let kill = 1; kill <= KILLS; kill++) {
    await sleep(random() * LONGEST_LIFE_MS)
    const { status } = await service.call<Run>('GET', `/runs/${id}`)
    if (status !== 'ready') underWay++
    await service.kill()
    await start()
  }
  const { reviews, refused } = await reviewers.stop()
  await events.stop()
  await proxy.settle()

  const run = await service.runThat(id, ({ status }) => ['ready', 'failed'].includes(status), 120_000)
  expect(run).toMatchObject({ status: 'ready', progress: { tasks_imported: TASKS } })
  await expectOneProject(run)
  const marks = await storedMarks({ dataDir: service.dataDir }, events.acknowledged)
  expect(marks).toMatchObject({ lost: [], doubled: [] })
  const strata = {
    controls: { answer: 'textarea', topics: 'choices', stars: 'rating' },
    strata: reviewed.strata,
  }
  await service.call('POST', `/evaluations/${project}/reconcile`)
  expect(inShort(await service.evaluation(project), strata)).toEqual(
    await evaluateInOnePass(rig.call, project, strata),
  )
  const audit = await cli('doctor --audit --json', { env: { DATA_DIR: service.dataDir } })
  expect(JSON.parse(audit.stdout)).toMatchObject({ ok: true, differences: [] })
  expect(underWay).toBeGreaterThan(0)
  expect(events.acknowledged.length).toBeGreaterThan(KILLS)
  expect(reviews).toBeGreaterThan(10 * refused)

  starts.sort((a, b) => a - b)
  const [median, most] = [starts[starts.length >> 1], starts.at(-1)].map((ms) =>
    ((ms ?? 0) / 1000).toFixed(1),
  )
  console.log(
    `E2E_KILL_SEED=${MOMENTS}: ${KILLS} kills, ${underWay} of them during a run; ${reviews} reviews in Label Studio, which refused ${refused} of them; ${events.acknowledged.length} events acknowledged, 0 lost, 0 twice (${marks.stored} stored); the run made one project of ${TASKS} tasks; start-up ${median} s (median), at most ${most} s`,
  )
}, 600_000)

/**
 * Two reviewers who review each task, and then change their minds. Where Label Studio's SQLite is locked by an import, it
 * answers 500, and they go on with something else.
 */
function reviewUntilStopped(project: number): { stop(): Promise<{ reviews: number; refused: number }> } {
  let stopped = false
  let reviews = 0
  let refused = 0
  const reviewer = createReviewer(rig.call)
  const work = async (own: number) => {
    const tasks = (await tasksOf(rig.call, project)).filter((_, index) => index % 2 === own)
    const made: number[] = []
    const review = async (turn: number) => {
      const task = tasks[turn]
      const text = withText(`Turn ${turn}.`)
      if (task) made.push((await reviewer.edit(task.id, text)).id)
      else if (turn % 7 === 3 && made.length > 5) await reviewer.remove(made.pop() as number)
      else await reviewer.update(made[turn % made.length] as number, text)
    }
    for (let turn = 0; !stopped; turn++) {
      try {
        await review(turn)
        reviews++
      } catch (error) {
        if (!/answered 500/.test(`${error}`)) throw error
        refused++
      }
    }
  }
  const working = Promise.all([work(0), work(1)])
  working.catch(() => {}) // Thrown where they are stopped.
  return {
    async stop() {
      stopped = true
      await working
      return { reviews, refused }
    },
  }
}

async function expectOneProject(run: Run): Promise<void> {
  const { results } = await rig.call<{ results: { id: number; description: string; task_number: number }[] }>(
    'GET',
    '/api/projects?page_size=100',
  )
  const own = results.filter(({ description }) => description.includes(run.id))
  expect(own.map((project) => [project.id, project.task_number])).toEqual([[run.project?.id, TASKS]])
  expect(await rig.call('GET', `/api/webhooks/?project=${run.project?.id}`)).toHaveLength(1)
}
