import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { createScrape, type Reading } from '../../src/telemetry/scrape.ts'
import { monitorInput } from '../support/monitors.ts'
import { answered, reviewedProject } from '../support/reviewed.ts'
import { type TestService, testService } from '../support/service.ts'
import { type LabelStudioServer, labelStudioServer } from './label-studio.ts'
import { parseQuery } from './promql.ts'
import { writeRecords } from './records.ts'
import { parseSeries, type Series } from './series.ts'

const PREFIX = 'label_studio_monitor_'
let labelStudio: LabelStudioServer
let it: TestService
let series: Series[]

const reading = (name: string, labels: Record<string, string> = {}) => {
  const found = series.filter(
    (each) =>
      each.name === PREFIX + name &&
      Object.entries(labels).every(([key, value]) => each.labels[key] === value),
  )
  return found.length === 0 ? null : found.reduce((sum, { value }) => sum + value, 0)
}

const event = (action: string, extra: object = {}) =>
  it
    .request()
    .post('/webhook')
    .set('X-Webhook-Secret', 'hook-secret')
    .send({ action, ...extra })

beforeAll(async () => {
  labelStudio = await labelStudioServer()
  it = await testService({
    LABEL_STUDIO_URL: labelStudio.url,
    LABEL_STUDIO_API_KEY: 'key',
    API_TOKENS: 'boss,read:looker',
  })
  await writeRecords(it.logs)
  const boss = { Authorization: 'Bearer boss' }
  await it.request().post('/monitors').set(boss).send(monitorInput()).expect(201)
  await it
    .request()
    .post('/runs')
    .set({ ...boss, Prefer: 'wait=20' })
    .send({ monitor: 'qa-model', from: '2024-11-12', to: '2024-11-12' })
    .expect(200)
  await it.request().get('/evaluations/7').set(boss).expect(200)
  await it.request().get('/no/such/path').set(boss).expect(404)
  const task = { id: 1, task: 1, result: [], updated_at: '2024-11-12T00:00:00Z', was_cancelled: false }
  await event('ANNOTATION_CREATED', { annotation: task, project: { id: 7 }, task: { id: 1 } }).expect(202)
  await event('MADE_UP_BY_SOMEBODY', { project: { id: 7 } }).expect(202)
  await event('ANNOTATION_UPDATED').expect(202)
  await event('ANNOTATION_UPDATED').set('X-Webhook-Secret', 'wrong').expect(401)
  const unprocessed = 'select 1 from events where processed_at is null'
  const { pool } = it.database.database
  await vi.waitFor(async () => expect((await pool.query(unprocessed)).rows).toEqual([]), 60_000)
  await reviewedProject(it.database.database, {
    project: 9,
    tasks: [answered('a', 'x', 'y'), answered('b', 'x'), answered('c', 'x'), answered('d', 'x', null)],
  })
  await reviewedProject(it.database.database, { project: 10, tasks: [answered('a', 'x', null)] })
  const answer = await it.request().get('/metrics').set('Authorization', 'Bearer looker')
  expect(it.logged.filter((line) => line.includes('gauges'))).toEqual([])
  expect(answer.status).toBe(200)
  expect(answer.type).toBe('text/plain')
  series = parseSeries(answer.text)
})
afterAll(async () => {
  await it.stop()
  await labelStudio.close()
})

describe('/metrics tells', () => {
  test.each<[string, string, Record<string, string>, unknown]>([
    ['the version', 'build_info', { version: '0.0.0-test' }, 1],
    ['that the database answers', 'database_up', {}, 1],
    ['events that came', 'events_received_total', { action: 'ANNOTATION_CREATED', outcome: 'stored' }, 1],
    ['events of unknown actions as one', 'events_received_total', { action: 'other' }, 1],
    ['no event without the secret', 'events_received_total', { action: 'ANNOTATION_UPDATED' }, 1],
    ['events applied', 'events_processed_total', { action: 'ANNOTATION_CREATED', outcome: 'applied' }, 1],
    ['events without a project', 'events_processed_total', { outcome: 'no_project' }, 1],
    ['the lag of each event', 'event_lag_seconds_count', {}, 3],
    ['that none waits', 'events_waiting', {}, 0],
    ['runs that are ready', 'runs', { status: 'ready' }, 1],
    ['runs that failed, of which there are none', 'runs', { status: 'failed' }, 0],
    ['the queue of runs', 'jobs', { queue: 'run', state: 'created' }, 0],
    ['deliveries', 'deliveries', { state: 'failed' }, 0],
    [
      'calls of Label Studio',
      'label_studio_call_duration_seconds_count',
      { operation: 'POST /api/projects/{id}/import', status: 'ok' },
      1,
    ],
    ['a listing of logs', 'source_call_duration_seconds_count', { operation: 'file list', status: 'ok' }, 1],
    [
      'an object that was opened',
      'source_call_duration_seconds_count',
      { operation: 'file open', status: 'ok' },
      1,
    ],
    [
      'requests by their route',
      'http_request_duration_seconds_count',
      { method: 'GET', route: '/evaluations/{project}', status: '200' },
      1,
    ],
    [
      'requests without a route',
      'http_request_duration_seconds_count',
      { route: 'unmatched', status: '404' },
      1,
    ],
    [
      'the verdict of the run',
      'evaluation_verdict',
      { project: '7', monitor: 'qa-model', verdict: 'inconclusive' },
      1,
    ],
    ['that it is no other', 'evaluation_verdict', { project: '7', verdict: 'fail' }, 0],
    ['its tasks', 'evaluation_tasks', { project: '7' }, 5],
    ['a change rate', 'evaluation_change_rate', { project: '9' }, 1 / 3],
    ['no change rate where there is no data', 'evaluation_change_rate', { project: '10' }, null],
    ['that no project is left out', 'evaluations_left_out', {}, 0],
  ])('%s', (_what, name, labels, value) => {
    expect(reading(name, labels)).toEqual(value)
  })

  test('the process itself', () => {
    expect(series.map(({ name }) => name)).toContain('process_resident_memory_bytes')
  })

  test('bounds of the change rate that hold it', () => {
    const [lower, upper] = ['lower', 'upper'].map((bound) =>
      reading('evaluation_change_rate_bound', { project: '9', bound }),
    )
    expect(lower).toBeLessThan(1 / 3)
    expect(upper).toBeGreaterThan(1 / 3)
  })

  test('no ids of runs, no names of hosts or secrets: labels have few values', () => {
    const values = series.flatMap(({ labels }) => Object.values(labels))
    expect(values.filter((value) => /[0-9a-f]{8}-|secret|127\.0|Bearer/.test(value))).toEqual([])
  })
})

