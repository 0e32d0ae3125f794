import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createReviewer } from '../../demo/services/reviewer.ts'
import type { Reconciliation, Run } from '../../src/contract/types.ts'
import { type Rig, startRig } from './rig/rig.ts'
import { evaluationBecomesEqual } from './support/becomes-equal.ts'
import { isImport, type LabelStudioProxy, startLabelStudioProxy } from './support/label-studio-proxy.ts'
import { logObject, record } from './support/logs.ts'
import { importTasks, makeProject, registerWebhook } from './support/own-project.ts'
import { putObjects } from './support/put-objects.ts'
import { withText } from './support/reviews.ts'
import { type RunningService, startService } from './support/service.ts'
import { putSmallLogs, SMALL, smallMonitor } from './support/small-monitor.ts'

const MANY = 5_000
const DAY = '2024-11-12'
const TIMES = 9

let rig: Rig
let proxy: LabelStudioProxy
let service: RunningService
beforeAll(async () => {
  rig = await startRig()
  await putSmallLogs(rig)
  proxy = await startLabelStudioProxy(rig.labelStudio.url)
  service = await startService(rig, {
    dataDir: join(rig.dir, 'reconcile'),
    env: { LABEL_STUDIO_URL: proxy.url, RECONCILE_INTERVAL: '0' },
  })
})
afterAll(async () => {
  await service?.stop()
  await proxy?.stop()
  await rig?.stop()
})

const reconcile = (project: number) =>
  service.call<Reconciliation>('POST', `/evaluations/${project}/reconcile`)
const smallRun = async (name: string): Promise<Run> => {
  await service.call('POST', '/monitors', smallMonitor(rig, name))
  return service.run({ monitor: name, from: SMALL.from, to: SMALL.to, force: false })
}
interface Hook {
  id: number
  url: string
  headers: object
  actions: string[]
  is_active: boolean
}
const hooksOf = (project: number) => rig.call<Hook[]>('GET', `/api/webhooks/?project=${project}`)

describe('the webhook of a run’s project', () => {
  let run: Run
  let project: number
  let registered: Hook
  // Label Studio takes actions that are not named away.
  const patch = (fields: object) =>
    rig.call('PATCH', `/api/webhooks/${registered.id}/`, { actions: registered.actions, ...fields })
  beforeAll(async () => {
    run = await smallRun('webhook')
    project = run.project?.id as number
    ;[registered] = (await hooksOf(project)) as [Hook]
  })

  test.each<[sentence: string, act: () => Promise<unknown>, repaired: string[]]>([
    ['is left alone where nothing is wrong with it', async () => {}, []],
    ['that was switched off is switched on', () => patch({ is_active: false }), ['switched_on']],
    ['gets its URL back', () => patch({ url: 'http://127.0.0.1:9/elsewhere' }), ['corrected']],
    ['gets its headers back', () => patch({ headers: {} }), ['corrected']],
    ['gets its actions back', () => patch({ actions: ['TASKS_CREATED'] }), ['corrected']],
    [
      'that was deleted is registered again',
      () => rig.call('DELETE', `/api/webhooks/${registered.id}/`),
      ['registered'],
    ],
    [
      'that is there twice is there once',
      () => {
        const { id: _, ...fields } = registered
        return rig.call('POST', '/api/webhooks/', { ...fields, project })
      },
      ['double_removed'],
    ],
  ])('%s', async (_sentence, act, repaired) => {
    await act()
    const report = await reconcile(project)
    expect(report.webhook).toEqual({ active: true, repaired, problem: null })
    expect(report.differed).toBe(repaired.length > 0)
    const hooks = await hooksOf(project)
    const shown = ({ url, headers, actions, is_active }: Hook) => ({ url, headers, actions, is_active })
    expect(hooks.map(shown)).toEqual([shown(registered)])
    registered = hooks[0] as Hook
  })

  test('tells of reviews again', async () => {
    const reviewer = createReviewer(rig.call)
    await reviewer.edit((await reviewer.next(project))?.id as number, withText('Heard again.'))
    await evaluationBecomesEqual(service, rig.call, project, {
      controls: { answer: 'textarea', topics: 'choices', stars: 'rating' },
      strata: run.strata,
    })
  })
})

test('a webhook that somebody registered is told of when it is switched off, and not touched', async () => {
  const project = await makeProject(rig.call, 'By hand', '<View><Text name="q" value="$q"/></View>')
  await importTasks(rig.call, project, [{ data: { q: 'x' } }])
  await registerWebhook(rig.call, project, service)
  expect((await reconcile(project)).webhook).toEqual({ active: true, repaired: [], problem: null })
  const [hook] = (await hooksOf(project)) as [Hook]
  await rig.call('PATCH', `/api/webhooks/${hook.id}/`, { is_active: false })
  expect((await reconcile(project)).webhook).toEqual({ active: false, repaired: [], problem: null })
  expect((await service.evaluation(project)).freshness.webhook_active).toBe(false)
  expect(await hooksOf(project)).toMatchObject([{ id: hook.id, is_active: false }])
})

