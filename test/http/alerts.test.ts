import { mkdir } from 'node:fs/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { applyEvents } from '../../src/annotations/apply.ts'
import { parseEvent } from '../../src/annotations/event.ts'
import { lockProject, writeTasks } from '../../src/annotations/store.ts'
import { createMonitors } from '../../src/monitors/monitor.ts'
import { BAD, GOOD, reviewedProject, reviews } from '../alerts/alerts.ts'
import { type Received, type Receiver, receiver, signedBy } from '../alerts/receiver.ts'
import { monitorInput } from '../support/monitors.ts'
import { type TestService, testService } from '../support/service.ts'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

let it: TestService
const open: Receiver[] = []
const listening = async (...answers: Parameters<typeof receiver>) => {
  const each = await receiver(...answers)
  open.push(each)
  return each
}
beforeAll(async () => {
  it = await testService({ ALLOW_PRIVATE_URLS: 'true' })
  await mkdir(it.logs, { recursive: true })
})
afterEach(() => Promise.all(open.splice(0).map((each) => each.close())))
afterAll(() => it.stop())

const create = (changes: Record<string, unknown>, service = it) =>
  service.request().post('/monitors').send(monitorInput(changes))
const patch = (name: string, changes: object) => it.request().patch(`/monitors/${name}`).send(changes)

describe('a threshold', () => {
  test('may be on one model version or one stratum, with a reminder', async () => {
    const thresholds = [
      { metric: 'change_rate', max: 0.2, model_version: 'v2', renotify_hours: 24 },
      { metric: 'similarity', min: 0.8, stratum: '2024-11-11' },
      { metric: 'control:answer.change_rate', max: 0.3, model_version: 'v2' },
      { metric: 'label:topic/Art/Music. etc.recall', min: 0.9, stratum: '2024-11-11' },
    ]
    const { status, body } = await create({ name: 'by-version', thresholds })
    expect(status).toBe(201)
    expect(body.thresholds).toMatchObject([
      { model_version: 'v2', stratum: null, renotify_hours: 24 },
      { model_version: null, stratum: '2024-11-11', renotify_hours: null },
      { model_version: 'v2', metric: 'control:answer.change_rate' },
      { metric: 'label:topic/Art/Music. etc.recall', min: 0.9 },
    ])
  })

  test.each([
    [
      'both',
      { metric: 'change_rate', max: 0.2, model_version: 'v2', stratum: 'a' },
      '/thresholds/0/stratum',
      422,
    ],
    [
      'the weighted rate of one',
      { metric: 'weighted_change_rate', max: 0.2, stratum: 'a' },
      '/thresholds/0/stratum',
      422,
    ],
    ['no time', { metric: 'change_rate', max: 0.2, renotify_hours: 0 }, '/thresholds/0/renotify_hours', 400],
  ])('can not be on %s', async (_, threshold, path, status) => {
    const answer = await create({ name: 'refused', thresholds: [threshold] })
    expect(answer.status).toBe(status)
    expect(answer.body.errors).toMatchObject([{ path }])
  })
})

describe('a threshold that is crossed', () => {
  test('is told, and shows on the evaluation and the run', async () => {
    const hook = await listening(200)
    const { run, database } = await failing('crossed', 21, { url: hook.url, secret: SECRET })
    await expect.poll(() => hook.received.length).toBe(1)
    const [received] = hook.received as [Received]
    expect(signedBy(received, SECRET)).toEqual([SECRET])
    expect(JSON.parse(received.body)).toMatchObject({ type: 'threshold.failed', data: { project: 21, run } })
    const evaluation = await it.request().get('/evaluations/21')
    expect(evaluation.body).toMatchObject({
      verdict: 'fail',
      thresholds: [
        {
          metric: 'change_rate',
          model_version: null,
          state: 'fail',
          sequence: [expect.any(Number), expect.any(Number)],
        },
      ],
      alerts: [{ metric: 'change_rate', model_version: null, stratum: null, state: 'fail' }],
    })
    const shown = async () => (await it.request().get(`/runs/${run}`)).body.notifications
    await expect
      .poll(shown)
      .toMatchObject([{ kind: 'webhook', type: 'threshold.failed', to: [hook.url], state: 'sent' }])
    await reviews(database, 21, GOOD)
    await expect.poll(() => hook.received.length).toBe(2)
    expect((await it.request().get('/evaluations/21')).body.alerts).toMatchObject([{ state: 'ok' }])
  })

  test('stops a webhook that answers 410, until the monitor is sent without the stop', async () => {
    const hook = await listening(410, 200)
    const { database } = await failing('unwanted', 22, { url: hook.url, secret: SECRET })
    const stopped = async () =>
      (await it.request().get('/monitors/unwanted')).body.notify.webhooks[0].disabled_at as string | null
    await expect.poll(stopped).not.toBeNull()

    const title = await patch('unwanted', { title: 'Still stopped' })
    expect(title.body.notify.webhooks).toEqual([
      { url: hook.url, secret: '***', disabled_at: await stopped() },
    ])
    const again = await patch('unwanted', {
      notify: { webhooks: [{ url: hook.url, secret: '***', disabled_at: null }] },
    })
    expect(again.body.notify.webhooks).toEqual([{ url: hook.url, secret: '***', disabled_at: null }])
    await reviews(database, 22, GOOD)
    await expect.poll(() => hook.received.length).toBe(2)
    expect(signedBy(hook.received[1] as Received, SECRET)).toEqual([SECRET])
  })

  test('is told when the bound is moved, without a review', async () => {
    const hook = await listening(200)
    const { database } = await failing('moved', 23, { url: hook.url }, { metric: 'change_rate', max: 1 })
    await expect.poll(() => database.kysely.selectFrom('watches').selectAll().execute()).toEqual([])
    expect(hook.received).toEqual([])
    await patch('moved', { thresholds: [{ metric: 'change_rate', max: 0.5 }] })
    await expect.poll(() => hook.received.length).toBe(1)
  })

  test('is none any more when the monitor is deleted', async () => {
    const hook = await listening(200)
    await failing('deleted', 24, { url: hook.url })
    await expect.poll(() => hook.received.length).toBe(1)
    expect((await it.request().get('/evaluations/24/gate')).status).toBe(409)
    expect((await it.request().delete('/monitors/deleted')).status).toBe(204)
    const { status, body } = await it.request().get('/evaluations/24/gate')
    expect({ status, verdict: body.verdict }).toEqual({ status: 200, verdict: 'inconclusive' })
    expect((await it.request().get('/evaluations/24')).body.thresholds).toEqual([])
  })

  async function failing(
    name: string,
    project: number,
    webhook: { url: string; secret?: string },
    threshold: object = { metric: 'change_rate', max: 0.5 },
  ) {
    await create({ name, thresholds: [threshold], notify: { webhooks: [webhook] } })
    const { database } = it.database
    const monitors = createMonitors(database, 'test-secret-key')
    const made = await reviewedProject({ database, monitors }, { name }, project)
    await reviews(database, project, BAD)
    return { ...made, database }
  }
})

