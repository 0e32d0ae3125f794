import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { monitorInput, QA_CONFIG } from '../support/monitors.ts'
import { type TestService, testService } from '../support/service.ts'

let it: TestService
beforeAll(async () => {
  it = await testService()
  await mkdir(it.logs, { recursive: true })
})
afterAll(() => it.stop())

const withSecrets = (name: string) =>
  monitorInput({
    name,
    source: {
      type: 's3',
      bucket: 'logs',
      key_pattern: '{YYYY}.txt',
      credentials: { access_key_id: 'visible-nowhere-id', secret_access_key: 'visible-nowhere-key' },
    },
    notify: { webhooks: [{ url: 'https://example.org/hook', secret: 'visible-nowhere-hook' }] },
  })

describe('a monitor', () => {
  test('is created with its defaults, and read by name and by id', async () => {
    const created = await it
      .request()
      .post('/monitors')
      .send(monitorInput({ name: 'plain' }))
    expect(created.status).toBe(201)
    expect(created.headers.location).toBe('/monitors/plain')
    expect(created.body).toMatchObject({
      name: 'plain',
      title: 'plain',
      format: { type: 'template' },
      sample: { total: 200, by: 'date', allocation: 'even', seed: null },
      window: { days: 7, timezone: 'UTC' },
      confidence: 0.95,
      thresholds: [{ metric: 'change_rate', max: 0.75, warn: null, min_reviewed: 30 }],
      notify: { emails: [], webhooks: [] },
    })
    for (const reference of ['plain', created.body.id]) {
      const read = await it.request().get(`/monitors/${reference}`)
      expect(read.body).toEqual(created.body)
    }
  })

  test('can be sent back as it was read', async () => {
    const { body } = await it.request().get('/monitors/plain')
    const { id, version, created_at, updated_at, ...input } = body
    const answer = await it
      .request()
      .post('/monitors')
      .send({ ...input, name: 'plain-again' })
    expect(answer.status).toBe(201)
  })

  test('has a name of its own', async () => {
    const again = await it
      .request()
      .post('/monitors')
      .send(monitorInput({ name: 'plain' }))
    expect(again.status).toBe(409)
    expect(again.body.type).toBe('urn:label-studio-monitor:problem:name-taken')
  })

  test('never shows its secrets, and keeps them encrypted', async () => {
    const created = await it.request().post('/monitors').send(withSecrets('secretive'))
    const read = await it.request().get('/monitors/secretive')
    const list = await it.request().get('/monitors')
    const rows = await it.database.database.kysely.selectFrom('monitors').selectAll().execute()
    for (const place of [created.text, read.text, list.text, JSON.stringify(rows), it.logged.join('')]) {
      expect(place).not.toContain('visible-nowhere')
    }
    expect(read.body.source.credentials).toEqual({ access_key_id: '***', secret_access_key: '***' })
    expect(read.body.notify.webhooks[0].secret).toBe('***')
  })

  test('is changed by a merge patch, which leaves out what stays', async () => {
    const answer = await it
      .request()
      .patch('/monitors/secretive')
      .type('application/merge-patch+json')
      .send(JSON.stringify({ title: 'Secretive model', sample: { total: 50 } }))
    expect(answer.status).toBe(200)
    expect(answer.body).toMatchObject({
      title: 'Secretive model',
      sample: { total: 50, by: 'date' },
      source: { credentials: { secret_access_key: '***' } },
    })
  })

  test('goes back to a default by null', async () => {
    const answer = await it.request().patch('/monitors/secretive').send({ title: null, thresholds: null })
    expect(answer.body.title).toBe('secretive')
    expect(answer.body.thresholds).toHaveLength(1)
  })

  test('is not changed by a patch that would make it wrong', async () => {
    const before = (await it.request().get('/monitors/plain')).body
    for (const patch of [
      { sample: { total: 0 } },
      { labeling: { config: null } },
      { source: { type: 'ftp' } },
      { name: null },
    ]) {
      const answer = await it.request().patch('/monitors/plain').send(patch)
      expect(answer.status, JSON.stringify(patch)).toBeGreaterThanOrEqual(400)
      expect(answer.status, JSON.stringify(patch)).toBeLessThan(500)
    }
    expect((await it.request().get('/monitors/plain')).body).toEqual(before)
  })

  test('is changed only from the version that If-Match names', async () => {
    const { headers } = await it.request().get('/monitors/plain')
    const patch = (title: string) =>
      it
        .request()
        .patch('/monitors/plain')
        .set('If-Match', headers.etag as string)
        .send({ title })
    expect((await patch('first')).status).toBe(200)
    const second = await patch('second')
    expect(second.status).toBe(412)
    expect((await it.request().get('/monitors/plain')).body.title).toBe('first')
    expect(
      (
        await it
          .request()
          .delete('/monitors/plain')
          .set('If-Match', headers.etag as string)
      ).status,
    ).toBe(412)
  })

  test('is gone after it was deleted', async () => {
    expect((await it.request().delete('/monitors/plain-again')).status).toBe(204)
    expect((await it.request().get('/monitors/plain-again')).status).toBe(404)
  })
})

