import { mkdir, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { simpleParser } from 'mailparser'
import { SMTPServer } from 'smtp-server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type LabelStudioHttp, startLabelStudioHttp } from './support/label-studio-http.ts'
import { monitorInput } from './support/monitors.ts'
import { reviewedProject, textArea } from './support/reviewed.ts'
import { type TestService, testService } from './support/service.ts'

const HOSTILE = `<script>alert(1)</script><img src=x onerror="alert(2)"><a href="javascript:alert(3)">'"&`

let it: TestService
let labelStudio: LabelStudioHttp
let smtp: SMTPServer
const mails: string[] = []
beforeAll(async () => {
  labelStudio = await startLabelStudioHttp()
  smtp = new SMTPServer({
    disabledCommands: ['STARTTLS', 'AUTH'],
    onData: async (stream, _session, done) => {
      const { html } = await simpleParser(stream)
      mails.push(String(html))
      done()
    },
  })
  await new Promise<void>((resolve) => smtp.listen(0, '127.0.0.1', resolve))
  it = await testService({
    LABEL_STUDIO_URL: labelStudio.url,
    LABEL_STUDIO_API_KEY: 'key',
    SMTP_URL: `smtp://127.0.0.1:${(smtp.server.address() as AddressInfo).port}`,
    SMTP_FROM: 'monitor@example.org',
  })
  await mkdir(it.logs)
  const record = { question: HOSTILE, answer: HOSTILE, class: HOSTILE, model_version: HOSTILE }
  await writeFile(join(it.logs, 'a_2024-11-11.jsonl'), `${JSON.stringify(record)}\n`.repeat(5))
  const monitor = monitorInput({
    title: HOSTILE,
    source: { type: 'file', path: '.', key_pattern: '{YYYY}-{MM}-{DD}.jsonl' },
    format: { type: 'jsonl' },
    sample: { by: 'class', total: 3 },
    notify: { emails: ['ml@example.org'] },
  })
  expect((await it.request().post('/monitors').send(monitor)).status).toBe(201)
  const run = { monitor: 'qa-model', from: '2024-11-11', to: '2024-11-11' }
  const { body } = await it.request().post('/runs').set('Prefer', 'wait=20').send(run)
  expect(body).toMatchObject({ status: 'ready', strata: [{ key: HOSTILE.slice(0, 200) }] })
  const task = { data: { question: HOSTILE }, prediction: textArea(HOSTILE), annotations: [textArea('x')] }
  await reviewedProject(it.database.database, {
    project: 77,
    tasks: [{ ...task, stratum: HOSTILE, version: HOSTILE }],
  })
})
afterAll(async () => {
  await it.stop()
  await labelStudio.close()
  await new Promise<void>((resolve) => smtp.close(() => resolve()))
})

describe('HTML in logs', () => {
  test('is text in an e-mail', async () => {
    await expect.poll(() => mails.length).toBeGreaterThan(0)
    expect(mails.join()).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
    expect(mails.join()).not.toMatch(/<(script|img|iframe|object|svg)|\son\w+=["']|href="(?!https?:)/i)
  })

  test.each([
    '/runs',
    '/monitors/qa-model',
    '/evaluations/77',
    '/evaluations/77/tasks',
    '/evaluations/77/export?format=jsonl',
  ])('is no page at %s, whatever a browser asks for', async (path) => {
    const answer = await it.request().get(path).set('Accept', 'text/html').buffer(true)
    expect(answer.status).toBe(200)
    expect(answer.text).toContain('<script>')
    expect(answer.type).toMatch(/^application\/(json|x-ndjson)$/)
    expect(answer.headers['x-content-type-options']).toBe('nosniff')
    expect(answer.headers['content-security-policy']).toContain("default-src 'none'")
    expect(answer.headers['content-security-policy']).not.toContain('unsafe')
  })

  test('is in no page of the service', async () => {
    for (const path of ['/', '/docs', `/${encodeURIComponent(HOSTILE)}`]) {
      const { text } = await it.request().get(path).set('Accept', 'text/html').buffer(true)
      expect(text).not.toContain('alert(1)')
    }
  })
})
