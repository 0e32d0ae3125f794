import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createPersonalAccessToken } from '../../demo/services/label-studio-api.ts'
import type { Run } from '../../src/contract/types.ts'
import { type Rig, startRig } from './rig/rig.ts'
import { type ExpectedSample, expectedSample } from './support/expected-sample.ts'
import {
  isImport,
  isProjectCreation,
  type LabelStudioProxy,
  startLabelStudioProxy,
} from './support/label-studio-proxy.ts'
import { tasksOf } from './support/label-studio-tasks.ts'
import { type RunningService, startService } from './support/service.ts'
import { putSmallLogs, SMALL, smallMonitor } from './support/small-monitor.ts'

const WINDOW = { from: SMALL.from, to: SMALL.to }

let rig: Rig
let expected: ExpectedSample
beforeAll(async () => {
  rig = await startRig()
  expected = expectedSample(await putSmallLogs(rig), SMALL)
})
afterAll(() => rig?.stop())

describe('a server that is away during a run', () => {
  let proxy: LabelStudioProxy
  let service: RunningService
  beforeAll(async () => {
    proxy = await startLabelStudioProxy(rig.labelStudio.url)
    service = await startService(rig, {
      dataDir: join(rig.dir, 'impatient'),
      program: 'impatient',
      env: { LABEL_STUDIO_URL: proxy.url },
    })
  })
  afterAll(async () => {
    await service?.stop()
    await proxy?.stop()
  })

  /** Starts a run that can't go on, and waits until the service gives up. */
  const runThatFails = async (name: string) => {
    const { id } = await startRun(service, name)
    await service.runThat(id, ({ message }) => /^Attempt \d of 4 failed, next in/.test(message ?? ''), 10_000)
    return service.runThat(id, ({ status }) => status === 'failed', 40_000)
  }
  const retry = async (run: Run) => {
    expect(await service.request('POST', `/runs/${run.id}/retry`)).toMatchObject({ status: 202 })
    return service.runThat(run.id, ({ status }) => status === 'ready', 60_000)
  }

  test('Label Studio: the run fails with what to mend, and a retry goes on', async () => {
    await proxy.stop()
    const failed = await runThatFails('label-studio-away')
    expect(failed.error).toMatch(new RegExp(`${proxy.url} did not answer .* check that it runs`))
    expect(failed).toMatchObject({ project: null, progress: { tasks_total: SMALL.total, tasks_imported: 0 } })
    await proxy.start()
    await expectProjectOf(await retry(failed))
    expect(await mailsTo('label-studio-away', 2)).toEqual([
      expect.stringMatching(/^Run failed/),
      expect.stringMatching(/^Ready/),
    ])
  })

  test('Label Studio in the middle of an import: a retry makes no task twice', async () => {
    const gone = proxy.once('after', isImport, () => proxy.stop())
    const failing = runThatFails('import-away')
    await gone
    const failed = await failing
    expect(failed.error).toContain('did not answer')
    expect(failed.project).not.toBeNull()
    await proxy.start()
    const ready = await retry(failed)
    expect(ready.project).toEqual(failed.project)
    await expectProjectOf(ready)
  })

  test('S3: the run fails with what to mend, and a retry goes on', async () => {
    await rig.s3.stop()
    const failed = await runThatFails('s3-away')
    expect(failed.error).toMatch(/bucket "small".*no answer.*check source\.endpoint/)
    await rig.restartS3()
    await expectProjectOf(await retry(failed))
    expect(await mailsTo('s3-away', 2)).toHaveLength(2)
  })

  test('SMTP: the run is ready all the same, shows it, and the mail comes when it can', async () => {
    await rig.smtp.stop()
    const { id } = await startRun(service, 'smtp-away')
    const ready = await service.runThat(id, ({ notifications }) => notifications[0]?.error != null, 30_000)
    expect(ready).toMatchObject({
      status: 'ready',
      error: null,
      notifications: [{ state: 'pending', error: expect.stringContaining('SMTP_URL') }],
    })
    const begun = performance.now()
    await rig.restartSmtp()
    const later = await service.runThat(id, ({ notifications }) => notifications[0]?.state === 'sent', 60_000)
    console.log(`the mail was sent ${Math.round((performance.now() - begun) / 1000)} s after SMTP was back`)
    expect(later.notifications).toMatchObject([{ state: 'sent', error: null }])
    expect(await mailsTo('smtp-away', 1)).toEqual([expect.stringMatching(/^Ready/)])
  })
})