test('an annotation that moves the numbers has the thresholds looked at', async () => {
  const { database } = it.database
  const monitors = createMonitors(database, 'test-secret-key')
  await reviewedProject({ database, monitors }, { name: 'annotated' }, 31)
  const watched = await database.kysely.transaction().execute(async (tx) => {
    const project = await lockProject(tx, 31)
    const result = [
      { id: 'r', from_name: 'answer', to_name: 'question', type: 'textarea', value: { text: ['A'] } },
    ]
    const task = {
      task_id: 1,
      key: 'k',
      data: {},
      data_hash: null,
      model_version: 'v1',
      score: null,
      stratum: null,
      blind: false,
    }
    await writeTasks(tx, 31, [{ ...task, result: result as never }])
    const annotation = {
      id: 5,
      task: 1,
      result: [],
      updated_at: '2024-11-19T09:12:44.000000Z',
      created_at: '2024-11-19T09:12:44.000000Z',
    }
    const event = { action: 'ANNOTATION_CREATED', project: { id: 31 }, task: { id: 1 }, annotation }
    await applyEvents(tx, project, [parseEvent(event)])
    return tx.selectFrom('watches').select('project_id').execute()
  })
  expect(watched).toEqual([{ project_id: 31 }])
})

describe('a run that is over', () => {
  test('is told to the webhooks', async () => {
    const hook = await listening(200)
    await create({ name: 'ready', notify: { webhooks: [{ url: hook.url, secret: SECRET }] } })
    const { body: run } = await it
      .request()
      .post('/runs')
      .set('Prefer', 'wait=20')
      .send({ monitor: 'ready', from: '2024-01-01', to: '2024-01-02' })
    await expect.poll(() => hook.received.length).toBe(1)
    expect(signedBy(hook.received[0] as Received, SECRET)).toEqual([SECRET])
    expect(JSON.parse(hook.received[0]?.body ?? '')).toMatchObject({
      type: 'run.ready',
      timestamp: run.finished_at,
      data: {
        run: run.id,
        monitor: 'ready',
        status: 'ready',
        window: { from: '2024-01-01', to: '2024-01-02' },
        project: null,
        error: null,
        message: expect.stringMatching(/no record/),
        links: { run: expect.stringMatching(`/runs/${run.id}$`), evaluation: null, export: null },
      },
    })
  })

  test('is told also where it failed', async () => {
    const hook = await listening(200)
    const source = { type: 'file', path: 'not-there', key_pattern: '{YYYY}.txt' }
    await create({ name: 'failed', source, notify: { webhooks: [{ url: hook.url }] } })
    const { body: run } = await it
      .request()
      .post('/runs')
      .set('Prefer', 'wait=20')
      .send({ monitor: 'failed', from: '2024-01-01', to: '2024-01-02' })
    await expect.poll(() => hook.received.length).toBe(1)
    expect(JSON.parse(hook.received[0]?.body ?? '')).toMatchObject({
      type: 'run.failed',
      data: { run: run.id, status: 'failed', error: run.error },
    })
  })

  test('is not told to private addresses, unless they are allowed', async () => {
    const closed = await testService()
    await mkdir(closed.logs, { recursive: true })
    const hook = await listening(200)
    await create({ notify: { webhooks: [{ url: hook.url }] } }, closed)
    const { body } = await closed
      .request()
      .post('/runs')
      .set('Prefer', 'wait=20')
      .send({ monitor: 'qa-model', from: '2024-01-01', to: '2024-01-02' })
    const shown = async () => (await closed.request().get(`/runs/${body.id}`)).body.notifications
    await expect.poll(async () => (await shown())[0].state).toBe('failed')
    expect(await shown()).toMatchObject([
      { attempts: 1, error: expect.stringMatching(/ALLOW_PRIVATE_URLS=true/) },
    ])
    expect(hook.received).toEqual([])
    await closed.stop()
  })
})