test('monitors are listed page by page', async () => {
  for (const name of ['page-a', 'page-b', 'page-c'])
    await it.request().post('/monitors').send(monitorInput({ name }))
  const names: string[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const { body } = await it.request().get(`/monitors?limit=2${cursor && `&cursor=${cursor}`}`)
    expect(body.items.length).toBeLessThanOrEqual(2)
    names.push(...body.items.map((monitor: { name: string }) => monitor.name))
    cursor = body.next_cursor
  }
  expect(names).toEqual([...names].sort())
  expect(names).toEqual(expect.arrayContaining(['page-a', 'page-b', 'page-c']))
})

describe('the import of a config.ini', () => {
  const ini = (labeling: string) => `[labelstudio]
LabelStudioURL = http://localhost:8080
LabelStudioAPI = visible-nowhere-token
${labeling}
[data]
total_to_extract = 4
sample_by_date = False
[logs]
username = visible-nowhere-user
api_key = visible-nowhere-key
bucket = production
[notifications]
email_sender = sender@example.org
email_recipient = a@example.org,b@example.org
smtp_server = smtp.gmail.com
smtp_port = 465
email_password = visible-nowhere-password`
  const send = (name: string, text: string) =>
    it.request().post(`/monitors/import?name=${name}`).type('text/plain').send(text)

  test('makes the monitor that the file describes', async () => {
    const answer = await send('imported', ini(`LabelingConfig =\n ${QA_CONFIG.replace('><', '>\n <')}`))
    expect(answer.status).toBe(201)
    expect(answer.body).toMatchObject({
      name: 'imported',
      source: { type: 's3', bucket: 'production', key_pattern: 'qalogs_{MM}:{DD}:{YY}.txt' },
      format: { type: 'template' },
      sample: { total: 4, by: 'none' },
      notify: { emails: ['a@example.org', 'b@example.org'] },
    })
    expect(answer.body.settings.ignored).toContain('LabelStudioURL')
    expect(answer.text).not.toContain('visible-nowhere')
  })

  test('takes the labeling config rather than the project', async () => {
    const answer = await send('both', ini(`LabelStudioProjectID = 7\nLabelingConfig = ${QA_CONFIG}`))
    expect(answer.body.labeling).toEqual({ config: QA_CONFIG, copy_from_project: null })
  })

  test('copies from the project where there is no config', async () => {
    const answer = await send('project-only', ini('LabelStudioProjectID = 7\nLabelingConfig ='))
    expect(answer.body.labeling).toEqual({ config: null, copy_from_project: 7 })
  })

  test.each([
    ['neither config nor project', ini('LabelStudioProjectID =\nLabelingConfig ='), 422],
    ['no ini at all', 'just words', 422],
    ['a number of samples that is none', ini(`LabelingConfig = ${QA_CONFIG}`).replace('= 4', '= four'), 422],
    ['nothing', '', 400],
  ])('refuses %s', async (_case, text, status) => {
    const answer = await send('refused', text)
    expect(answer.status).toBe(status)
    expect((await it.request().get('/monitors/refused')).status).toBe(404)
  })
})

