import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Call } from '../../demo/services/label-studio-api.ts'
import type { Mail } from '../../demo/services/smtp.ts'
import type { Run } from '../../src/contract/types.ts'
import { type LabelStudioTask, tasksOf } from './support/label-studio-tasks.ts'
import { REVIEW_CONFIG } from './support/logs.ts'
import { VERSIONS } from './support/nine-days.ts'
import { MONITOR, type NineDaysRun, runOverNineDays, SEED } from './support/nine-days-run.ts'
import { WEBHOOK_SECRET } from './support/service.ts'

/** No multiple of the number of dates, so that the dates' turns decide. */
const TOTAL = 40

let all: NineDaysRun
let { rig, service, logs, expected, run, events } = {} as NineDaysRun
let tasks: LabelStudioTask[]
beforeAll(async () => {
  all = await runOverNineDays(TOTAL)
  ;({ rig, service, logs, expected, run, events } = all)
  tasks = await tasksOf(rig.call, run.project?.id as number)
  const seconds = (Date.parse(run.finished_at ?? '') - Date.parse(run.created_at)) / 1000
  const { objects_total, records_seen, records_malformed } = run.progress
  console.log(
    `${objects_total} objects, ${records_seen} records, ${records_malformed} malformed, ${tasks.length} tasks: ready in ${seconds} s`,
  )
})
afterAll(() => all?.stop())

describe('a run over nine days of logs of which seven count', () => {
  test('is ready, without an error', () => {
    expect(run).toMatchObject({ status: 'ready', error: null, message: null, total: TOTAL, seed: SEED })
  })

  test('counts the records of each date, and samples the dates evenly', () => {
    expect(run.strata).toEqual(expected.strata)
  })

  test('names every place that it could not read, by object and line', () => {
    expect(run.malformed.map(({ object, line }) => ({ object, line }))).toEqual(
      expected.malformed.slice(0, 20),
    )
    expect(run.malformed.every(({ problem }) => problem.length > 5)).toBe(true)
  })

  test('ends with all objects, bytes, records and tasks done', () => {
    const bytes = logs.counted.reduce((sum, { body }) => sum + body.length, 0)
    expect(run.progress).toEqual({
      objects_total: logs.counted.length,
      objects_done: logs.counted.length,
      bytes_total: bytes,
      bytes_done: bytes,
      records_seen: logs.counted.reduce((sum, { records }) => sum + records.length, 0),
      records_malformed: expected.malformed.length,
      tasks_total: TOTAL,
      tasks_imported: TOTAL,
    })
  })

  test('tells its progress by server-sent events, from its begin to its end', () => {
    const statuses = [...new Set(events.map(({ status }) => status))]
    const order = ['queued', 'scanning', 'importing', 'ready']
    expect(statuses).toEqual(order.filter((status) => statuses.includes(status as Run['status'])))
    expect(statuses).toContain('importing')
    expect(events.at(-1)).toEqual({ ...run, notifications: expect.anything() })
    for (const key of ['objects_done', 'bytes_done', 'records_seen', 'tasks_imported'] as const) {
      const values = events.map(({ progress }) => progress[key])
      expect(values, key).toEqual(values.toSorted((a, b) => a - b))
    }
  })

  test('is not made twice: the same call answers with the run that exists', async () => {
    const again = await service.request('POST', '/runs', { monitor: MONITOR })
    expect(again).toMatchObject({ status: 200, body: { id: run.id } })
    expect(await rig.call('GET', '/api/projects')).toMatchObject({ count: 1 })
  })
})