describe('the service as users start it', () => {
  let service: RunningService
  let proxy: LabelStudioProxy
  let env: Record<string, string> = {}
  beforeEach(async () => {
    proxy = await startLabelStudioProxy(rig.labelStudio.url)
  })
  afterEach(async () => {
    await service?.stop()
    await proxy.stop()
  })
  const start = async (name: string) => {
    const settings = { LABEL_STUDIO_URL: proxy.url, ...env }
    env = {}
    service = await startService(rig, { dataDir: join(rig.dir, name), env: settings })
  }

  test('waits for a Label Studio that is away for a moment, and says so on the run', async () => {
    await start('patient')
    const gone = proxy.once('after', isProjectCreation, () => proxy.stop())
    const { id } = await startRun(service, 'patient')
    await gone
    const waiting = await service.runThat(id, ({ message }) => message !== null, 5_000)
    expect(waiting).toMatchObject({
      status: 'importing',
      message: expect.stringMatching(/^Attempt 1 of \d+ failed/),
    })
    await sleep(1_500)
    await proxy.start()
    const ready = await service.runThat(id, ({ status }) => status === 'ready', 60_000)
    expect(ready.message).toBeNull()
    await expectProjectOf(ready)
    expect(await mailsTo('patient', 1)).toHaveLength(1)
  })

  test('fails at once with a wrong Label Studio key, and tells so by mail', async () => {
    env = { LABEL_STUDIO_API_KEY: 'f'.repeat(40) }
    await start('wrong-key')
    const run = await finishedRun('wrong-key')
    expect(run).toMatchObject({ status: 'failed', project: null })
    expect(run.error).toContain('check LABEL_STUDIO_API_KEY')
    expect(await mailsTo('wrong-key', 1)).toEqual([expect.stringMatching(/^Run failed: wrong-key/)])
  })

  test('works with a personal access token, and tells when it was revoked', async () => {
    const LABEL_STUDIO_API_KEY = await createPersonalAccessToken(rig.call)
    env = { LABEL_STUDIO_API_KEY }
    await start('personal-token')
    await expectProjectOf(await finishedRun('personal-token'))

    await rig.call('POST', '/api/token/blacklist/', { refresh: LABEL_STUDIO_API_KEY })
    await service.stop()
    env = { LABEL_STUDIO_API_KEY }
    await start('personal-token')
    const run = await finishedRun('revoked-token')
    expect(run).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('check LABEL_STUDIO_API_KEY'),
    })
    expect(JSON.stringify(run)).not.toContain(LABEL_STUDIO_API_KEY)
  })

  test('is ready without a mail when the SMTP password is wrong, and says what to mend', async () => {
    env = { SMTP_URL: rig.smtp.url.replace('p%40ss', 'wrong') }
    await start('wrong-password')
    const { id } = await finishedRun('wrong-password')
    const run = await service.runThat(id, ({ notifications }) => notifications[0]?.state === 'failed', 10_000)
    expect(run).toMatchObject({ status: 'ready', error: null })
    expect(run.notifications[0]?.error).toMatch(/refused the login.*check user and password in SMTP_URL/)
    expect(run.notifications[0]?.error).not.toMatch(/wrong%2Fword|wrong\/word/)
  })

  test.each([
    ['a missing bucket', 'missing-bucket', { bucket: 'nowhere' }, /no such bucket; correct source\.bucket/],
    [
      'an unknown S3 key',
      'unknown-key',
      { credentials: { access_key_id: 'nobody', secret_access_key: 'x' } },
      /access key id is unknown there; correct source\.credentials/,
    ],
    [
      'a wrong S3 secret',
      'wrong-secret',
      { credentials: { access_key_id: 'demo-access-key', secret_access_key: 'hush-hush' } },
      /secret access key is wrong; correct source\.credentials/,
    ],
  ])('fails at once with %s, and tells so by mail', async (_what, name, source, message) => {
    await start(name)
    const before = performance.now()
    const run = await finishedRun(name, source)
    expect(performance.now() - before).toBeLessThan(5_000)
    expect(run).toMatchObject({ status: 'failed', project: null, error: expect.stringMatching(message) })
    expect(JSON.stringify(run)).not.toContain('hush-hush')
    expect(await mailsTo(name, 1)).toEqual([expect.stringMatching(/^Run failed/)])
    const text = rig.smtp.messages.find(({ recipients }) => recipients.includes(`${name}@example.org`))?.text
    expect(text?.replace(/\s+/g, ' ')).toMatch(message)
    expect(text).toContain(`/runs/${run.id}/retry`)
  })

  const finishedRun = async (name: string, source = {}) => {
    const { id } = await startRun(service, name, source)
    return service.runThat(id, ({ status }) => status === 'ready' || status === 'failed', 30_000)
  }
})

async function startRun(service: RunningService, name: string, source = {}): Promise<Run> {
  await service.call('POST', '/monitors', smallMonitor(rig, name, source))
  return service.call('POST', '/runs', { monitor: name, ...WINDOW })
}

/** The run's project, and no other, with exactly the expected tasks. */
async function expectProjectOf(run: Run): Promise<void> {
  const { results } = await rig.call<{ results: { id: number; description: string }[] }>(
    'GET',
    '/api/projects?page_size=100',
  )
  const own = results.filter(({ description }) => description.includes(run.id)).map(({ id }) => id)
  expect(own).toEqual([run.project?.id])
  const tasks = await tasksOf(rig.call, own[0] as number)
  expect(tasks.map(({ data }) => data)).toEqual(expected.tasks.map(({ task }) => task.data))
  expect(run.progress.tasks_imported).toBe(SMALL.total)
}

/** The subjects of what a monitor's recipient got, as soon as there are `count`. */
async function mailsTo(name: string, count: number): Promise<string[]> {
  const own = () => rig.smtp.messages.filter(({ recipients }) => recipients.includes(`${name}@example.org`))
  for (let waited = 0; own().length < count && waited < 10_000; waited += 50) await sleep(50)
  return own().map(({ subject }) => subject ?? '')
}
