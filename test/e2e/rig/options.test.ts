import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3'
import { createTransport } from 'nodemailer'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { prepareLabelStudio, startLabelStudio } from '../../../demo/services/label-studio.ts'
import { labelStudioApi } from '../../../demo/services/label-studio-api.ts'
import { startMailbox } from '../../../demo/services/mailbox.ts'
import { adminIdentity, startS3 } from '../../../demo/services/s3.ts'
import { startSmtp } from '../../../demo/services/smtp.ts'
import { certificateFile, startTlsSmtp } from './tls-smtp.ts'

const config =
  '<View><Text name="question" value="$question"/><TextArea name="answer" toName="question"/></View>'

let scratch: string
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'lsm-rig-options-'))
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

describe('options', () => {
  test('Label Studio refuses loopback webhooks with SSRF protection, and bad predictions when it validates', async () => {
    const labelStudio = await startLabelStudio({
      dataDir: join(scratch, 'strict'),
      ssrfProtection: true,
      validatePredictions: true,
    })
    try {
      const call = labelStudioApi(labelStudio.url, labelStudio.token)
      const { id } = await call<{ id: number }>('POST', '/api/projects', {
        title: 'Strict',
        label_config: config,
      })
      await expect(
        call('POST', '/api/webhooks/', {
          project: id,
          url: 'http://127.0.0.1:9/webhook',
          actions: ['TASKS_CREATED'],
        }),
      ).rejects.toThrow(/403.*reserved network address/s)
      const prediction = {
        result: [
          { id: 'r1', from_name: 'nope', to_name: 'question', type: 'textarea', value: { text: ['x'] } },
        ],
      }
      const task = { data: { question: 'Q' }, predictions: [prediction] }
      await expect(call('POST', `/api/projects/${id}/import`, [task])).rejects.toThrow(
        /400.*'nope' not found/s,
      )
    } finally {
      await labelStudio.stop()
    }
  })

  test('Label Studio does not move to another port when its own is taken', async () => {
    await prepareLabelStudio()
    const holder = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => holder.once('listening', resolve))
    const { port } = holder.address() as { port: number }
    await expect(startLabelStudio({ dataDir: join(scratch, 'taken'), port })).rejects.toThrow(
      `port ${port} is in use`,
    )
    await new Promise((resolve) => holder.close(resolve))
  })

  test('an S3 identity may do what its actions say and nothing else', async () => {
    const reader = {
      name: 'reader',
      accessKeyId: 'r',
      secretAccessKey: 'rs',
      actions: ['Read:logs', 'List:logs'],
    }
    const s3 = await startS3({ dir: join(scratch, 's3-reader'), identities: [adminIdentity, reader] })
    try {
      await s3.createBucket('logs')
      await s3.putObjects('logs', [['key', 'text']])
      const client = s3.client(reader)
      expect((await client.send(new ListObjectsV2Command({ Bucket: 'logs' }))).KeyCount).toBe(1)
      const write = client.send(new PutObjectCommand({ Bucket: 'logs', Key: 'other', Body: 'x' }))
      await expect(write).rejects.toMatchObject({ name: 'AccessDenied' })
    } finally {
      await s3.stop()
    }
  })

  test('SMTP refuses a wrong password', async () => {
    const smtp = await startTlsSmtp({ auth: { user: 'u', password: 'right' } })
    const url = smtp.url.replace('right', 'wrong')
    const transport = createTransport({ url, tls: { ca: await readFile(certificateFile) } })
    await expect(transport.sendMail({ from: 'a@b.c', to: 'd@e.f' })).rejects.toMatchObject({
      responseCode: 535,
    })
    await smtp.stop()
  })

  test('SMTP faults are taken one by one, then mail is delivered', async () => {
    const smtp = await startSmtp({ faults: ['unavailable', 'defer', 'reject', 'hang'] })
    const send = (text: string) =>
      createTransport({ url: smtp.url, socketTimeout: 500 }).sendMail({ from: 'a@b.c', to: 'd@e.f', text })
    await expect(send('1')).rejects.toMatchObject({ responseCode: 421 })
    await expect(send('2')).rejects.toMatchObject({ responseCode: 451 })
    await expect(send('3')).rejects.toMatchObject({ responseCode: 550 })
    await expect(send('4')).rejects.toThrow(/timeout/i)
    await send('5')
    expect((await smtp.waitFor(1)).map(({ text }) => text?.trim())).toEqual(['5'])
    await expect(smtp.waitFor(2, 100)).rejects.toThrow('expected 2 messages within 100 ms, got 1')
    await smtp.stop()
  })

  test('the mailbox page lists mail and shows its HTML in a sandbox only', async () => {
    const smtp = await startSmtp()
    const mailbox = await startMailbox(smtp.messages)
    const read = async (path: string) => (await fetch(new URL(path, mailbox.url))).text()
    expect(await read('/')).toContain('No mail yet')
    const html = '<script>alert("x")</script>'
    await createTransport(smtp.url).sendMail({ from: 'a@b.c', to: 'd@e.f', subject: '<i>Hi</i>', html })
    expect(await read('/')).toContain('<a href="/1">&lt;i&gt;Hi&lt;/i&gt;</a>')
    const page = await read('/1')
    expect(page).toContain('<iframe sandbox srcdoc="&lt;script&gt;')
    expect(page).not.toContain('<script>')
    expect((await fetch(new URL('/2', mailbox.url))).status).toBe(404)
    await mailbox.stop()
    await smtp.stop()
  })
})
