import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createUser, labelStudioApi } from '../../demo/services/label-studio-api.ts'
import { createReviewer } from '../../demo/services/reviewer.ts'
import type { Reconciliation } from '../../src/contract/types.ts'
import { evaluationBecomesEqual } from './support/becomes-equal.ts'
import { type LabelStudioTask, tasksOf } from './support/label-studio-tasks.ts'
import { type NineDaysRun, runOverNineDays } from './support/nine-days-run.ts'
import { inShort, type OnePassOptions } from './support/one-pass.ts'
import { DEEDS, type Place, withText } from './support/reviews.ts'
import { startService } from './support/service.ts'

/** At the same moment, by two reviewers. */
const AT_ONCE = 8
/** For the label stream. */
const LEFT = 12
const TOTAL = DEEDS.length + AT_ONCE + LEFT

let all: NineDaysRun
let place: Place
let untouched: LabelStudioTask[]
let options: OnePassOptions
const latencies: number[] = []

beforeAll(async () => {
  all = await runOverNineDays(TOTAL)
  const { rig, run } = all
  const project = run.project?.id as number
  const user = await createUser(rig.labelStudio, 'second@example.com')
  place = {
    project,
    call: rig.call,
    admin: createReviewer(rig.call, 5),
    second: createReviewer(labelStudioApi(rig.labelStudio.url, user.token), 8.4),
  }
  untouched = await tasksOf(rig.call, project)
  options = {
    controls: { answer: 'textarea', topics: 'choices', stars: 'rating' },
    strata: run.strata,
  }
})
afterAll(() => all?.stop())

/** Waits longer than the second that is promised: the machine may stand still; how long it took is told at the end. */
async function evaluationIsEqual(withinMs = 10_000): Promise<void> {
  const { service } = all
  latencies.push(await evaluationBecomesEqual(service, place.call, place.project, { ...options, withinMs }))
}

describe('the evaluation equals at once one computed in one pass from Label Studio after', () => {
  afterAll(() => {
    const inOrder = latencies.toSorted((a, b) => a - b).map((ms) => Math.round(ms))
    console.log(
      `evaluation equal after a review: median ${inOrder[inOrder.length >> 1]} ms, at most ${inOrder.at(-1)} ms, of ${inOrder.length}`,
    )
  })

  test.each(DEEDS)('%s', async (_sentence, act) => {
    await act((untouched.shift() as LabelStudioTask).id, place)
    await evaluationIsEqual()
  })

  test(`${AT_ONCE} reviews at once`, async () => {
    await Promise.all(
      untouched.splice(0, AT_ONCE).map(({ id }, index) => {
        const reviewer = index % 2 ? place.admin : place.second
        return index % 3 ? reviewer.accept(id) : reviewer.edit(id, withText(`At once ${index}.`))
      }),
    )
    await evaluationIsEqual()
  })
})

describe('with several model versions in one window', () => {
  test('the label stream hands out each task that is left, with its prediction', async () => {
    const { model_version } = await place.call<{ model_version: string }>(
      'GET',
      `/api/projects/${place.project}`,
    )
    const open = (await tasksOf(place.call, place.project)).filter(
      ({ annotations }) => annotations.length === 0,
    )
    const answers = new Map(all.expected.tasks.map(({ task }) => [task.data.request_id, task.prediction]))
    const handedOut: number[] = []
    for (
      let task = await place.admin.next(place.project);
      task;
      task = await place.admin.next(place.project)
    ) {
      expect(task.predictions.map((prediction) => prediction.model_version)).toEqual([model_version])
      const shown = task.predictions[0]?.result.map(({ from_name, value }) => [from_name, value])
      expect(Object.fromEntries(shown ?? [])).toEqual(answers.get(task.data.request_id as string))
      handedOut.push(task.id)
      await place.admin.accept(task.id)
    }
    expect(handedOut).toEqual(expect.arrayContaining(open.map(({ id }) => id)))
    expect(open.length).toBeGreaterThanOrEqual(LEFT)
  })

  test('each counts under its own name', async () => {
    await evaluationIsEqual()
    const { by_model_version } = await all.service.evaluation(place.project)
    const versions = new Set(all.expected.tasks.map(({ task }) => task.model_version))
    expect(by_model_version.map(({ key }) => key)).toEqual([...versions].sort())
    expect(by_model_version.length).toBe(3)
  })
})

test('the changed tasks can be listed, each with what was predicted and what became of it', async () => {
  const { items } = await all.service.call<{ items: { task: number; changed: boolean; diff: object }[] }>(
    'GET',
    `/evaluations/${place.project}/tasks?changed=true&limit=100`,
  )
  const { change_rate } = await all.service.evaluation(place.project)
  expect(items).toHaveLength(change_rate.changed)
  expect(items.every(({ changed, diff }) => changed && Object.keys(diff).length > 0)).toBe(true)
})

describe('of what Label Studio did not tell, a comparison with it', () => {
  const compare = () => all.service.call<Reconciliation>('POST', `/evaluations/${place.project}/reconcile`)
  const none = { added: 0, updated: 0, removed: 0 }

  test('finds nothing where an event gave reason to ask: a ground truth that was lost, updates at once', async () => {
    const before = await all.service.evaluation(place.project)
    expect(await compare()).toMatchObject({ differed: false, annotations: none })
    const after = await all.service.evaluation(place.project)
    expect(inShort(after, options)).toEqual(inShort(before, options))
  })

  test('finds the annotation that was made a draft again', async () => {
    const [task] = (await tasksOf(place.call, place.project)).filter(
      ({ annotations }) => annotations.length === 1,
    )
    await place.call('POST', `/api/annotations/${task?.annotations[0]?.id}/convert-to-draft`)
    expect(await compare()).toMatchObject({ differed: true, annotations: { ...none, removed: 1 } })
    await evaluationIsEqual()
  })
})

describe('the reviews that are made', () => {
  const annotated = async () =>
    (await tasksOf(place.call, place.project)).flatMap(({ annotations }) =>
      annotations.filter(({ was_cancelled }) => !was_cancelled).map(({ id }) => id),
    )
  const restart = async () => {
    const { dataDir, port } = all.service
    all.service = await startService(all.rig, { dataDir, port })
  }

  test('right before the service is killed are counted after its start', async () => {
    const ids = (await annotated()).slice(0, 5)
    for (const id of ids) await place.admin.update(id, withText('Said in time.'))
    await all.service.kill()
    await restart()
    await evaluationIsEqual()
  })

  test('while the service is stopped are counted after its start', async () => {
    await all.service.stop()
    const [first, second] = (await annotated()).slice(5)
    await place.admin.update(first as number, withText('Said to nobody.'))
    await place.admin.remove(second as number)
    await restart()
    await evaluationIsEqual(15_000)
  })
})
