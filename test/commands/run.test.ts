import { afterEach, describe, expect, it } from 'vitest'
import { connect } from '../../src/commands/api.ts'
import { followRun } from '../../src/commands/follow-run.ts'
import { progressLines } from '../../src/commands/run-progress.ts'
import type { Run } from '../../src/contract/types.ts'
import { cli, testIo } from './io.ts'
import { failed, importing, queued, ready, runOf, scanning } from './runs.ts'
import { type Answer, type FakeService, fakeService, problem } from './service.ts'

const GET_RUN = `GET /runs/${queued.id}`

let service: FakeService
afterEach(() => service.close())

/** A service that answers POST /runs, and then shows the run in each of these states in turn, the last for good. */
async function serviceWith(started: Answer, ...states: (Run | Answer)[]): Promise<FakeService> {
  let look = 0
  service = await fakeService({
    'POST /runs': started,
    [GET_RUN]: () => {
      const state = states[Math.min(look++, states.length - 1)] as Run | Answer
      return Array.isArray(state) ? state : [200, state]
    },
  })
  return service
}

describe('run', () => {
  it('starts a run of the monitor and does not wait for it', async () => {
    await serviceWith([202, queued])
    const { code, stdout, stderr } = await cli(`run qa-model --url ${service.url}`)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toBe(`Run ${queued.id} is queued
  monitor  qa-model
  window   2024-11-11 to 2024-11-12
  seed     7
`)
    expect(service.received.map(({ call }) => call)).toEqual(['POST /runs'])
  })

  it.each([
    ['nothing but the monitor', '', { monitor: 'qa-model', force: false }],
    [
      'all options',
      '--from 2024-11-11 --to 2024-11-12 --total 10 --seed 0 --force',
      { monitor: 'qa-model', from: '2024-11-11', to: '2024-11-12', total: 10, seed: 0, force: true },
    ],
    [
      'what to look at instead of everything',
      '--like-failures --where confidence<0.6',
      { monitor: 'qa-model', like_failures: true, where: 'confidence<0.6', force: false },
    ],
  ])('sends %s', async (_case, options, body) => {
    await serviceWith([202, queued])
    await cli(`run qa-model ${options} --url ${service.url}`)
    expect(JSON.parse(service.received[0]?.body ?? '')).toEqual(body)
  })

  it('says that the window has a run already', async () => {
    await serviceWith([200, ready])
    const { code, stderr } = await cli(`run qa-model --url ${service.url}`)
    expect(code).toBe(0)
    expect(stderr).toMatch(
      /There is a run of qa-model for 2024-11-11 to 2024-11-12 already; --force starts another/,
    )
  })

  it.each([
    ['--wait follows the run until it is ready', '--wait', [scanning, importing, ready], 0],
    ['--wait with enough seconds, too', '--wait 30', [ready], 0],
    ['--wait before another option has no seconds', '--wait --seed 1', [ready], 0],
    ['--wait=SECONDS', '--wait=30', [ready], 0],
    ['a failed run exits with 1', '--wait', [scanning, failed], 1],
    ['a cancelled run exits with 1', '--wait', [runOf({ status: 'cancelled' })], 1],
    ['a run that takes longer than the seconds exits with 3', '--wait 1', [scanning], 3],
    ['0 seconds are over at once', '--wait 0', [ready], 3],
    ['a run that is gone exits with 2', '--wait', [[404, problem('not-found', 404, 'No run.')] as Answer], 2],
  ])('%s', async (_case, options, states, code) => {
    await serviceWith([202, queued], ...states)
    expect((await cli(`run qa-model ${options} --url ${service.url}`)).code).toBe(code)
  })

  it('--wait prints progress on stderr, and at the end on stdout what came of it', async () => {
    await serviceWith([202, queued], importing, ready)
    const { stdout, stderr } = await cli(`run qa-model --wait --url ${service.url}`)
    expect(stderr).toBe('queued\nimporting: 50 of 200 tasks\nready\n')
    expect(stdout).toBe(`Run ${queued.id} is ready
  monitor  qa-model
  window   2024-11-11 to 2024-11-12
  seed     7
  sampled  200 of 2,310 records seen
  project  QA model 2024-11-11..2024-11-12
           http://localhost:8080/projects/12
`)
  })

  it('--wait tells once why an attempt is made again', async () => {
    const again = { ...scanning, message: 'Attempt 1 of 9 failed.' }
    await serviceWith([202, queued], again, again, ready)
    const { stderr } = await cli(`run qa-model --wait --url ${service.url}`)
    expect(stderr.split('\n').slice(2)).toEqual(['Attempt 1 of 9 failed.', 'ready', ''])
  })

  it('--wait draws bars on a terminal', async () => {
    await serviceWith([202, queued], importing, ready)
    const { stderr } = await cli(`run qa-model --wait --url ${service.url}`, { isTerminal: true })
    expect(stderr).toContain('importing [========================] 100 %  200 of 200 tasks')
  })

  it.each([
    [
      'the error of a failed run, and how to go on',
      failed,
      [failed.error as string, `POST /runs/${failed.id}/retry`],
    ],
    [
      'that no record was found',
      runOf({ status: 'ready', message: 'The window has no record.' }),
      ['The window has no record.'],
    ],
    [
      'why there is no webhook, and how to mend it',
      { ...ready, webhook: { registered: false, problem: 'Refused.', remedy: 'Set PUBLIC_URL.' } },
      ['Webhook: Refused. Set PUBLIC_URL.'],
    ],
    [
      'a mail that was not sent',
      {
        ...ready,
        notifications: [
          {
            kind: 'email' as const,
            to: ['a@example.org', 'b@example.org'],
            state: 'failed' as const,
            attempts: 1,
            error: 'No login.',
            type: 'run.ready' as const,
            next_attempt_at: null,
          },
        ],
      },
      ['Not sent to a@example.org, b@example.org: No login.'],
    ],
    ['warnings', { ...ready, warnings: ['One.', 'Two.'] }, ['Warning: One.\nWarning: Two.']],
    [
      'how many records could not be read, and the first of them',
      {
        ...ready,
        progress: { ...ready.progress, records_malformed: 1200 },
        malformed: [{ object: 'a.txt', line: 41, problem: 'No answer.' }],
      },
      ['malformed  1,200 records; first a.txt line 41: No answer.'],
    ],
  ])('tells %s', async (_case, run, texts) => {
    await serviceWith([202, queued], run)
    const { stdout } = await cli(`run qa-model --wait --url ${service.url}`)
    for (const text of texts) expect(stdout).toContain(text)
  })

  it('--json prints the run alone on stdout', async () => {
    await serviceWith([202, queued], ready)
    const { stdout } = await cli(`run qa-model --wait --json --url ${service.url}`)
    expect(JSON.parse(stdout)).toEqual(ready)
  })

  it('a refused run exits with 2 and names each wrong field', async () => {
    const errors = [{ path: '/from', message: 'must be a date' }]
    await serviceWith([400, problem('invalid-request', 400, 'Wrong.', { errors })])
    const { code, stdout, stderr } = await cli(`run qa-model --from soon --url ${service.url}`)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('/from: must be a date')
  })

  it('Ctrl-C stops waiting, not the run', async () => {
    const asked = new AbortController()
    await serviceWith([202, queued], scanning)
    const first = () => service.received.some(({ call }) => call === GET_RUN)
    void expect
      .poll(first)
      .toBe(true)
      .then(() => asked.abort())
    const { code, stderr } = await cli(`run qa-model --wait --url ${service.url}`, { signal: asked.signal })
    expect(code).toBe(130)
    expect(stderr).toContain(`The run goes on in the service; GET ${service.url}/runs/${queued.id}`)
    expect(service.received.some(({ call }) => call.includes('cancel'))).toBe(false)
  })
})

