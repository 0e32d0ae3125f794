import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Monitor } from '../../src/contract/types.ts'
import { type Rig, startRig } from './rig/rig.ts'
import { tasksOf } from './support/label-studio-tasks.ts'
import { type RunningService, startService } from './support/service.ts'

const CONFIG = `<View>
  <Header value="Question:"/>
  <Text name="question" value="$question"/>
  <TextArea name="answer" toName="question" editable="true" smart="false" maxSubmissions="1"/>
</View>`

/** The original script's config.ini as its users fill it in. */
const configIni = (rig: Rig, labeling: { project?: number; config?: string }) => `[labelstudio]
# Your Label Studio instance url
LabelStudioURL = ${rig.labelStudio.url}
# Your Label Studio API key
LabelStudioAPI = ${rig.labelStudio.token}
# OPTIONAL The ID of the Label Studio project that you want to use the config from.
LabelStudioProjectID = ${labeling.project ?? ''}
# OPTIONAL Your Label Studio Config. Note that you need a space at the beginning of every line!
LabelingConfig = ${(labeling.config ?? '').replaceAll('\n', '\n ')}

[data]
# Total number of samples to upload to LabelStudio for review.
total_to_extract = 40
# BOOLEAN whether or not to sample your data by date
# If true, take an even sample across all 6 days sampled, getting as close as we can to the total_to_extract number without going over.
sample_by_date = True

[logs]
username = ${rig.s3.accessKeyId}
api_key = ${rig.s3.secretAccessKey}
bucket = qa-logs

[notifications]
# Email from which to send the notification
email_sender = monitor@example.com
#emai or emails, comma separated with no spaces, to receive notification emails
email_recipient = first@example.org,second@example.org
# SMTP server -- provided by your email client
smtp_server = 127.0.0.1
smtp_port = ${rig.smtp.port}
# the password or app key for your email. If using gmail, generate an app key here: https://myaccount.google.com/apppasswords
email_password = p@ss/word
`

interface Logged {
  request: string
  time: string
  question: string
  answer: string
  confidence: number
  version?: string
}

/** The log file of the original: named by the day after, with records of the day before. */
const RECORDS: Logged[] = [
  {
    request: '5578e54b-b09d-4f42-a0c9-789f14d244a7',
    time: '00:12:33',
    question: 'What is the capital of France?',
    answer: 'The capital of France is Paris.',
    confidence: 98.3,
  },
  {
    request: 'd1c4e218-970d-4c68-a054-50bf34995fe6',
    time: '00:15:47',
    question: 'What are the health benefits of green tea?',
    answer:
      'Green tea is believed to aid in weight loss, improve brain function, and reduce the risk of heart disease. It contains antioxidants known as polyphenols.',
    confidence: 95.1,
  },
  {
    request: 'b94a7314-f429-46e2-b939-4db29e659f7a',
    time: '00:18:09',
    question: "Explain Einstein's theory of relativity in simple terms.",
    answer:
      "Einstein's theory of relativity explains how space and time are linked. It says that the faster you move, the slower time passes. It also says that the force of gravity bends space and time.",
    confidence: 99.2,
  },
  {
    request: '56f22b60-016d-4201-bfd7-6932d12e5e43',
    time: '00:25:14',
    question: 'Who won the Nobel Prize in 2023?',
    answer:
      'The Nobel Prize in 2023 for Physics was awarded to Alain Aspect, John F. Clauser, and Anton Zeilinger for their experiments with entangled photons.',
    confidence: 98.9,
  },
  {
    request: '87bfae72-80b5-4671-8e56-bc03293c3cc2',
    time: '00:30:22',
    question: 'How do I change a flat tire?',
    answer:
      "To change a flat tire, you'll need a jack, a spare tire, and a lug wrench. First, lift the car with the jack. Then, loosen the lug nuts, remove the flat tire, and replace it with the spare. Tighten the lug nuts before lowering the car.",
    confidence: 97.4,
  },
]

