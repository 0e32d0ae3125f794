import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { monitorInput } from '../support/monitors.ts'
import { type TestService, testService } from '../support/service.ts'

let it: TestService
beforeAll(async () => {
  it = await testService()
  await mkdir(it.logs, { recursive: true })
  const lines = Array.from({ length: 20 }, (_, i) =>
    JSON.stringify({ question: `q${i}`, answer: `a${i}`, when: '11.11.2024 08:30', at: 1731313800 }),
  )
  await writeFile(join(it.logs, 'chat-11-nov.jsonl'), lines.join('\n'))
})
afterAll(() => it.stop())

const window = { from: '2024-11-11', to: '2024-11-11' }

/** What a preview finds wrong, and what a run warns of, up to where Label Studio would be called, which is not there. */
async function told(name: string, timestamp_field: string) {
  const source = { type: 'file', path: '.', key_pattern: 'chat-*.jsonl' }
  await it
    .request()
    .post('/monitors')
    .send(monitorInput({ name, source, format: { type: 'jsonl', timestamp_field }, sample: { total: 5 } }))
  const preview = await it.request().post(`/monitors/${name}/preview`).send(window)
  const run = await it
    .request()
    .post('/runs')
    .set('Prefer', 'wait=20')
    .send({ monitor: name, ...window })
  return {
    problems: preview.body.problems.map(({ message }: { message: string }) => message),
    warnings: run.body.warnings,
  }
}

test('records whose dates nobody can read are told before a run and by it', async () => {
  expect(await told('unread', 'when')).toEqual({
    problems: [expect.stringMatching(/^10 of the first 10 records have no date.*"11\.11\.2024 08:30"/)],
    warnings: [expect.stringMatching(/^20 records have no date and were taken whatever the window is/)],
  })
})

test('nothing is told of records that have dates', async () => {
  expect(await told('read', 'at')).toEqual({ problems: [], warnings: [] })
})
