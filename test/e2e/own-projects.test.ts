import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Call } from '../../demo/services/label-studio-api.ts'
import { createReviewer, type Reviewer } from '../../demo/services/reviewer.ts'
import { evaluationBecomesEqual } from './support/becomes-equal.ts'
import { tasksOf } from './support/label-studio-tasks.ts'
import { REVIEW_CONFIG } from './support/logs.ts'
import { type NineDaysRun, runOverNineDays } from './support/nine-days-run.ts'
import type { OnePassOptions } from './support/one-pass.ts'
import { importTasks, makeProject, predictionsOf, registerWebhook } from './support/own-project.ts'
import { inDataManager, withText } from './support/reviews.ts'
import { type RunningService, WEBHOOK_SECRET } from './support/service.ts'

const CONTROLS = { answer: 'textarea', topics: 'choices', stars: 'rating' }
const BASIC_AUTH = { basic_auth_user: 'label-studio', basic_auth_pass: 'p:ss wörd' }

let all: NineDaysRun
let service: RunningService
let call: Call
let reviewer: Reviewer
beforeAll(async () => {
  all = await runOverNineDays(10, {
    BASIC_AUTH_USER: BASIC_AUTH.basic_auth_user,
    BASIC_AUTH_PASS: BASIC_AUTH.basic_auth_pass,
  })
  service = all.service
  call = all.rig.call
  reviewer = createReviewer(call)
})
afterAll(() => all?.stop())

