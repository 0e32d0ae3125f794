import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { monitorInput } from '../support/monitors.ts'
import { answered, type ReviewedTask, reviewedProject } from '../support/reviewed.ts'
import { type TestService, testService } from '../support/service.ts'

/** Of so many reviewed tasks so many changed, the last letter of four, so that each is 3/4 alike. */
const reviewed = (count: number, changed: number, more: Partial<ReviewedTask> = {}): ReviewedTask[] =>
  Array.from({ length: count }, (_, i) => ({
    ...answered(`Q${i}`, 'word', i < changed ? 'worm' : 'word'),
    ...more,
  }))
const strata = (first: number, second: number) => [
  { key: 'mon', seen: first, sampled: 40 },
  { key: 'tue', seen: second, sampled: 40 },
]

let it: TestService
const runs: Record<number, string | null> = {}
beforeAll(async () => {
  it = await testService()
  const ids = new Map<string, string>()
  for (const name of ['qa', 'other', 'idle']) {
    const { body } = await it
      .request()
      .post('/monitors')
      .send(monitorInput({ name, confidence: name === 'other' ? 0.99 : 0.95 }))
    ids.set(name, body.id)
  }
  const monitor = (name: string) => ({ id: ids.get(name) as string, name })
  const make = async (
    project: number,
    tasks: ReviewedTask[],
    run?: Parameters<typeof reviewedProject>[1]['run'],
  ) => {
    runs[project] = await reviewedProject(it.database.database, { project, tasks, ...(run && { run }) })
  }
  // Made in another order than that of their windows.
  await make(13, reviewed(10, 0, { version: 'v3' }), {
    monitor: monitor('qa'),
    from: '2024-11-15',
    to: '2024-11-21',
  })
  await make(11, reviewed(70, 56, { version: 'v1' }), {
    monitor: monitor('qa'),
    from: '2024-11-01',
    to: '2024-11-07',
  })
  await make(12, [...reviewed(60, 40, { version: 'v1' }), ...reviewed(20, 8, { version: 'v2' })], {
    monitor: monitor('qa'),
    from: '2024-11-08',
    to: '2024-11-14',
  })
  await make(19, reviewed(5, 5), {
    monitor: monitor('qa'),
    from: '2024-11-22',
    to: '2024-11-28',
    status: 'failed',
  })
  const mix = (mon: number, tue: number) => [
    ...reviewed(40, mon, { stratum: 'mon' }),
    ...reviewed(40, tue, { stratum: 'tue' }),
  ]
  await make(21, mix(4, 20), {
    monitor: monitor('other'),
    from: '2024-11-01',
    to: '2024-11-02',
    strata: strata(900, 100),
  })
  await make(22, mix(20, 4), {
    monitor: monitor('other'),
    from: '2024-11-03',
    to: '2024-11-04',
    strata: strata(900, 100),
  })
  await make(23, reviewed(40, 4, { stratum: 'mon' }), {
    monitor: monitor('other'),
    from: '2024-11-05',
    to: '2024-11-06',
    strata: strata(900, 100),
  })
  await make(31, [answered('Q', 'a', null)])
  await make(32, reviewed(70, 56))
})
afterAll(() => it.stop())

const compare = (query: string) => it.request().get(`/evaluations/compare?${query}`)
const rounded = (values: number[]) => values.map((value) => Number(value.toFixed(4)))

