import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { createTransport } from 'nodemailer'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { admin, startLabelStudio } from '../../demo/services/label-studio.ts'
import {
  createPersonalAccessToken,
  createUser,
  labelStudioApi,
} from '../../demo/services/label-studio-api.ts'
import { createReviewer } from '../../demo/services/reviewer.ts'
import { adminIdentity, startS3 } from '../../demo/services/s3.ts'
import { type Rig, startRig } from './rig/rig.ts'
import { certificateFile } from './rig/tls-smtp.ts'

const config =
  '<View><Text name="question" value="$question"/><TextArea name="answer" toName="question"/></View>'
const region = (text: string) => ({
  id: 'region0001',
  from_name: 'answer',
  to_name: 'question',
  type: 'textarea',
  value: { text: [text] },
})

let scratch: string
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'lsm-rig-'))
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

describe('all three servers together', () => {
  let rig: Rig
  beforeAll(async () => {
    rig = await startRig()
  })
  afterAll(() => rig?.stop())

  test('Label Studio is the expected version and takes the administrator’s token', async () => {
    expect(await rig.call('GET', '/api/version')).toMatchObject({ release: '1.23.2' })
    expect(await rig.call('GET', '/api/current-user/whoami')).toMatchObject({ email: admin.email })
  })

  test('Label Studio refuses another token, and the error names call and status', async () => {
    const stranger = labelStudioApi(rig.labelStudio.url, '0'.repeat(40))
    await expect(stranger('GET', '/api/projects')).rejects.toThrow('GET /api/projects answered 401')
  })

  test('a personal access token can be had once and gives access tokens', async () => {
    const refresh = await createPersonalAccessToken(rig.call)
    const answer = await fetch(`${rig.labelStudio.url}/api/token/refresh/`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ refresh }),
    })
    const { access } = (await answer.json()) as { access: string }
    const call = labelStudioApi(rig.labelStudio.url, access)
    expect(await call('GET', '/api/current-user/whoami')).toMatchObject({ email: admin.email })
    await expect(createPersonalAccessToken(rig.call)).rejects.toThrow('409')
  })

  test('a second user is a member of the organization and annotates under their own id', async () => {
    const user = await createUser(rig.labelStudio, 'second@example.com')
    const call = labelStudioApi(rig.labelStudio.url, user.token)
    expect(await call('GET', '/api/current-user/whoami')).toMatchObject({
      id: user.id,
      active_organization: 1,
    })
    await expect(createUser(rig.labelStudio, 'second@example.com')).rejects.toThrow('second@example.com')
  })

  test('the reviewer’s annotations have the marks that the editor leaves', async () => {
    const project = await rig.call<{ id: number }>('POST', '/api/projects', {
      title: 'Reviewed',
      label_config: config,
    })
    const data = [1, 2, 3, 4].map((row) => ({
      data: { question: `Question ${row}?` },
      predictions: [{ model_version: 'v1', result: [region(`Answer ${row}.`)] }],
    }))
    const { task_ids } = await rig.call<{ task_ids: [number, number, number, number] }>(
      'POST',
      `/api/projects/${project.id}/import?return_task_ids=true`,
      data,
    )
    const reviewer = createReviewer(rig.call)
    expect((await reviewer.next(project.id))?.predictions).toHaveLength(1)

    const accepted = await reviewer.accept(task_ids[0])
    expect(accepted).toMatchObject({ result: [{ ...region('Answer 1.'), origin: 'prediction' }] })
    expect(accepted.parent_prediction).toEqual(expect.any(Number))

    const edited = await reviewer.edit(task_ids[1], ([first]) => [
      { ...(first as NonNullable<typeof first>), value: { text: ['Better.'] } },
      { ...region('Added.'), id: 'region0002' },
    ])
    expect(edited.result).toMatchObject([
      { ...region('Better.'), origin: 'prediction-changed' },
      { id: 'region0002', origin: 'manual' },
    ])

    const skipped = await reviewer.skip(task_ids[2])
    expect(skipped).toMatchObject({ was_cancelled: true, result: [region('Answer 3.')] })
    expect(await reviewer.unskip(skipped.id)).toMatchObject({ was_cancelled: false })
    expect(await reviewer.setGroundTruth(skipped.id, true)).toMatchObject({ ground_truth: true })
    const updated = await reviewer.update(accepted.id, ([first]) => [
      { ...(first as NonNullable<typeof first>), value: { text: ['Later.'] } },
    ])
    expect(updated.result).toMatchObject([{ value: { text: ['Later.'] }, origin: 'prediction-changed' }])
    await reviewer.remove(edited.id)
    await expect(rig.call('GET', `/api/annotations/${edited.id}/`)).rejects.toThrow('404')

    const second = await createUser(rig.labelStudio, 'annotator@example.com')
    const secondReviewer = createReviewer(labelStudioApi(rig.labelStudio.url, second.token))
    await secondReviewer.accept(task_ids[0])
    const task = await rig.call<{ annotations: { completed_by: { id: number } }[] }>(
      'GET',
      `/api/tasks/${task_ids[0]}/`,
    )
    expect(task.annotations.map(({ completed_by }) => completed_by.id).sort()).toEqual([1, second.id])

    await reviewer.accept(task_ids[1])
    await reviewer.accept(task_ids[3])
    expect(await reviewer.next(project.id)).toBeNull()
  })

  test('S3 keeps objects whose keys have colons and prefixes', async () => {
    await rig.s3.createBucket('logs')
    await rig.s3.putObjects('logs', [
      ['production/qalogs_11:12:24.txt', 'one'],
      ['big', new Uint8Array(9_000_000)],
    ])
    const listed = await rig.s3.client().send(new ListObjectsV2Command({ Bucket: 'logs' }))
    expect(listed.Contents?.map(({ Key, Size }) => [Key, Size])).toEqual([
      ['big', 9_000_000],
      ['production/qalogs_11:12:24.txt', 3],
    ])
  })

  test.each([
    ['a wrong secret', adminIdentity.accessKeyId, 'wrong', 'SignatureDoesNotMatch'],
    ['an unknown access key', 'nobody', adminIdentity.secretAccessKey, 'InvalidAccessKeyId'],
  ])('S3 refuses %s', async (_name, accessKeyId, secretAccessKey, name) => {
    const client = rig.s3.client({ accessKeyId, secretAccessKey })
    await expect(client.send(new ListObjectsV2Command({ Bucket: 'logs' }))).rejects.toMatchObject({ name })
  })

  test('SMTP delivers over TLS with the right password', async () => {
    const tls = { ca: await readFile(certificateFile) }
    const transport = createTransport(rig.smtp.url, { from: 'monitor@example.com' })
    await expect(transport.sendMail({ to: 'a@example.org' })).rejects.toThrow(/self-signed/)
    const trusting = createTransport({ url: rig.smtp.url, tls })
    await trusting.sendMail({
      from: 'm@example.com',
      to: ['a@example.org', 'b@example.org'],
      subject: 'Ready ✓',
      html: '<b>x</b>',
    })
    const [mail] = await rig.smtp.waitFor(1)
    expect(mail).toMatchObject({
      subject: 'Ready ✓',
      html: expect.stringContaining('<b>x</b>'),
      user: 'monitor@example.com',
    })
    expect(mail?.recipients).toEqual(['a@example.org', 'b@example.org'])
  })
})

