import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createLogger } from '../../src/commands/logger.ts'
import { withLogFields } from '../../src/telemetry/log-fields.ts'
import { monitorInput } from '../support/monitors.ts'
import { type TestService, testService } from '../support/service.ts'
import { type LabelStudioServer, labelStudioServer } from './label-studio.ts'
import { writeRecords } from './records.ts'

let labelStudio: LabelStudioServer
let it: TestService
beforeAll(async () => {
  labelStudio = await labelStudioServer()
  it = await testService({ LABEL_STUDIO_URL: labelStudio.url, LABEL_STUDIO_API_KEY: 'key' })
  await writeRecords(it.logs)
})
afterAll(async () => {
  await it.stop()
  await labelStudio.close()
})

const linesWith = (field: string, value: string) =>
  it.logged.map((line) => JSON.parse(line)).filter((line) => line[field] === value)

describe('a request', () => {
  test.each([
    ['has the id that its caller gave', 'my-id:1', /^my-id:1$/],
    ['has one of its own where the given one is no id', 'a b {}', /^[0-9a-f-]{36}$/],
    ['has one of its own where the given one is endless', 'x'.repeat(200), /^[0-9a-f-]{36}$/],
  ])('%s, in the answer and in the log', async (_what, given, expected) => {
    const { headers } = await it.request().get('/health').set('X-Request-Id', given)
    const id = headers['x-request-id'] as string
    expect(id).toMatch(expected)
    await expect.poll(() => linesWith('request', id)).toMatchObject([{ msg: 'request', status: 200 }])
  })

  test('that fails is named alike in the problem', async () => {
    const { body } = await it.request().get('/runs/none').set('X-Request-Id', 'mine')
    expect(body.instance).toBe('urn:label-studio-monitor:request:mine')
  })
})

test('every line of a run has its id and its job, whichever part logged it', async () => {
  await it.request().post('/monitors').send(monitorInput()).expect(201)
  const window = { from: '2024-11-12', to: '2024-11-12' }
  const { body } = await it
    .request()
    .post('/runs')
    .set('Prefer', 'wait=20')
    .send({ monitor: 'qa-model', ...window })
  expect(body).toMatchObject({ status: 'ready', project: { id: 7 } })
  const lines = it.logged.map((line) => JSON.parse(line)).filter(({ job }) => job === 'run')
  expect(lines.map(({ msg }) => msg)).toContain('the run is ready')
  expect(lines.filter(({ run }) => run !== body.id)).toEqual([])
})

test('a line says what it is about, the inner before the outer, and nothing once that is over', async () => {
  const lines: string[] = []
  const log = createLogger('info', { write: (line) => void lines.push(line) })
  const about = () => {
    const { request, run, job } = JSON.parse(lines.at(-1) ?? '')
    return { request, run, job }
  }
  await withLogFields({ request: 'r', job: 'outer' }, async () => {
    await withLogFields({ run: '1', job: 'inner' }, async () => {
      await new Promise((resolve) => setImmediate(resolve))
      log.info('within')
    })
    expect(about()).toEqual({ request: 'r', run: '1', job: 'inner' })
    log.info('after')
    expect(about()).toEqual({ request: 'r', job: 'outer' })
  })
  log.info('over')
  expect(about()).toEqual({})
})