describe('its Label Studio project', () => {
  test('has the monitor’s title with the dates, and says where it comes from', async () => {
    const project = await projectOf(rig.call)
    expect(project.title).toBe(`QA model ${logs.from}..${logs.to}`)
    expect(run.project).toEqual({
      id: project.id,
      title: project.title,
      url: `${rig.labelStudio.url}/projects/${project.id}/data`,
    })
    for (const part of ['qa-model', logs.from, logs.to, String(SEED), run.id]) {
      expect(project.description).toContain(part)
    }
    expect(project.label_config).toBe(REVIEW_CONFIG)
  })

  test('holds exactly the tasks of the seed, in the order of the sample', () => {
    expect(tasks.map(({ data }) => data)).toEqual(expected.tasks.map(({ task }) => task.data))
  })

  test('says in each task’s meta which record it is, from which version, and the service’s own key', () => {
    expect(tasks.map(({ meta }) => meta)).toEqual(
      expected.tasks.map(({ object, offset, date, stratum, task }) => ({
        key: expect.stringContaining(run.id),
        run: run.id,
        monitor: 'qa-model',
        stratum,
        date,
        source: `${object}@${offset}`,
        model_version: task.model_version,
      })),
    )
    expect(new Set(tasks.map(({ meta }) => meta.key)).size).toBe(TOTAL)
  })

  test('has one prediction for each task, equal to the answer in the logs', () => {
    const predictions = tasks.map(({ predictions }) =>
      predictions.map((prediction) => ({
        score: prediction.score,
        values: Object.fromEntries(prediction.result.map(({ from_name, value }) => [from_name, value])),
      })),
    )
    expect(predictions).toEqual(
      expected.tasks.map(({ task }) => [{ score: task.score, values: task.prediction }]),
    )
  })

  test('has regions with an id of their own that belong to the text', () => {
    const regions = tasks.flatMap(({ predictions }) => predictions.flatMap(({ result }) => result))
    for (const region of regions) {
      expect(region).toMatchObject({ id: expect.stringMatching(/^[\w-]{5,}$/), to_name: 'question' })
    }
    const ids = regions.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('shows the predictions of all versions: they carry one label, which is the project’s', async () => {
    const label = `qa-model ${logs.from}..${logs.to}`
    expect((await projectOf(rig.call)).model_version).toBe(label)
    const carried = tasks.flatMap(({ predictions }) => predictions.map(({ model_version }) => model_version))
    expect([...new Set(carried)]).toEqual([label])
    expect([...new Set(tasks.map(({ meta }) => meta.model_version))].sort()).toEqual(VERSIONS)
  })

  test('has one webhook, with the secret in its header', async () => {
    expect(run.webhook).toEqual({ registered: true, problem: null, remedy: null })
    expect(await rig.call('GET', `/api/webhooks/?project=${run.project?.id}`)).toEqual([
      expect.objectContaining({
        url: `http://localhost:${service.port}/webhook`,
        headers: { 'X-Webhook-Secret': WEBHOOK_SECRET },
        is_active: true,
        send_payload: true,
      }),
    ])
  })

  test('is at once an evaluation with no review', async () => {
    const evaluation = await service.evaluation(run.project?.id as number)
    expect(evaluation.coverage).toEqual({ tasks: TOTAL, reviewed: 0, skipped: 0, not_comparable: 0 })
    expect(evaluation.change_rate).toMatchObject({ value: null, interval: null, sequence: null })
    expect(evaluation).toMatchObject({ similarity: null, verdict: 'inconclusive', run: run.id })
  })
})

describe('its e-mail', () => {
  let mail: Mail
  beforeAll(async () => {
    ;[mail] = (await rig.smtp.waitFor(1)) as [Mail]
  })

  test('came once, over TLS, with a password, to all recipients', async () => {
    expect(rig.smtp.messages).toHaveLength(1)
    expect(mail.recipients).toEqual(['ml@example.org', 'ops@example.org'])
    expect(mail.user).toBe('monitor@example.com')
    expect(mail.from?.text).toContain('monitor@example.com')
    const { notifications } = await service.runThat(
      run.id,
      (now) => now.notifications[0]?.state === 'sent',
      5000,
    )
    expect(notifications).toMatchObject([
      { kind: 'email', to: mail.recipients, state: 'sent', attempts: 1, error: null },
    ])
  })

  test.each(['text', 'html'] as const)(
    'has as %s: title, link, window, and the records of each date',
    (kind) => {
      const body = (kind === 'text' ? mail.text : withoutTags(String(mail.html))) ?? ''
      const { records_seen } = run.progress
      for (const part of [
        run.project?.title,
        logs.from,
        logs.to,
        `Records seen ${records_seen}`,
        `Sampled ${TOTAL}`,
      ]) {
        expect(body.replace(/\s+/g, ' ')).toContain(part)
      }
      for (const { key, seen, sampled } of expected.strata) {
        expect(body.replace(/\s+/g, ' ')).toContain(`${key} ${seen} ${sampled}`)
      }
      expect(kind === 'text' ? body : mail.html).toContain(
        kind === 'text' ? run.project?.url : `href="${run.project?.url}"`,
      )
      expect(mail.subject).toContain(run.project?.title)
    },
  )
})

async function projectOf(call: Call) {
  return call<{
    id: number
    title: string
    description: string
    label_config: string
    model_version: string
  }>('GET', `/api/projects/${run.project?.id}`)
}

function withoutTags(html: string): string {
  return html
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('&amp;', '&')
    .replace(/\s+/g, ' ')
}
