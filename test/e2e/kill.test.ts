import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../../demo/services/ports.ts'
import type { Run } from '../../src/contract/types.ts'
import { type Rig, startRig } from './rig/rig.ts'
import { expectedSample } from './support/expected-sample.ts'
import {
  isImport,
  isProjectCreation,
  isWebhookCreation,
  type LabelStudioProxy,
  startLabelStudioProxy,
} from './support/label-studio-proxy.ts'
import { type LogObject, logObject, REVIEW_CONFIG, record } from './support/logs.ts'
import { predictionsOf } from './support/own-project.ts'
import { putObjects } from './support/put-objects.ts'
import { generator } from './support/random.ts'
import { launchService, type RunningService, type ServiceOptions } from './support/service.ts'

const KILLS = 20
const DAYS = [
  '2024-11-06',
  '2024-11-07',
  '2024-11-08',
  '2024-11-09',
  '2024-11-10',
  '2024-11-11',
  '2024-11-12',
]
const RECORDS_A_DAY = 20_000
/** Seed of the moments; another number gives another course of events. */
const MOMENTS = Number(process.env.E2E_KILL_SEED ?? 1)
/** From when the service answers to when it is killed, at most, and so much more each time: the run is to get on. */
const LONGER_LIFE_MS = 250
/** A machine on which the first start takes longer gets more time for everything. */
const USUAL_START_MS = 2_500
const UNDER_WAY: Run['status'][] = ['queued', 'scanning', 'importing']

let rig: Rig
let service: RunningService
let logs: LogObject[]
beforeAll(async () => {
  rig = await startRig()
  logs = sevenDays()
  await rig.s3.createBucket('logs')
  await putObjects(rig.s3, 'logs', logs)
})
afterAll(() => rig?.stop())

describe('a run that is killed', () => {
  let proxy: LabelStudioProxy
  let options: ServiceOptions
  beforeAll(async () => {
    proxy = await startLabelStudioProxy(rig.labelStudio.url)
    options = {
      dataDir: join(rig.dir, 'pinpoint'),
      port: await freePort(),
      env: { LABEL_STUDIO_URL: proxy.url },
    }
    service = await launchService(rig, options)
  })
  afterAll(async () => {
    await service?.stop()
    await proxy?.stop()
  })

  test.each([
    ['before Label Studio is asked for the project', 'before', isProjectCreation],
    ['when Label Studio has made the project, before it hears so', 'after', isProjectCreation],
    ['before Label Studio gets the tasks', 'before', isImport],
    ['when Label Studio has the tasks, before it hears so', 'after', isImport],
    ['when Label Studio has the webhook, before it hears so', 'after', isWebhookCreation],
  ] as const)('%s ends as if nothing had happened', async (sentence, moment, isMeant) => {
    const wanted: Wanted = { days: DAYS.slice(-1), total: 50, seed: sentence.length }
    const struck = proxy.once(moment, isMeant, () => service.kill())
    const { id } = await startRun(wanted)
    await struck
    service = await launchService(rig, options)
    await service.ready
    const run = await service.runThat(id, ({ status }) => !UNDER_WAY.includes(status), 120_000)
    await expectAsIfNothingHadHappened(run, wanted)
  })

  test('when Label Studio gets to the tasks only after they were sent again ends as if nothing had happened', async () => {
    const wanted: Wanted = { days: DAYS.slice(-1), total: 50, seed: 1 }
    const held = proxy.hold(isImport, () => service.kill())
    const { id } = await startRun(wanted)
    const arrive = await held
    service = await launchService(rig, options)
    await service.ready
    await service.runThat(id, ({ progress }) => progress.tasks_imported === wanted.total, 60_000)
    await arrive()
    const run = await service.runThat(id, ({ status }) => !UNDER_WAY.includes(status), 120_000)
    await expectAsIfNothingHadHappened(run, wanted)
  })
})

test(`a run that is killed ${KILLS} times at random moments ends as if nothing had happened`, async () => {
  const wanted: Wanted = { days: DAYS, total: 2_500, seed: 99 }
  const options = { dataDir: join(rig.dir, 'random'), port: await freePort() }
  const start = () => launchService(rig, options)
  const launched = performance.now()
  service = await start()
  try {
    await service.ready
    const pace = Math.min(3, Math.max(1, (performance.now() - launched) / USUAL_START_MS))
    const { id } = await startRun(wanted)
    const begun = performance.now()
    const random = generator(MOMENTS)
    const course: string[] = []
    for (let kill = 1; kill <= KILLS; kill++) {
      const life = random()
      const watch = watchRun(service, id)
      // Every fifth dies before it answers.
      if (kill % 5 === 0) await sleep(life * USUAL_START_MS * pace)
      else {
        await service.ready
        await sleep(life * kill * LONGER_LIFE_MS * pace)
      }
      course.push(`${String(kill).padStart(2)}  ${watch.stop()}`)
      await service.kill()
      service = await start()
    }
    const killed = performance.now()
    await service.ready
    const run = await service.runThat(id, ({ status }) => !UNDER_WAY.includes(status), 120_000)
    const seconds = [killed, performance.now()].map((at) => Math.round((at - begun) / 1000))
    console.log(`E2E_KILL_SEED=${MOMENTS}; the run when it was killed:\n${course.join('\n')}`)
    console.log(`${KILLS} kills in ${seconds[0]} s, ready after ${seconds[1]} s`)
    await expectAsIfNothingHadHappened(run, wanted)
    expect(course.some((line) => line.includes('scanning'))).toBe(true)
    expect(course.some((line) => line.includes('importing'))).toBe(true)
  } finally {
    await service.stop()
  }
}, 600_000)