describe('a project that the service did not make, with predictions of two model versions', () => {
  const config = `<View><Text name="question" value="$question"/>
    <TextArea name="answer" toName="question"/><Rating name="stars" toName="question" maxRating="5"/></View>`
  const region = (from_name: string, type: string, value: object) => ({
    id: `${from_name}-region`,
    from_name,
    to_name: 'question',
    type,
    value,
  })
  const predicted = (model_version: string, text: string) => ({
    model_version,
    result: [region('answer', 'textarea', { text: [text] })],
  })
  const options: OnePassOptions = { controls: { answer: 'textarea' } }
  let project: number
  let tasks: number[]
  const task = () => tasks.shift() as number
  const equalWithin = (withinMs: number) =>
    evaluationBecomesEqual(service, call, project, { ...options, withinMs })

  beforeAll(async () => {
    project = await makeProject(call, 'Made by hand', config)
    tasks = await importTasks(
      call,
      project,
      Array.from({ length: 12 }, (_, index) => ({
        data: { question: `Question ${index}?` },
        predictions:
          index === 11 ? [] : [predicted('new', `New ${index}.`), predicted('old', `Old ${index}.`)],
      })),
    )
    await call('PATCH', `/api/projects/${project}`, { model_version: 'old' })
  })

  test('is unknown until Label Studio tells of it', async () => {
    await reviewer.edit(task(), withText('Before anybody listened.'))
    expect(await service.request('GET', `/evaluations/${project}`)).toMatchObject({ status: 404 })
  })

  test('is read as a whole at the first event of a webhook registered by hand', async () => {
    await registerWebhook(call, project, service)
    await reviewer.accept(task())
    const start = performance.now()
    while ((await service.request('GET', `/evaluations/${project}`)).status === 404) {
      expect(performance.now() - start).toBeLessThan(5_000)
    }
    const ms = await equalWithin(5_000)
    console.log(`a project made by hand was read ${Math.round(ms)} ms after its first event`)
    expect(await service.evaluation(project)).toMatchObject({
      title: 'Made by hand',
      run: null,
      monitor: null,
      coverage: { tasks: 12, reviewed: 2 },
      change_rate: { changed: 1, reviewed: 2 },
    })
  })

  const annotate = async (id: number, text: string, parent: string | null) => {
    const predictions = await call<{ id: number; model_version: string }[]>(
      'GET',
      `/api/predictions/?task=${id}`,
    )
    const of = predictions.find(({ model_version }) => model_version === parent)
    await call('POST', `/api/tasks/${id}/annotations/`, {
      result: [region('answer', 'textarea', { text: [text] })],
      parent_prediction: of?.id ?? null,
    })
  }

  test.each<[string, (id: number) => Promise<unknown>]>([
    ['an annotation made from the project’s version', (id) => annotate(id, 'Old 2.', 'old')],
    ['one made from the other version', (id) => annotate(id, 'New 3.', 'new')],
    ['one made from nothing, equal to the project’s version', (id) => annotate(id, 'Old 4.', null)],
    ['one made from nothing, equal to the other version', (id) => annotate(id, 'New 5.', null)],
    [
      'a control that no prediction fills',
      (id) =>
        call('POST', `/api/tasks/${id}/annotations/`, {
          result: [
            region('answer', 'textarea', { text: ['Old 6.'] }),
            region('stars', 'rating', { rating: 4 }),
          ],
        }),
    ],
    ['a skip', (id) => reviewer.skip(id)],
  ])('equals the one-pass evaluation after %s', async (_sentence, act) => {
    await act(task())
    await equalWithin(1_000)
  })

  test('counts a task without any prediction as reviewed, but not comparable', async () => {
    await annotate(tasks.pop() as number, 'Nothing to compare with.', null)
    await equalWithin(1_000)
    expect((await service.evaluation(project)).coverage.not_comparable).toBe(1)
  })

  test('is computed anew when the project gets another model version', async () => {
    const before = (await service.evaluation(project)).change_rate.changed
    await call('PATCH', `/api/projects/${project}`, { model_version: 'new' })
    await equalWithin(2_000)
    const { change_rate, by_model_version } = await service.evaluation(project)
    // “Old 4.” and “Old 6.” are now changes, “New 5.” no longer is.
    expect(change_rate.changed).toBe(before + 1)
    expect(by_model_version.map(({ key }) => key)).toEqual(['new', 'old'])
  })

  test('is computed anew when tasks come with predictions of another control', async () => {
    const [id] = await importTasks(call, project, [
      {
        data: { question: 'And the stars?' },
        predictions: [{ model_version: 'new', result: [region('stars', 'rating', { rating: 5 })] }],
      },
    ])
    await call('POST', `/api/tasks/${id}/annotations/`, {
      result: [region('stars', 'rating', { rating: 4 })],
    })
    options.controls.stars = 'rating'
    await equalWithin(5_000)
  })

  test('follows hundreds of tasks that come at once, with their predictions', async () => {
    const { coverage } = await service.evaluation(project)
    const many = Array.from({ length: 500 }, (_, index) => ({
      data: { question: `One of many: ${index}?` },
      predictions: [predicted('new', `New ${index}.`)],
    }))
    const [first] = await importTasks(call, project, many)
    const begun = performance.now()
    await annotate(first as number, 'Not so.', 'new')
    await equalWithin(30_000)
    console.log(`500 imported tasks were read in ${((performance.now() - begun) / 1000).toFixed(1)} s`)
    expect((await service.evaluation(project)).coverage.tasks).toBe(coverage.tasks + 500)
  })

  test('takes over a new labeling config', async () => {
    const changed = config.replace(
      '<Rating name="stars"',
      '<Header value="Now rate it"/><Rating name="stars"',
    )
    await call('PATCH', `/api/projects/${project}`, { label_config: changed, title: 'Renamed by hand' })
    await equalWithin(2_000)
    expect(await service.evaluation(project)).toMatchObject({ title: 'Renamed by hand' })
  })
})

