import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Run } from '../../src/contract/types.ts'
import { type Postgres15, startPostgres15 } from '../support/postgres15.ts'
import { type Rig, startRig } from './rig/rig.ts'
import { isImport, type LabelStudioProxy, startLabelStudioProxy } from './support/label-studio-proxy.ts'
import { sendMarkedEvents, storedMarks } from './support/marked-events.ts'
import { type RunningService, startService } from './support/service.ts'
import { putSmallLogs, SMALL, smallMonitor } from './support/small-monitor.ts'

/** One process of the service, with a way to Label Studio of its own, so that it shows which of them does something. */
interface Replica {
  name: string
  service: RunningService
  labelStudio: LabelStudioProxy
}

let rig: Rig
let database: Postgres15
let replicas: [Replica, Replica]
beforeAll(async () => {
  rig = await startRig()
  await putSmallLogs(rig)
})
afterAll(() => rig?.stop())
beforeEach(async () => {
  database = await startPostgres15()
  replicas = [await startReplica('first'), await startReplica('second')]
})
afterEach(async () => {
  for (const { service, labelStudio } of replicas ?? []) {
    await service.stop()
    await labelStudio.stop()
  }
  await database?.stop()
})

async function startReplica(name: string): Promise<Replica> {
  const labelStudio = await startLabelStudioProxy(rig.labelStudio.url)
  const service = await startService(rig, {
    dataDir: join(rig.dir, `${name}-${Date.now()}`),
    env: { LABEL_STUDIO_URL: labelStudio.url, DATABASE_URL: database.url, SECRET_KEY: 'shared' },
  })
  return { name, service, labelStudio }
}
const otherThan = (replica: Replica) => replicas.find((each) => each !== replica) as Replica

/** Starts a run, and does something to the replica that is about to import its tasks. */
async function interruptImport(
  name: string,
  moment: 'before' | 'after',
  act: (replica: Replica) => Promise<void>,
): Promise<{ run: Run; interrupted: Replica }> {
  const [{ service }] = replicas
  let interrupted: Replica | undefined
  const struck = Promise.race(
    replicas.map(async (replica) => {
      // The one that goes on imports as well.
      const isFirst = (method: string, path: string) => interrupted === undefined && isImport(method, path)
      await replica.labelStudio.once(moment, isFirst, () => {
        interrupted = replica
        return act(replica)
      })
      return replica
    }),
  )
  await service.call('POST', '/monitors', smallMonitor(rig, name))
  const run = await service.call<Run>('POST', '/runs', { monitor: name, from: SMALL.from, to: SMALL.to })
  return { run, interrupted: await struck }
}

async function expectDoneOnce({ id }: Run, { service }: Replica): Promise<void> {
  const run = await service.runThat(id, ({ status }) => ['ready', 'failed'].includes(status), 90_000)
  expect(run).toMatchObject({ status: 'ready', progress: { tasks_imported: SMALL.total } })
  const { results } = await rig.call<{ results: { id: number; description: string; task_number: number }[] }>(
    'GET',
    '/api/projects?page_size=100',
  )
  const own = results.filter(({ description }) => description.includes(id))
  expect(own.map((project) => [project.id, project.task_number])).toEqual([[run.project?.id, SMALL.total]])
}

test('a run whose process is told to end is brought to its end by the other one', async () => {
  let ended: Promise<string> | undefined
  const { run, interrupted } = await interruptImport('told', 'after', async ({ service }) => {
    ended = service.terminate()
  })
  expect(await ended).toMatch(/exit code 0/)
  await expectDoneOnce(run, otherThan(interrupted))
})

test('a run whose process is killed is brought to its end by the other one', async () => {
  const { run, interrupted } = await interruptImport('killed', 'after', ({ service }) => service.kill())
  await expectDoneOnce(run, otherThan(interrupted))
})

test('a process that waits for Label Studio ends by its deadline, and the other one goes on', async () => {
  const begun = Promise.withResolvers<number>()
  let ended: Promise<string> | undefined
  const { run, interrupted } = await interruptImport('hanging', 'before', async ({ service }) => {
    ended = service.terminate()
    begun.resolve(performance.now())
    // Label Studio does not answer for as long as somebody waits.
    await ended
  })
  expect(await ended).toMatch(/exit code [01]/)
  console.log(`it ended after ${((performance.now() - (await begun.promise)) / 1000).toFixed(1)} s`)
  await expectDoneOnce(run, otherThan(interrupted))
})

test('events that one process acknowledged before its end are processed by the other one', async () => {
  const [first, second] = replicas
  const body = {
    action: 'ANNOTATION_CREATED',
    project: { id: 77 },
    annotation: { id: 1, task: 1, result: [], updated_at: '2026-11-23T00:00:00Z' },
  }
  const events = sendMarkedEvents(first.service.url, () => body, { atOnce: 16, pauseMs: 0 })
  await expect.poll(() => events.acknowledged.length).toBeGreaterThan(300)
  expect(await first.service.terminate()).toMatch(/exit code 0/)
  await events.stop()
  // No answer but an acknowledgement, or none because the door is closed.
  expect([...events.answers.keys()].sort()).toEqual([0, 202])
  expect(await storedMarks({ databaseUrl: database.url }, events.acknowledged)).toMatchObject({
    ...{ lost: [], doubled: [] },
  })
  expect((await second.service.request('GET', '/health')).status).toBe(200)
  console.log(`${events.acknowledged.length} events were acknowledged before the end, 0 lost, 0 twice`)
})
