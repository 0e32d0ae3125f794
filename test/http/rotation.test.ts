import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type LabelStudioHttp, startLabelStudioHttp } from '../support/label-studio-http.ts'
import { monitorInput } from '../support/monitors.ts'
import { type TestService, testService } from '../support/service.ts'

let it: TestService
let labelStudio: LabelStudioHttp
beforeAll(async () => {
  labelStudio = await startLabelStudioHttp()
  it = await testService({
    WEBHOOK_SECRET: 'new-secret, old-secret',
    LABEL_STUDIO_URL: labelStudio.url,
    LABEL_STUDIO_API_KEY: 'key',
  })
  await mkdir(it.logs)
  await writeFile(join(it.logs, '2024-11-11.jsonl'), '{"question":"one","answer":"two"}\n')
})
afterAll(async () => {
  await it.stop()
  await labelStudio.close()
})

const event = { action: 'ANNOTATION_CREATED', project: { id: 1 } }

describe('while the webhook secret is exchanged for another', () => {
  test.each([
    ['the new one', 'new-secret', 202],
    ['the old one, which Label Studio still has', 'old-secret', 202],
    ['one before that', 'older-secret', 401],
    ['both at once', 'new-secret, old-secret', 401],
    ['nothing between the commas', '', 401],
  ])('%s is answered as it should', async (_which, secret, status) => {
    const basic = `Basic ${btoa(`any:${secret}`)}`
    for (const headers of [{ 'X-Webhook-Secret': secret }, { Authorization: basic }] as Record<
      string,
      string
    >[]) {
      expect((await it.request().post('/webhook').set(headers).send(event)).status).toBe(status)
    }
    const path = `/ml/${encodeURIComponent(secret || ' ')}/webhook`
    expect((await it.request().post(path).send(event)).status).toBe(status)
  })

  test('new projects get the new one', async () => {
    const source = { type: 'file', path: '.', key_pattern: '{YYYY}-{MM}-{DD}.jsonl' }
    await it
      .request()
      .post('/monitors')
      .send(monitorInput({ source, format: { type: 'jsonl' } }))
    const run = { monitor: 'qa-model', from: '2024-11-11', to: '2024-11-11' }
    const { body } = await it.request().post('/runs').set('Prefer', 'wait=20').send(run)
    expect(body.status).toBe('ready')
    expect(labelStudio.webhooks).toMatchObject([{ headers: { 'X-Webhook-Secret': 'new-secret' } }])
  })
})