describe('the Grafana dashboard', () => {
  const file = 'examples/grafana/label-studio-monitor.json'
  const { panels, templating } = JSON.parse(readFileSync(file, 'utf8')) as {
    panels: { title: string; targets?: { expr: string; legendFormat: string }[] }[]
    templating: { list: { name: string; definition?: string }[] }
  }
  const targets = panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr, legendFormat }): [string, string, string] => [title, expr, legendFormat]),
  )
  /** The same in every process: to be added up by nobody. */
  const SHARED = /_(runs|jobs|deliveries|events_waiting.*|evaluation_.*)$/

  test.each(targets)('%s: %s reads metrics and labels that there are', (_title, expr, legend) => {
    const { metrics, labels, isSum } = parseQuery(expr)
    for (const metric of metrics) {
      const found = series.filter(({ name }) => name === metric)
      expect(found, metric).not.toEqual([])
      const shown = [...legend.matchAll(/{{(\w+)}}/g)].map(([, label]) => label as string)
      const known = [...Object.keys(found[0]?.labels ?? {}), 'job', 'instance']
      expect(known, metric).toEqual(expect.arrayContaining([...labels, ...shown]))
      if (SHARED.test(metric)) expect(isSum).toBe(false)
    }
  })

  test('lets a monitor be chosen by a label that there is', () => {
    const { definition } = templating.list.find(({ name }) => name === 'monitor') ?? {}
    const [, metric, label = ''] = /^label_values\((\w+), (\w+)\)$/.exec(definition ?? '') ?? []
    expect(series.find(({ name }) => name === metric)?.labels).toHaveProperty(label)
  })

  test('shows every metric of the service but its version and what is left out', () => {
    const own = new Set(
      series
        .map(({ name }) => name.replace(/_(bucket|sum|count)$/, ''))
        .filter((name) => name.startsWith(PREFIX)),
    )
    const text = targets.map(([, expr]) => expr).join(' ')
    const missing = [...own].filter((name) => !text.includes(name))
    expect(missing.map((name) => name.slice(PREFIX.length)).sort()).toEqual([
      'build_info',
      'evaluations_left_out',
      'events_processed_total',
    ])
  })
})

test('docs/operations.md names every metric of the service', () => {
  const doc = readFileSync('docs/operations.md', 'utf8')
  const names = series
    .map(({ name }) => name.replace(/_(bucket|sum|count)$/, ''))
    .filter((name) => name.startsWith(PREFIX))
  expect([...new Set(names)].filter((name) => !doc.includes(`\`${name.slice(PREFIX.length)}\``))).toEqual([])
})

describe('/metrics is for', () => {
  test.each([
    ['a token that may read', 'Bearer looker', 200],
    ['nobody without a token', '', 401],
    ['nobody with a wrong one', 'Bearer nobody', 401],
  ])('%s', async (_who, authorization, status) => {
    expect((await it.request().get('/metrics').set('Authorization', authorization)).status).toBe(status)
  })
})

describe('a scrape', () => {
  const waiting = (value: number): Reading => ({
    name: 'waiting',
    help: 'Waiting.',
    samples: [{ labels: {}, value }],
  })

  test('reads the database once for all who ask within seconds', async () => {
    let reads = 0
    const scrape = createScrape(createMetrics('1').registry, async () => [waiting(++reads)])
    const [one, other] = await Promise.all([scrape(), scrape()])
    expect(one.text).toBe(other.text)
    expect((await scrape()).text).toContain('label_studio_monitor_waiting 1')
    expect(reads).toBe(1)
  })

  test('without the database tells the rest, and nothing that was true before', async () => {
    let away = false
    const read = async () => {
      if (away) throw new Error('away')
      return [waiting(5)]
    }
    const scrape = createScrape(createMetrics('1').registry, read, { keepMs: -1 })
    expect((await scrape()).text).toContain('label_studio_monitor_waiting 5')
    away = true
    const { text } = await scrape()
    expect(text).toContain('label_studio_monitor_database_up 0')
    expect(text).toContain('label_studio_monitor_build_info')
    expect(text).not.toContain('label_studio_monitor_waiting')
  })
})