describe('projects', () => {
  test('are compared with the first, by the interval of Newcombe', async () => {
    const { status, body } = await compare('projects=11,12,13')
    expect(status).toBe(200)
    expect(body.confidence).toBe(0.95)
    expect(
      body.sides.map(({ project, reviewed }: { project: number; reviewed: number }) => [project, reviewed]),
    ).toEqual([
      [11, 70],
      [12, 80],
      [13, 10],
    ])
    expect(body.sides[1]).toMatchObject({
      monitor: 'qa',
      run: runs[12],
      window: { from: '2024-11-08', to: '2024-11-14' },
      model_versions: ['v1', 'v2'],
      change_rate: { changed: 48, value: 0.6 },
    })
    const [second, third] = body.differences
    // Newcombe 1998, table II, case (a): 56/70 and 48/80.
    expect([second.from, second.to, second.verdict]).toEqual([11, 12, 'better'])
    expect(second.change_rate.value).toBeCloseTo(-0.2, 12)
    expect(rounded(second.change_rate.interval)).toEqual([-0.3339, -0.0524])
    expect([third.from, third.to, third.verdict]).toEqual([11, 13, 'better'])
  })

  test('are worse the other way round', async () => {
    const { body } = await compare('projects=12,11')
    expect(rounded(body.differences[0].change_rate.interval)).toEqual([0.0524, 0.3339])
    expect(body.differences[0].verdict).toBe('worse')
  })

  test('are not told apart where the interval has 0 in it', async () => {
    const { body } = await compare('projects=11,32')
    expect(body.differences[0]).toMatchObject({ change_rate: { value: 0 }, verdict: 'no_evidence' })
  })

  test('are compared by similarity too, where more is better', async () => {
    const { body } = await compare('projects=11,13')
    const { similarity } = body.differences[0]
    expect(similarity.value).toBeCloseTo(0.25 * 0.8, 6)
    // The intervals of 10 of 10 and of 56 of 70: all of the first are alike, of the second 0.8.
    expect(rounded(similarity.interval)).toEqual([-0.088, 0.3082])
    expect(similarity.verdict).toBe('no_evidence')
  })

  test('are compared by what is weighted, which may say the opposite', async () => {
    const { body } = await compare('projects=21,22')
    const [{ change_rate, weighted_change_rate }] = body.differences
    expect([change_rate.value, change_rate.verdict]).toEqual([0, 'no_evidence'])
    expect(weighted_change_rate.value).toBeCloseTo(0.9 * 0.4 - 0.1 * 0.4, 12)
    expect(weighted_change_rate.verdict).toBe('worse')
    expect(body.confidence).toBe(0.99)
  })

  test('have no weighted difference while a stratum has no review', async () => {
    const { body } = await compare('projects=21,23')
    expect(body.differences[0].weighted_change_rate).toEqual({
      value: null,
      interval: null,
      verdict: 'no_evidence',
    })
  })

  test('without reviews have differences of null, never 0', async () => {
    const { body } = await compare('projects=11,31')
    const none = { value: null, interval: null, verdict: 'no_evidence' }
    expect(body.differences).toEqual([
      {
        from: 11,
        to: 31,
        change_rate: none,
        weighted_change_rate: none,
        similarity: none,
        verdict: 'no_evidence',
      },
    ])
    expect(body.sides[1]).toMatchObject({ window: null, run: null, reviewed: 0, similarity: null })
  })

  test('are taken at the highest confidence that one of them asks for', async () => {
    const { body } = await compare('projects=11,21')
    expect(body.confidence).toBe(0.99)
    expect(body.sides[0].change_rate.confidence).toBe(0.99)
    const { body: alone } = await it.request().get('/evaluations/11')
    expect(body.sides[0].change_rate.interval[0]).toBeLessThan(alone.change_rate.interval[0])
  })
})

describe('one project', () => {
  test('has its own model versions compared, each with the first', async () => {
    const { status, body } = await compare('projects=12')
    expect(status).toBe(200)
    expect(body.sides).toMatchObject([{ project: 12, model_versions: ['v1', 'v2'] }])
    expect(body.differences).toEqual([])
    expect(body.model_version_differences).toMatchObject([{ from: 'v1', to: 'v2', verdict: 'better' }])
  })

  test('of one model version has nothing to compare', async () => {
    const { body } = await compare('projects=11')
    expect([body.model_versions.length, body.model_version_differences]).toEqual([1, []])
  })
})

