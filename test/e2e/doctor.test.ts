import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startLabelStudio } from '../../demo/services/label-studio.ts'
import { type Rig, startRig } from './rig/rig.ts'
import { certificateFile } from './rig/tls-smtp.ts'
import { logObject, record } from './support/logs.ts'
import { putObjects } from './support/put-objects.ts'
import { type RunningService, startService } from './support/service.ts'
import { SMALL, smallMonitor } from './support/small-monitor.ts'
import { todayForAMinute } from './support/today.ts'

const CLI = new URL('../../bin/label-studio-monitor.mjs', import.meta.url).pathname
const PATTERN = 'app-{YYYY}-{MM}-{DD}.log'

let rig: Rig
let service: RunningService
let settings: Record<string, string>
beforeAll(async () => {
  rig = await startRig()
  const today = await todayForAMinute()
  const pieces = Array.from({ length: 5 }, (_, number) => record(number, today, 'v1'))
  await rig.s3.createBucket(SMALL.bucket)
  await putObjects(rig.s3, SMALL.bucket, [logObject(`app-${today}.log`, pieces)])
  service = await startService(rig, { dataDir: join(rig.dir, 'service') })
  const monitors = [
    smallMonitor(rig, 'well', { key_pattern: PATTERN }),
    smallMonitor(rig, 'wrong-bucket', { key_pattern: PATTERN, bucket: 'nowhere' }),
    smallMonitor(rig, 'wrong-pattern', { key_pattern: 'app-{DD}.{MM}.{YYYY}.log' }),
    {
      ...smallMonitor(rig, 'wrong-mapping', { key_pattern: PATTERN }),
      mapping: { data: { question: 'prompt' }, prediction: { answer: 'completion' } },
    },
  ]
  for (const monitor of monitors) await service.call('POST', '/monitors', monitor)
  settings = {
    PORT: String(service.port),
    DATA_DIR: service.dataDir,
    LABEL_STUDIO_URL: rig.labelStudio.url,
    LABEL_STUDIO_API_KEY: rig.labelStudio.token,
    SMTP_URL: rig.smtp.url,
    SMTP_FROM: 'monitor@example.com',
    NODE_EXTRA_CA_CERTS: certificateFile,
  }
})
afterAll(async () => {
  await service?.stop()
  await rig?.stop()
})

/** What doctor says, as a process of its own: the problems by the name of the check. */
async function doctor(env: Record<string, string> = {}): Promise<Record<string, string>> {
  const PATH = process.env.PATH ?? ''
  const { code, stdout, stderr } = await new Promise<{ code: number; stdout: string; stderr: string }>(
    (resolve) => {
      const options = { env: { PATH, ...settings, ...env } }
      execFile(process.execPath, [CLI, 'doctor', '--json'], options, (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
      )
    },
  )
  expect(stderr).toBe('')
  const { checks } = JSON.parse(stdout) as { checks: { name: string; ok: boolean; message: string }[] }
  const problems = checks.filter(({ ok }) => !ok)
  expect(code).toBe(problems.length > 0 ? 1 : 0)
  return Object.fromEntries(problems.map(({ name, message }) => [name, message]))
}

describe('doctor finds, with real servers,', () => {
  test('wrong buckets, patterns and mappings, and says how to mend each', async () => {
    const problems = await doctor()
    expect(Object.keys(problems).sort()).toEqual([
      'monitor wrong-bucket',
      'monitor wrong-mapping',
      'monitor wrong-pattern',
    ])
    expect(problems['monitor wrong-bucket']).toMatch(/nowhere.*no such bucket; correct source\.bucket/)
    expect(problems['monitor wrong-pattern']).toMatch(
      /No object .* app-\{DD\}\.\{MM\}\.\{YYYY\}\.log .*objects such as app-\d{4}-\d\d-\d\d\.log: correct source\.key_pattern/,
    )
    expect(problems['monitor wrong-mapping']).toMatch(/mapping\.(data|prediction)|"?(prompt|completion)"?/)
  })

  test('a wrong key', async () => {
    const problems = await doctor({ LABEL_STUDIO_API_KEY: 'f'.repeat(40) })
    expect(problems.label_studio).toMatch(/401.*check LABEL_STUDIO_API_KEY/)
  })

  test('a host without a dot', async () => {
    const problems = await doctor({ PUBLIC_URL: 'http://monitor:9090' })
    expect(problems.webhook).toMatch(/host names with a dot.*PUBLIC_URL is http:\/\/monitor:9090/)
  })

  test('a mail server that refuses the login', async () => {
    const SMTP_URL = rig.smtp.url.replace(/:[^:@/]+@/, ':wrong@')
    expect((await doctor({ SMTP_URL })).smtp).toMatch(
      /refused the login.*check user and password in SMTP_URL/,
    )
  })

  test('a mail server that is not there', async () => {
    expect((await doctor({ SMTP_URL: 'smtp://127.0.0.1:9' })).smtp).toMatch(/SMTP_URL/)
  })

  test('a Label Studio that refuses private addresses, and legacy tokens that are switched off', async () => {
    const other = await startLabelStudio({ dataDir: join(rig.dir, 'protected'), ssrfProtection: true })
    try {
      const env = { LABEL_STUDIO_URL: other.url }
      expect((await doctor(env)).webhook).toMatch(/reserved network address.*SSRF_PROTECTION_ENABLED=false/s)
      const answer = await fetch(`${other.url}/api/jwt/settings`, {
        method: 'POST',
        headers: { Authorization: `Token ${other.token}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({ api_tokens_enabled: true, legacy_api_tokens_enabled: false }),
      })
      expect(answer.ok).toBe(true)
      expect((await doctor(env)).label_studio).toMatch(/legacy tokens switched off.*personal access token/)
    } finally {
      await other.stop()
    }
  })
})