const LOG = RECORDS.map(
  ({ request, time, question, answer, confidence }) => `Timestamp: 2024-11-11 ${time}
Request ID: ${request}
Request Type: Text Query
User Input: "${question}"

Model Response: "${answer}"
Processing Time: 120 ms
Status: Success
Confidence Level: ${confidence}%
Cache Hit: Yes
Version: v1.5.3
Model Server: qa-model-server-03
`,
).join('\n')

let rig: Rig
let service: RunningService
beforeAll(async () => {
  rig = await startRig()
  service = await startService(rig, { dataDir: join(rig.dir, 'service') })
  await rig.s3.createBucket('qa-logs')
  await rig.s3.putObjects('qa-logs', [['qalogs_11:12:24.txt', LOG]])
})
afterAll(async () => {
  await service?.stop().finally(() => rig.stop())
})

test.each([
  ['with a labeling config of its own', 'own-config', 'own-config', async () => ({ config: CONFIG })],
  [
    'with the config of a project, whose title it takes',
    'copied',
    'Questions & answers',
    async () => {
      const fields = { title: 'Questions & answers', label_config: CONFIG }
      return { project: (await rig.call<{ id: number }>('POST', '/api/projects', fields)).id }
    },
  ],
])(
  'the original’s config.ini %s makes a monitor whose run brings all records of the original’s log',
  async (_how, name, title, labeling) => {
    const file = join(rig.dir, `${name}.ini`)
    await writeFile(file, configIni(rig, await labeling()))
    const said = await command('import-config', file, '--name', name, '--url', service.url)
    expect(said).toContain(`monitor ${name} is made`)
    expect(said).not.toContain(rig.s3.secretAccessKey)
    expect(await service.call<Monitor>('GET', `/monitors/${name}`)).toMatchObject({
      source: { bucket: 'qa-logs', credentials: { secret_access_key: '***' } },
      sample: { total: 40, by: 'date' },
      notify: { emails: ['first@example.org', 'second@example.org'] },
    })

    const run = await service.run({ monitor: name, from: '2024-11-10', to: '2024-11-12', force: false })
    expect(run).toMatchObject({
      status: 'ready',
      project: { title: `${title} 2024-11-10..2024-11-12` },
      strata: [{ key: '2024-11-11', seen: 5, sampled: 5 }],
      malformed: [],
    })
    const project = run.project?.id as number
    const byQuestion = <T extends { question: string }>(a: T, b: T) => (a.question < b.question ? -1 : 1)
    const arrived = (await tasksOf(rig.call, project)).map(({ data, predictions }) => ({
      question: data.question as string,
      predictions: predictions.map(({ model_version, score, result }) => ({
        model_version,
        score,
        result: result.map(({ from_name, to_name, type, value }) => ({ from_name, to_name, type, value })),
      })),
    }))
    expect(arrived.sort(byQuestion)).toEqual(
      RECORDS.map(({ question, answer, confidence }) => ({
        question,
        predictions: [
          {
            model_version: 'v1.5.3',
            score: Number(`${confidence}e-2`),
            result: [
              { from_name: 'answer', to_name: 'question', type: 'textarea', value: { text: [answer] } },
            ],
          },
        ],
      })).sort(byQuestion),
    )
    expect(await rig.call('GET', `/api/projects/${project}`)).toMatchObject({ model_version: 'v1.5.3' })
    await service.runThat(run.id, ({ notifications }) => notifications[0]?.state === 'sent', 10_000)
    expect(rig.smtp.messages.at(-1)).toMatchObject({
      recipients: ['first@example.org', 'second@example.org'],
      subject: expect.stringContaining(title),
    })
  },
)

async function command(...args: string[]): Promise<string> {
  const cli = fileURLToPath(new URL('../../bin/label-studio-monitor.mjs', import.meta.url))
  const env = { PATH: process.env.PATH ?? '' }
  return (await promisify(execFile)(process.execPath, [cli, ...args], { env })).stdout
}
