import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createReviewer, type Task } from '../../demo/services/reviewer.ts'
import type { Evaluation, EvaluationTask, Run } from '../../src/contract/types.ts'
import { type Rig, startRig } from './rig/rig.ts'
import { tasksOf } from './support/label-studio-tasks.ts'
import { type RunningService, startService } from './support/service.ts'

const CONFIG = `<View><Text name="question" value="$question"/>
  <Choices name="topic" toName="question"><Choice value="billing"/><Choice value="delivery"/></Choices></View>`
const TOTAL = 40
const BLIND = 12
const WEEK = ['2024-11-11', '2024-11-12']
const NEXT_WEEK = ['2024-11-18', '2024-11-19']

let rig: Rig
let service: RunningService
let run: Run
let project: number
/** Which tasks of the project the service keeps the prediction of to itself. */
let blind: Set<number>
beforeAll(async () => {
  rig = await startRig()
  service = await startService(rig, { dataDir: join(rig.dir, 'service') })
  await rig.s3.createBucket('logs')
  await rig.s3.putObjects(
    'logs',
    [...WEEK, ...NEXT_WEEK].map((date): [string, string] => [`${date}.jsonl`, logOf(date)]),
  )
  await service.call('POST', '/monitors', {
    name: 'topics',
    source: {
      type: 's3',
      bucket: 'logs',
      key_pattern: '{YYYY}-{MM}-{DD}.jsonl',
      credentials: { access_key_id: rig.s3.accessKeyId, secret_access_key: rig.s3.secretAccessKey },
    },
    format: { type: 'jsonl' },
    labeling: { config: CONFIG },
    sample: { total: TOTAL, allocation: 'neyman', blind_fraction: 0.3 },
  })
  run = await service.run({ monitor: 'topics', from: '2024-11-11', to: '2024-11-12', seed: 3, force: false })
  project = run.project?.id as number
})
afterAll(async () => {
  await service?.stop()
  await rig?.stop()
})

/** Each question says what the right topic is; on Mondays the model takes every delivery for billing. */
function logOf(date: string): string {
  const isMonday = WEEK[0] === date || NEXT_WEEK[0] === date
  return Array.from({ length: 100 }, (_, i) => {
    const right = i % 2 ? 'billing' : 'delivery'
    const topic = isMonday ? 'billing' : right
    return JSON.stringify({ question: `${date} ${i} about ${right}`, topic, model_version: `v${i % 2}` })
  }).join('\n')
}

const rightTopic = ({ data }: Task) => String(data.question).split(' about ')[1] as string

describe('a run with blind tasks', () => {
  test('says how many there are, and that there was nothing to allocate by', () => {
    expect(run.status).toBe('ready')
    expect(run.progress).toMatchObject({ tasks_total: TOTAL, tasks_imported: TOTAL })
    expect(run.tasks_blind).toBe(BLIND)
    expect(run.strata.reduce((sum, { blind = 0 }) => sum + blind, 0)).toBe(BLIND)
    expect(run.warnings).toEqual([expect.stringContaining('proportional')])
  })

  test('gives Label Studio no prediction of them, and nothing else that tells them', async () => {
    const tasks = await tasksOf(rig.call, project)
    blind = new Set(tasks.filter(({ predictions }) => predictions.length === 0).map(({ id }) => id))
    expect(blind.size).toBe(BLIND)
    const { model_version } = await rig.call<{ model_version: string }>('GET', `/api/projects/${project}`)
    for (const { data, meta, predictions } of tasks) {
      expect(Object.keys(data)).toEqual(['question'])
      expect(Object.keys(meta).sort()).toEqual([
        ...['date', 'key', 'model_version', 'monitor', 'run', 'source', 'stratum'],
      ])
      // What the label stream shows are predictions of the project's version.
      for (const each of predictions) expect(each.model_version).toBe(model_version)
    }
  })

  test('has a model that does not answer for them', async () => {
    const tasks = await tasksOf(rig.call, project)
    const { results } = await service.call<{ results: { result: unknown[] }[] }>('POST', '/predict', {
      tasks,
      label_config: CONFIG,
    })
    expect(results.map(({ result }) => result.length)).toEqual(tasks.map(({ id }) => (blind.has(id) ? 0 : 1)))
  })
})