test('a control that leaves the labeling config leaves the comparison, and comes back with it', async () => {
  const project = all.run.project?.id as number
  const path = `/api/projects/${project}`
  const [task] = (await tasksOf(call, project)).filter(({ predictions }) =>
    predictions[0]?.result.some(({ from_name }) => from_name === 'stars'),
  )
  const { answer, topics, stars } = CONTROLS
  await call('PATCH', path, { label_config: REVIEW_CONFIG.replace(/ *<Rating .*\n/, '') })
  await reviewer.edit(task?.id as number, (regions) => regions.filter((r) => r.from_name !== 'stars'))
  await evaluationBecomesEqual(service, call, project, {
    controls: { answer, topics },
    strata: all.run.strata,
  })
  expect((await service.evaluation(project)).change_rate).toMatchObject({ reviewed: 1, changed: 0 })

  await call('PATCH', path, { label_config: REVIEW_CONFIG })
  const options = { controls: { answer, topics, stars }, strata: all.run.strata, withinMs: 2_000 }
  await evaluationBecomesEqual(service, call, project, options)
  expect((await service.evaluation(project)).change_rate).toMatchObject({ reviewed: 1, changed: 1 })
})

describe('the service as a model in Label Studio', () => {
  /** The same data as the run’s, in other projects. */
  const dataOfTheRun = () => all.expected.tasks.map(({ task }) => ({ data: task.data }))
  const loggedAnswers = () =>
    all.expected.tasks.map(({ task }) => ({
      model_version: task.model_version,
      score: task.score,
      values: task.prediction,
    }))
  const addModel = (project: number, path: string, settings: object = {}) =>
    call<{ id: number; state: string }>('POST', '/api/ml', {
      project,
      url: `${service.url}${path}`,
      title: 'production model',
      ...settings,
    })
  const shown = async (project: number) =>
    (await predictionsOf(call, project)).map(({ model_version, score, result }) => ({
      model_version,
      score,
      values: Object.fromEntries(result.map(({ from_name, value }) => [from_name, value])),
    }))

  test.each([
    ['by a URL with the secret', 'Model by URL', `/ml/${WEBHOOK_SECRET}`, {}],
    ['by user and password', 'Model by password', '', { auth_method: 'BASIC_AUTH', ...BASIC_AUTH }],
  ])('added %s, gives the logged predictions in another project', async (_how, title, path, settings) => {
    const project = await makeProject(call, title, REVIEW_CONFIG)
    const ids = await importTasks(call, project, [
      ...dataOfTheRun(),
      { data: { question: 'Unknown?', request_id: '-' } },
    ])
    expect(await addModel(project, path, settings)).toMatchObject({ state: 'CO' })
    await inDataManager({ call, project }, 'retrieve_tasks_predictions', ids)
    expect((await shown(project)).filter(({ values }) => Object.keys(values).length > 0)).toEqual(
      loggedAnswers(),
    )
  })

  test.each([
    ['a wrong secret', '/ml/wrong', {}],
    ['a wrong password', '', { auth_method: 'BASIC_AUTH', ...BASIC_AUTH, basic_auth_pass: 'wrong' }],
    ['no password', '', {}],
  ])('can’t be added with %s', async (_what, path, settings) => {
    const project = await makeProject(call, 'Model refused', REVIEW_CONFIG)
    await expect(addModel(project, path, settings)).rejects.toThrow(/answered 400/)
  })

  test('counts an event once that comes by the webhook of the model and by the service’s own', async () => {
    const project = all.run.project?.id as number
    await addModel(project, `/ml/${WEBHOOK_SECRET}`)
    const hooks = await call<{ url: string }[]>('GET', `/api/webhooks/?project=${project}`)
    expect(hooks.map(({ url }) => url).sort()).toEqual([
      `${service.url}/ml/${WEBHOOK_SECRET}/webhook`,
      `http://localhost:${service.port}/webhook`,
    ])
    const options = { controls: CONTROLS, strata: all.run.strata }
    const { coverage } = await service.evaluation(project)
    const next = async () => (await reviewer.next(project))?.id as number
    await reviewer.accept(await next())
    const { id } = await reviewer.edit(await next(), withText('Once, although told twice.'))
    await reviewer.skip(await next())
    await evaluationBecomesEqual(service, call, project, options)
    await reviewer.remove(id)
    await evaluationBecomesEqual(service, call, project, options)
    expect((await service.evaluation(project)).coverage).toMatchObject({
      reviewed: coverage.reviewed + 1,
      skipped: 1,
    })
  })
})