test.each([
  ['neither limit', {}, /needs max, min or both/],
  ['limits that no value keeps', { max: 0.1, min: 0.5 }, /max 0.1 is below min 0.5/],
  ['a warning above the maximum', { max: 0.1, warn: 0.5 }, /warn 0.5 is above max 0.1/],
  ['a warning below the minimum', { min: 0.5, warn: 0.1 }, /warn 0.1 is below min 0.5/],
])('a threshold with %s is refused', async (_case, limits, says) => {
  const thresholds = [{ metric: 'similarity', ...limits }]
  const answer = await it
    .request()
    .post('/monitors')
    .send(monitorInput({ name: 'unlimited', thresholds }))
  expect(answer.status).toBe(422)
  expect(answer.body.errors).toEqual([{ path: '/thresholds/0', message: expect.stringMatching(says) }])
})

describe('the preview', () => {
  const record = (answer: string) => `Timestamp: 2024-11-11 00:12:33
User Input: "What is the capital of France?"
Model Response: "${answer}"
Confidence Level: 98.3%
Version: v1.5.3
`
  test('shows objects, records and tasks, and writes nothing', async () => {
    await writeFile(join(it.logs, 'qalogs_11:11:24.txt'), record('Paris.') + record('Lyon.'))
    await it.request().post('/monitors').send(monitorInput())
    const { status, body } = await it
      .request()
      .post('/monitors/qa-model/preview')
      .send({ from: '2024-11-11', to: '2024-11-11' })
    expect(status).toBe(200)
    expect(body.objects).toMatchObject([
      { key: expect.stringContaining('qalogs_11:11:24.txt'), date: '2024-11-11' },
    ])
    expect(body.tasks).toHaveLength(2)
    expect(body.tasks[0]).toMatchObject({
      data: { question: 'What is the capital of France?' },
      predictions: [
        {
          model_version: 'v1.5.3',
          score: 0.983,
          result: [{ from_name: 'answer', value: { text: ['Paris.'] } }],
        },
      ],
    })
    expect(body.problems).toEqual([])
    expect((await it.request().get('/runs')).body.items).toEqual([])
  })

  test.each([
    ['a window without logs', {}, { from: '2020-01-01', to: '2020-01-02' }, /key_pattern/],
    [
      'a mapping that fits no record',
      { mapping: { prediction: { answer: 'reply' } } },
      { from: '2024-11-11', to: '2024-11-11' },
      /reply/,
    ],
    [
      'a directory outside the root',
      { source: { type: 'file', path: '../..', key_pattern: '*' } },
      {},
      /root/i,
    ],
    [
      'a threshold on a control tag that there is not',
      { thresholds: [{ metric: 'label:topic/A.recall', min: 0.5 }] },
      {},
      /label:topic\/A.recall names no control tag.*it has answer/,
    ],
    [
      'a project of a Label Studio that is not configured',
      { labeling: { copy_from_project: 1 } },
      {},
      /LABEL_STUDIO_URL/,
    ],
  ])('says what is wrong with %s', async (name, changes, window, says) => {
    const id = name.replaceAll(' ', '-')
    expect(
      (
        await it
          .request()
          .post('/monitors')
          .send(monitorInput({ name: id, ...changes }))
      ).status,
    ).toBe(201)
    const { status, body } = await it.request().post(`/monitors/${id}/preview`).send(window)
    expect(status).toBe(200)
    expect(JSON.stringify(body.problems)).toMatch(says)
  })
})

test('a sample prediction shows what Label Studio would take', async () => {
  const { status, body } = await it
    .request()
    .post('/labeling-config/sample-prediction')
    .send({ label_config: QA_CONFIG })
  expect(status).toBe(200)
  expect(body.sample_task.data).toHaveProperty('question')
  expect(body.sample_prediction.result[0]).toMatchObject({
    from_name: 'answer',
    to_name: 'question',
    type: 'textarea',
  })
  const broken = await it
    .request()
    .post('/labeling-config/sample-prediction')
    .send({ label_config: '<View>' })
  expect(broken.status).toBe(422)
})