interface Wanted {
  days: string[]
  total: number
  /** Of the sample; another for each run. */
  seed: number
}

async function startRun({ days, total, seed }: Wanted): Promise<Run> {
  await service.ready
  await service.call('POST', '/monitors', {
    name: `killed-${seed}`,
    title: `Killed ${seed}`,
    source: {
      type: 's3',
      bucket: 'logs',
      key_pattern: 'qalogs_{MM}:{DD}:{YY}.txt',
      credentials: { access_key_id: rig.s3.accessKeyId, secret_access_key: rig.s3.secretAccessKey },
    },
    sample: { total },
    labeling: { config: REVIEW_CONFIG },
    notify: { emails: [`killed-${seed}@example.org`] },
  })
  return service.call('POST', '/runs', { monitor: `killed-${seed}`, seed, from: days[0], to: days.at(-1) })
}

/** One project with exactly the expected tasks, each with one prediction; one webhook, one e-mail. */
async function expectAsIfNothingHadHappened(run: Run, { days, total, seed }: Wanted): Promise<void> {
  const counted = logs.filter(({ records }) => days.includes(records[0]?.date as string))
  const expected = expectedSample(counted, { bucket: 'logs', seed, total })
  expect(run).toMatchObject({
    status: 'ready',
    error: null,
    strata: expected.strata,
    progress: { tasks_total: total, tasks_imported: total },
  })
  const { results } = await rig.call<{ results: { id: number; description: string }[] }>(
    'GET',
    '/api/projects?page_size=100',
  )
  const own = results.filter(({ description }) => description.includes(run.id)).map(({ id }) => id)
  expect(own).toEqual([run.project?.id])

  const project = run.project?.id as number
  const tasks = await tasksIn(project)
  expect(tasks.map(({ data }) => data)).toEqual(expected.tasks.map(({ task }) => task.data))
  const predictions = await predictionsOf(rig.call, project)
  expect(predictions.map(({ task }) => task)).toEqual(tasks.map(({ id }) => id))
  expect(
    predictions.map(({ result }) =>
      Object.fromEntries(result.map((region) => [region.from_name, region.value])),
    ),
  ).toEqual(expected.tasks.map(({ task }) => task.prediction))

  expect(await rig.call('GET', `/api/webhooks/?project=${project}`)).toHaveLength(1)
  expect((await service.evaluation(project)).coverage.tasks).toBe(total)
  await service.runThat(run.id, ({ notifications }) => notifications[0]?.state === 'sent', 10_000)
  const mails = rig.smtp.messages.filter(({ recipients }) =>
    recipients.includes(`killed-${seed}@example.org`),
  )
  expect(mails.map(({ subject }) => subject)).toEqual([expect.stringContaining('Ready')])
}

async function tasksIn(project: number) {
  const tasks: { id: number; data: object }[] = []
  for (let page = 1, total = 1; tasks.length < total; page++) {
    const answer = await rig.call<{ total: number; tasks: typeof tasks }>(
      'GET',
      `/api/tasks?project=${project}&include=id,data&page_size=1000&page=${page}`,
    )
    total = answer.total
    tasks.push(...answer.tasks)
  }
  return tasks.sort((a, b) => a.id - b.id)
}

function sevenDays(): LogObject[] {
  return DAYS.map((date, day) => {
    const [year = '', month, dayOfMonth] = date.split('-')
    const pieces = Array.from({ length: RECORDS_A_DAY }, (_, index) =>
      record(day * RECORDS_A_DAY + index, date, `v${1 + (index % 2)}`),
    )
    return logObject(`qalogs_${month}:${dayOfMonth}:${year.slice(2)}.txt`, pieces)
  })
}

/** Keeps how long the service has lived, and where its run was seen last. */
function watchRun({ call }: RunningService, id: string): { stop(): string } {
  const begun = performance.now()
  let seen = 'not up yet'
  let stopped = false
  const look = async () => {
    while (!stopped) {
      const run = await call<Run>('GET', `/runs/${id}`).catch(() => null)
      if (run && !stopped) seen = whereItStands(run)
      await sleep(50)
    }
  }
  void look()
  return {
    stop() {
      stopped = true
      return `after ${String(Math.round(performance.now() - begun)).padStart(4)} ms: ${seen}`
    },
  }
}

function whereItStands({ status, progress, project, webhook }: Run): string {
  const made = [project && 'project', webhook && 'webhook'].filter(Boolean).join(', ') || 'nothing'
  return `${status}, ${progress.records_seen} records, ${progress.tasks_imported} tasks, made: ${made}`
}