describe('a server that is stopped', () => {
  test('leaves no process, no open port and no file', async () => {
    const sockets = async () => (await readdir('/tmp')).filter((name) => name.startsWith('seaweedfs-'))
    const before = await sockets()
    const rig = await startRig()
    const { labelStudio, s3, smtp } = rig
    const own = (await sockets()).filter((name) => !before.includes(name))
    expect(own.length).toBeGreaterThan(0)
    await rig.stop()
    expect([isRunning(labelStudio.pid), isRunning(s3.pid)]).toEqual([false, false])
    for (const port of [portOf(labelStudio.url), portOf(s3.endpoint), smtp.port]) await expectFree(port)
    expect(existsSync(rig.dir)).toBe(false)
    expect((await sockets()).filter((name) => own.includes(name))).toEqual([])
  })

  test('Label Studio comes back on its data directory within seconds, also after SIGKILL', async () => {
    const dataDir = join(scratch, 'again')
    const first = await startLabelStudio({ dataDir })
    await labelStudioApi(first.url, first.token)('POST', '/api/projects', {
      title: 'Kept',
      label_config: config,
    })
    await first.kill()
    expect(isRunning(first.pid)).toBe(false)
    const begun = performance.now()
    const second = await startLabelStudio({ dataDir, port: portOf(first.url) })
    expect(performance.now() - begun).toBeLessThan(30_000)
    try {
      expect(second.url).toBe(first.url)
      const call = labelStudioApi(second.url, second.token)
      expect(await call('GET', '/api/projects')).toMatchObject({ results: [{ title: 'Kept' }] })
    } finally {
      await second.stop()
    }
  })

  test('S3 has its objects again after a restart on the same port', async () => {
    const dir = join(scratch, 's3-again')
    const first = await startS3({ dir })
    await first.createBucket('logs')
    await first.putObjects('logs', [['key', 'kept']])
    await first.stop()
    const second = await startS3({ dir, port: portOf(first.endpoint) })
    try {
      expect(second.endpoint).toBe(first.endpoint)
      const object = await second.client().send(new GetObjectCommand({ Bucket: 'logs', Key: 'key' }))
      expect(await object.Body?.transformToString()).toBe('kept')
    } finally {
      await second.stop()
    }
  })
})

function portOf(url: string): number {
  return Number(new URL(url).port)
}

function isRunning(processGroup: number): boolean {
  try {
    return process.kill(-processGroup, 0)
  } catch {
    return false
  }
}

async function expectFree(port: number): Promise<void> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', () => server.close(() => resolve()))
  })
}