describe('a reviewer who accepts what is shown, right or wrong', () => {
  let evaluation: Evaluation
  beforeAll(async () => {
    const reviewer = createReviewer(rig.call)
    for (let task = await reviewer.next(project); task; task = await reviewer.next(project)) {
      if (blind.has(task.id)) {
        const value = { choices: [rightTopic(task)] }
        const region = {
          id: `made-${task.id}`,
          from_name: 'topic',
          to_name: 'question',
          type: 'choices',
          value,
        }
        await reviewer.edit(task.id, () => [region])
      } else await reviewer.accept(task.id)
    }
    evaluation = await service.evaluation(project)
    for (let look = 0; look < 100 && evaluation.coverage.reviewed < TOTAL; look++) {
      await sleep(100)
      evaluation = await service.evaluation(project)
    }
  })

  test('is told by the blind tasks, which count nowhere else', async () => {
    const changed = (await listed('blind=true')).filter((task) => task.changed).length
    expect(changed).toBeGreaterThan(0)
    expect(evaluation.coverage).toEqual({ tasks: TOTAL, reviewed: TOTAL, skipped: 0, not_comparable: 0 })
    expect(evaluation.change_rate).toMatchObject({ changed: 0, reviewed: TOTAL - BLIND, value: 0 })
    expect(evaluation.by_annotator).toMatchObject([{ reviewed: TOTAL - BLIND }])
    expect(evaluation.controls).toMatchObject([{ name: 'topic', changed: 0, reviewed: TOTAL - BLIND }])
    expect(evaluation.blind).toMatchObject({
      shown: { changed: 0, reviewed: TOTAL - BLIND, value: 0, similarity: 1 },
      blind: { changed, reviewed: BLIND, value: changed / BLIND, similarity: 1 - changed / BLIND },
    })
    const { change_rate, similarity } = evaluation.blind?.difference ?? {}
    expect(change_rate?.value).toBeCloseTo(changed / BLIND, 9)
    expect(similarity?.value).toBeCloseTo(-changed / BLIND, 6)
  })

  test('stays told after everything was read from Label Studio anew', async () => {
    await service.call('POST', `/evaluations/${project}/reconcile`)
    const { freshness: _, updated_at: __, ...after } = await service.evaluation(project)
    const { freshness: ___, updated_at: ____, ...before } = evaluation
    expect(after).toEqual(before)
  })

  test('is exported with a mark at the blind tasks, and Label Studio imports the others to the same numbers', async () => {
    const jsonl = await exported('format=jsonl')
    expect(jsonl.filter((line) => line.blind)).toHaveLength(BLIND)
    expect(jsonl.filter((line) => line.blind === false)).toHaveLength(TOTAL - BLIND)
    for (const { prediction } of jsonl) expect(prediction).toHaveLength(1)
    expect((await exported('format=preference')).every((line) => line.blind)).toBe(true)

    const copy = await rig.call<{ id: number }>('POST', '/api/projects', {
      title: 'Copy',
      label_config: CONFIG,
    })
    await rig.call(
      'POST',
      `/api/projects/${copy.id}/import`,
      await exported('format=label-studio&blind=false'),
    )
    await service.call('POST', `/evaluations/${copy.id}/reconcile`)
    const { weighted: _, ...rate } = evaluation.change_rate
    expect((await service.evaluation(copy.id)).change_rate).toMatchObject(rate)
  })
})

test('the next run samples more of the day of the week where the model was wrong', async () => {
  const tasks = await tasksOf(rig.call, project)
  // Somebody looks again at what was accepted.
  for (const { id, data, annotations } of tasks) {
    const right = rightTopic({ data } as Task)
    const [own] = annotations
    if (!own || blind.has(id)) continue
    await createReviewer(rig.call).update(own.id, (regions) =>
      regions.map((region) => ({ ...region, value: { choices: [right] } })),
    )
  }
  const wrong = tasks.filter(({ id, meta }) => !blind.has(id) && meta.date === WEEK[0]).length
  expect(wrong).toBeGreaterThan(0)
  for (let look = 0; look < 100; look++) {
    if ((await service.evaluation(project)).change_rate.changed > 0) break
    await sleep(100)
  }
  const next = await service.run({
    monitor: 'topics',
    from: '2024-11-18',
    to: '2024-11-19',
    seed: 3,
    force: false,
  })
  const [monday, tuesday] = next.strata
  expect(next.warnings).toEqual([])
  expect(monday?.sampled).toBeGreaterThan(tuesday?.sampled as number)
  expect((monday?.sampled ?? 0) + (tuesday?.sampled ?? 0)).toBe(TOTAL)
})

async function listed(query: string): Promise<EvaluationTask[]> {
  const { items } = await service.call<{ items: EvaluationTask[] }>(
    'GET',
    `/evaluations/${project}/tasks?limit=1000&${query}`,
  )
  return items
}

async function exported(query: string) {
  const response = await fetch(`${service.url}/evaluations/${project}/export?${query}`)
  const lines = (await response.text()).split('\n').filter(Boolean)
  return lines.map((line) => JSON.parse(line))
}