describe('following a run over an outage of the service', () => {
  const away: Answer = [503, problem('database-unavailable', 503, 'Away.')]
  const follow = (outageMs: number) => {
    const { stderr, written, signal } = testIo()
    const api = connect({ url: service.url, token: 't' }, testIo())
    const following = { display: progressLines(stderr), waitS: null, signal, intervalMs: 5, outageMs }
    return { written, end: followRun(api, queued, following) }
  }

  it('goes on when it is back, and says once that it was away', async () => {
    await serviceWith([202, queued], away, away, away, ready)
    const { written, end } = follow(10_000)
    expect((await end).status).toBe('ready')
    expect(written.stderr).toBe(
      'queued\nThe service does not answer; the run goes on when it is back.\nready\n',
    )
  })

  it('also when nothing listens meanwhile', async () => {
    await serviceWith([202, queued], scanning)
    const { end } = follow(10_000)
    await service.close()
    await new Promise((resolve) => setTimeout(resolve, 50))
    service = await fakeService({ [GET_RUN]: [200, ready] }, Number(new URL(service.url).port))
    expect((await end).status).toBe('ready')
  })

  it('gives up when it stays away', async () => {
    await serviceWith([202, queued], away)
    await expect(follow(30).end).rejects.toThrow('Title of database-unavailable: Away.')
  })
})
