import type { S3 } from './services/s3.ts'
import { type SampleVersion, sampleLogs, sampleRecords } from './services/sample-logs.ts'

/** The story: a release goes wrong on the busiest day of the week and is rolled back on the next. */

export const bucket = 'model-logs'
export const monitorName = 'qa-model'
export const days = 9
export const tasks = 60
export const person = { email: 'reviewer@example.com', password: 'reviewer-password' }

const badDay = 6
const previous: SampleVersion = { name: 'v1.5.2', errorRate: 0.06 }
const current: SampleVersion = { name: 'v1.5.3', errorRate: 0.04 }
const bad: SampleVersion = { name: 'v1.6.0', errorRate: 0.8 }

/** The log objects of the nine days that end with `today` (`YYYY-MM-DD`), by key. */
export function storyLogs(today: string): { objects: Map<string, string>; records: number } {
  const options = {
    days,
    perDay: (day: number) => (day === badDay ? 1200 : 60 + day),
    versions: (day: number) => [day === badDay ? bad : day < 4 ? previous : current],
    seed: 20,
    today,
    prefix: 'production/',
  }
  const records = [...sampleRecords(options).values()].reduce((sum, ofDay) => sum + ofDay.length, 0)
  return { objects: sampleLogs(options), records }
}

/** The body of `POST /monitors`. */
export function storyMonitor(
  s3: Pick<S3, 'endpoint' | 'region' | 'accessKeyId' | 'secretAccessKey'>,
): object {
  return {
    name: monitorName,
    title: 'QA model',
    source: {
      type: 's3',
      bucket,
      key_pattern: 'qalogs_{MM}:{DD}:{YY}.txt',
      endpoint: s3.endpoint,
      region: s3.region,
      credentials: { access_key_id: s3.accessKeyId, secret_access_key: s3.secretAccessKey },
    },
    format: { type: 'template' },
    sample: { total: tasks, by: 'date' },
    labeling: { config: labelingConfig },
    mapping: {
      data: { question: 'question' },
      prediction: { answer: 'answer' },
      model_version: 'model_version',
      score: 'confidence_level',
    },
    thresholds: [{ metric: 'weighted_change_rate', max: 0.25, warn: 0.1, min_reviewed: 30 }],
    notify: { emails: [person.email] },
  }
}

const labelingConfig = `<View>
  <Header value="Question"/>
  <Text name="question" value="$question"/>
  <Header value="The model's answer: submit it as it is, or correct it first"/>
  <TextArea name="answer" toName="question" rows="4" editable="true" maxSubmissions="1"/>
</View>`