describe('a monitor', () => {
  test('has each ready run compared with the one before, in the order of their windows', async () => {
    const { body } = await compare('monitor=qa')
    expect(body.sides.map(({ project }: { project: number }) => project)).toEqual([11, 12, 13])
    expect(body.differences.map(({ from, to }: { from: number; to: number }) => [from, to])).toEqual([
      [11, 12],
      [12, 13],
    ])
  })

  test('has its model versions compared, each with the one before, over all runs', async () => {
    const { body } = await compare('monitor=qa')
    expect(body.model_versions).toMatchObject([
      { key: 'v1', changed: 96, reviewed: 130 },
      { key: 'v2', changed: 8, reviewed: 20, value: 0.4 },
      { key: 'v3', changed: 0, reviewed: 10, similarity: 1 },
    ])
    expect(
      body.model_version_differences.map(({ from, to, verdict }: Record<string, string>) => [
        from,
        to,
        verdict,
      ]),
    ).toEqual([
      ['v1', 'v2', 'better'],
      ['v2', 'v3', 'better'],
    ])
  })

  test('without runs has nothing to compare', async () => {
    const { status, body } = await compare('monitor=idle')
    expect(status).toBe(200)
    expect(body).toMatchObject({ confidence: 0.95, sides: [], differences: [], model_versions: [] })
  })
})

test.each([
  ['nothing', '', 400],
  ['both projects and monitor', 'projects=11,12&monitor=qa', 400],
  ['no project', 'projects=', 400],
  ['a project with itself', 'projects=11,11', 400],
  ['a project that is no number', 'projects=11,x', 400],
  ['more than 20 projects', `projects=${Array.from({ length: 21 }, (_, i) => i + 1).join(',')}`, 400],
  ['a project that is not followed', 'projects=11,99', 404],
  ['a monitor that is not there', 'monitor=nobody', 404],
])('a comparison of %s is refused', async (_case, query, status) => {
  const answer = await compare(query)
  expect([answer.status, answer.type]).toEqual([status, 'application/problem+json'])
})

describe('the trend', () => {
  test('has the ready runs of a monitor, the oldest window first, with intervals and sequences', async () => {
    const { status, body } = await it.request().get('/monitors/qa/trend')
    expect(status).toBe(200)
    expect(body.next_cursor).toBeNull()
    expect(body.items.map(({ project }: { project: number }) => project)).toEqual([11, 12, 13])
    const { body: evaluation } = await it.request().get('/evaluations/12')
    expect(body.items[1]).toEqual({
      run: runs[12],
      project: 12,
      window: { from: '2024-11-08', to: '2024-11-14' },
      model_versions: ['v1', 'v2'],
      reviewed: 80,
      change_rate: evaluation.change_rate,
      similarity: evaluation.similarity,
      similarity_sequence: evaluation.similarity_sequence,
      verdict: evaluation.verdict,
    })
  })

  test('has weighted rates beside the pooled ones', async () => {
    const { body } = await it.request().get('/monitors/other/trend')
    expect(
      body.items.map(({ change_rate }: { change_rate: { value: number } }) => change_rate.value),
    ).toEqual([0.3, 0.3, 0.1])
    expect(body.items[1].change_rate.weighted.value).toBeCloseTo(0.46, 12)
  })

  test('comes page by page', async () => {
    const projects: number[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const { body } = await it.request().get(`/monitors/qa/trend?limit=1${cursor && `&cursor=${cursor}`}`)
      projects.push(...body.items.map(({ project }: { project: number }) => project))
      cursor = body.next_cursor
    }
    expect(projects).toEqual([11, 12, 13])
  })

  test.each([
    ['of a monitor that is not there', '/monitors/nobody/trend', 404],
    ['with a cursor of another list', `/monitors/qa/trend?cursor=${btoa('12')}`, 400],
  ])('%s is refused', async (_case, path, status) => {
    expect((await it.request().get(path)).status).toBe(status)
  })

  test('of a monitor without runs is empty', async () => {
    expect((await it.request().get('/monitors/idle/trend')).body).toEqual({ items: [], next_cursor: null })
  })
})
