import { afterAll, beforeAll, expect, test } from 'vitest'
import { monitorInput } from '../support/monitors.ts'
import { type TestService, testService } from '../support/service.ts'

const SAMPLE = `Timestamp: 1999-01-02 09:30:12
User Input: What is a region?
Model Response: A part of a result.
Version: v1
`
let service: TestService

beforeAll(async () => {
  service = await testService({ API_TOKENS: 'write:w,read:r' })
})
afterAll(() => service?.stop())

const preview = (body: object, token = 'w') =>
  service.request().post('/preview').set('Authorization', `Bearer ${token}`).send(body)

test('a pasted sample becomes tasks whatever its dates are, and nothing is stored', async () => {
  const { body } = await preview({ monitor: monitorInput(), sample: SAMPLE }).expect(200)
  expect(body).toMatchObject({
    problems: [],
    records: [{ question: 'What is a region?' }],
    tasks: [{ data: { question: 'What is a region?' }, predictions: [{ model_version: 'v1' }] }],
  })
  const { body: stored } = await service.request().get('/monitors').set('Authorization', 'Bearer r')
  expect(stored.items).toEqual([])
})

test('without a sample the source is read, and what is wrong with it is a problem', async () => {
  const { body } = await preview({ monitor: monitorInput() }).expect(200)
  expect(body.tasks).toEqual([])
  expect(body.problems[0].message).toContain('FILE_ROOT')
})

test.each([
  ['a definition that can not work', { monitor: monitorInput({ labeling: {} }), sample: SAMPLE }, 'w', 422],
  ['a definition that is none', { monitor: {}, sample: SAMPLE }, 'w', 400],
  [
    'a secret that nobody has stored',
    {
      monitor: monitorInput({
        source: {
          type: 's3',
          bucket: 'b',
          key_pattern: '*',
          credentials: { access_key_id: '***', secret_access_key: '***' },
        },
      }),
    },
    'w',
    422,
  ],
  ['a token that may only read', { monitor: monitorInput(), sample: SAMPLE }, 'r', 403],
] as const)('%s is refused', async (_what, body, token, status) => {
  await preview(body, token).expect(status)
})
