import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Evaluation } from '../../src/contract/types.ts'
import type { Region } from '../../src/labeling/types.ts'
import { type Rig, startRig } from './rig/rig.ts'
import { type Browser, launchBrowser } from './support/browser.ts'
import { type Editor, openEditor } from './support/editor.ts'
import { KINDS, type Kind } from './support/kinds.ts'
import { importTasks, makeProject, registerWebhook } from './support/own-project.ts'
import { type RunningService, startService } from './support/service.ts'

let rig: Rig
let service: RunningService
let browser: Browser
let editor: Editor
beforeAll(async () => {
  rig = await startRig({ validatePredictions: true })
  service = await startService(rig, { dataDir: join(rig.dir, 'service') })
  browser = await launchBrowser()
  editor = await openEditor(await browser.context.newPage(), rig.labelStudio.url)
})
afterAll(async () => {
  await browser?.close()
  await service?.stop()
  await rig?.stop()
})

interface Sample {
  sample_task: { data: Record<string, unknown> }
  sample_prediction: { result: Region[] }
}

/** The result with another value of the control's first region, and of what the editor keeps beside it. */
function edited(result: Region[], { control, edit }: Kind): Region[] {
  const first = result.find(({ from_name }) => from_name === control)
  return result.map((region) => (region === first ? { ...region, value: edit(region.value ?? {}) } : region))
}

/** The result without the control's first region, what belongs to it, and relations with it. */
function removed(result: Region[], { control }: Kind): Region[] {
  const first = result.find(({ from_name }) => from_name === control)
  return result.filter(({ id, from_id, to_id }) => ![id, from_id, to_id].includes(first?.id))
}

/** The evaluation once three tasks are reviewed; within seconds, because a webhook tells of each. */
async function reviewed(project: number): Promise<Evaluation> {
  for (const giveUpAt = Date.now() + 15_000; ; await sleep(50)) {
    const { status, body } = await service.request('GET', `/evaluations/${project}`)
    if (status === 200 && body.coverage.reviewed === 3) return body
    if (Date.now() > giveUpAt) throw new Error(`not reviewed: ${JSON.stringify(body)}`)
  }
}

interface Imported {
  project: number
  tasks: number[]
  prediction: Region[]
}

/** A project with three tasks of the kind, each with the sample prediction. */
async function imported(kind: Kind): Promise<Imported> {
  const { sample_task, sample_prediction } = await service.call<Sample>(
    'POST',
    '/labeling-config/sample-prediction',
    { label_config: kind.config },
  )
  const prediction = [...sample_prediction.result, ...(kind.more?.(sample_prediction.result) ?? [])]
  const project = await makeProject(rig.call, kind.says, kind.config)
  await registerWebhook(rig.call, project, service)
  const predicted = { data: sample_task.data, predictions: [{ model_version: 'v1', result: prediction }] }
  const tasks = await importTasks(rig.call, project, [predicted, predicted, predicted])
  return { project, tasks, prediction }
}

describe.each(KINDS)('$says', (kind) => {
  test('has a sample prediction that Label Studio imports with its own validation switched on', async () => {
    const { tasks } = await imported(kind)
    expect(tasks).toHaveLength(3)
  })

  // Now and then Label Studio's editor shows no prediction of a project, however often it is loaded: another
  // project is tried then.
  test('counts as predicted, edited and removed', { retry: 2 }, async () => {
    const { project, tasks, prediction } = await imported(kind)
    const [, second, third] = tasks
    for (const [task, result] of [
      [second, edited(prediction, kind)],
      [third, removed(prediction, kind)],
    ] as const) {
      await rig.call('POST', `/api/tasks/${task}/annotations/`, { result })
    }
    // the first task is the only one left in the label stream
    const shown = await editor.open(project, prediction.length)
    expect(new Set(shown.map(({ id, type, from_name }) => `${id} ${type} ${from_name}`))).toEqual(
      new Set(prediction.map(({ id, type, from_name }) => `${id} ${type} ${from_name}`)),
    )
    await editor.submit()

    const evaluation = await reviewed(project)
    const unchanged = await service.call<{ items: { task: number }[] }>(
      'GET',
      `/evaluations/${project}/tasks?changed=false`,
    )
    expect(unchanged.items.map(({ task }) => task)).toEqual(tasks.slice(0, 1))
    expect(evaluation.change_rate).toMatchObject({ changed: 2, reviewed: 3 })
    const control = evaluation.controls.find(({ name }) => name === kind.control)
    expect(control).toMatchObject({ changed: 2, reviewed: 3 })
    expect(control?.similarity).toBeCloseTo((1 + kind.similarity + (kind.left ?? 0)) / 3, 6)
    expect(confusionsOf(control)).toEqual(kind.confusion ?? null)
    expect(control?.edits).toEqual(kind.edits ?? null)
  })
})

function confusionsOf(control: Evaluation['controls'][number] | undefined) {
  if (!control?.confusion) return null
  const { labels, counts, removed } = control.confusion
  const cells = labels.flatMap((predicted, row) => [
    ...labels.map((corrected, column) => [predicted, corrected, counts[row]?.[column] ?? 0] as const),
    [predicted, null, removed[row] ?? 0] as const,
  ])
  return cells.filter(([, , count]) => count > 0)
}