test('tasks with the ids of those of a deleted project are other tasks', async () => {
  const first = await smallRun('reused')
  const ids = async (project: number) => {
    const { items } = await service.call<{ items: { task: number }[] }>(
      'GET',
      `/evaluations/${project}/tasks?limit=100`,
    )
    return items.map(({ task }) => task)
  }
  const reviewer = createReviewer(rig.call)
  const review = async (project: number, text: string) => {
    for (let task = await reviewer.next(project); task; task = await reviewer.next(project)) {
      await reviewer.edit(task.id, withText(text))
    }
    await reconcile(project)
  }
  const project = first.project?.id as number
  await review(project, 'Of the first.')
  const before = await service.evaluation(project)
  await rig.call('DELETE', `/api/projects/${project}`)

  const again = await service.run({ monitor: 'reused', from: SMALL.from, to: SMALL.to, force: true })
  const other = again.project?.id as number
  expect(other).not.toBe(project)
  expect((await service.evaluation(other)).coverage).toMatchObject({ tasks: SMALL.total, reviewed: 0 })
  await review(other, 'Of the second.')
  expect(await ids(other)).toEqual(await ids(project)) // Label Studio on SQLite gave them away again.
  await evaluationBecomesEqual(service, rig.call, other, {
    controls: { answer: 'textarea', topics: 'choices', stars: 'rating' },
    strata: again.strata,
  })
  // The deleted project keeps its last numbers.
  const { coverage, change_rate } = await service.evaluation(project)
  expect({ coverage, change_rate }).toEqual({ coverage: before.coverage, change_rate: before.change_rate })
})

test('a run whose project was deleted says so when it is tried again, and a new one can be started', async () => {
  await service.call('POST', '/monitors', smallMonitor(rig, 'deleted'))
  // Cancelled in the middle of its import.
  let id = ''
  const struck = proxy.once('before', isImport, async () => {
    await service.call('POST', `/runs/${id}/cancel`)
  })
  const wanted = { monitor: 'deleted', from: SMALL.from, to: SMALL.to }
  ;({ id } = await service.call<Run>('POST', '/runs', wanted))
  await struck
  const { project } = await service.runThat(id, ({ status }) => status === 'cancelled', 10_000)
  await rig.call('DELETE', `/api/projects/${project?.id}`)
  await service.call('POST', `/runs/${id}/retry`)
  const failed = await service.runThat(id, ({ status }) => status === 'failed', 60_000)
  expect(failed.error).toMatch(/has no project \d+ any more.*start a new run for the same window/)
  expect(await service.run({ ...wanted, force: false })).toMatchObject({ status: 'ready' })
})

test(`a project of ${MANY} tasks in which nothing changed costs three calls`, async () => {
  const records = Array.from({ length: MANY }, (_, n) => record(n, DAY, 'v1'))
  await rig.s3.createBucket('large')
  await putObjects(rig.s3, 'large', [logObject('qalogs_11:12:24.txt', records)])
  await service.call('POST', '/monitors', smallMonitor(rig, 'large', { bucket: 'large' }))
  const begun = performance.now()
  const run = await service.run({ monitor: 'large', from: DAY, to: DAY, total: MANY, force: false })
  const seconds = (performance.now() - begun) / 1000
  expect(run).toMatchObject({ status: 'ready', progress: { tasks_imported: MANY } })
  // Everything that a run imports is known to it.
  expect(proxy.calls.filter((call) => call.includes('fields=all') && isOf(call, run))).toEqual([])

  const project = run.project?.id as number
  // Tasks that changed in the last seconds are listed again, because an edit becomes visible only after its time.
  do {
    proxy.calls.length = 0
    await reconcile(project)
  } while (proxy.calls.length > 3)
  proxy.calls.length = 0
  const times: number[] = []
  for (let time = 0; time < TIMES; time++) {
    const start = performance.now()
    expect(await reconcile(project)).toMatchObject({ differed: false, webhook: { active: true } })
    times.push(Math.round(performance.now() - start))
  }
  const own = proxy.calls.filter((call) => isOf(call, run))
  expect(own).toHaveLength(3 * TIMES)
  times.sort((a, b) => a - b)
  console.log(
    `${MANY} tasks, nothing changed: reconciled in ${times[TIMES >> 1]} ms (median of ${TIMES}), at most ${times.at(-1)} ms; the run took ${seconds.toFixed(1)} s, import and first reconciliation included`,
  )
})

function isOf(call: string, run: Run): boolean {
  return new RegExp(`project=${run.project?.id}\\b|/api/projects/${run.project?.id}\\b`).test(call)
}
