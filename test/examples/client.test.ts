import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { answered, reviewedProject } from '../support/reviewed.ts'
import { type TestService, testService } from '../support/service.ts'

const run = promisify(execFile)
let service: TestService

beforeAll(async () => {
  service = await testService({ API_TOKENS: 'read:reader' })
  await reviewedProject(service.database.database, {
    project: 12,
    tasks: [
      answered('What is a region?', 'A part.', 'A part of a result.'),
      answered('And a task?', 'One item.'),
    ],
  })
})
afterAll(() => service?.stop())

const example = (token: string) =>
  run(process.execPath, ['examples/client.ts', service.service.url], {
    env: { PATH: process.env.PATH, MONITOR_TOKEN: token },
  })

test('the client prints each evaluation and what was changed in it', async () => {
  const { stdout } = await example('reader')
  expect(stdout).toMatch(
    /^Project 12: 1 of 2 changed, surely \d+ % to \d+ %: inconclusive\n {2}task 12000: \{"answer":/,
  )
})

test('the client says what the service says is wrong', async () => {
  await expect(example('somebody')).rejects.toThrow('This API token is not one of API_TOKENS.')
})
