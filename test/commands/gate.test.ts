import { afterEach, describe, expect, it } from 'vitest'
import { cli } from './io.ts'
import { type FakeService, fakeService, problem } from './service.ts'

const threshold = {
  metric: 'change_rate',
  max: 0.75,
  min: null,
  warn: null,
  min_reviewed: 30,
  state: 'pass',
  value: 9 / 57,
  reviewed: 57,
}
const pass = { project: 12, verdict: 'pass', thresholds: [threshold] }
const open = {
  project: 12,
  verdict: 'inconclusive',
  thresholds: [
    threshold,
    {
      ...threshold,
      metric: 'similarity',
      max: null,
      min: 0.9,
      value: null,
      reviewed: 0,
      state: 'inconclusive',
    },
  ],
}
const fail = { project: 12, verdict: 'fail', thresholds: [{ ...threshold, state: 'fail', value: 0.8 }] }
const failed = problem('gate-failed', 409, 'change_rate is 0.8.', fail)

let service: FakeService
afterEach(() => service.close())
const gate = async (answer: [number, unknown], options = '') => {
  service = await fakeService({ 'GET /evaluations/12/gate': answer })
  return cli(`gate 12 --url ${service.url} ${options}`)
}

describe('gate', () => {
  it.each([
    ['pass exits with 0', [200, pass], '', 0],
    ['pass exits with 0 when strict, too', [200, pass], '--strict', 0],
    ['fail exits with 1', [409, failed], '', 1],
    ['fail exits with 1 when strict, too', [409, failed], '--strict', 1],
    ['inconclusive exits with 3', [200, open], '', 3],
    ['inconclusive exits with 1 when strict', [200, open], '--strict', 1],
    ['an unknown project exits with 2', [404, problem('not-found', 404, 'Not followed.')], '', 2],
    ['another conflict exits with 2', [409, problem('name-taken', 409, 'Taken.')], '', 2],
    [
      'a service that fails exits with 2',
      [503, problem('database-unavailable', 503, 'Away.')],
      '--strict',
      2,
    ],
  ] as [string, [number, unknown], string, number][])('%s', async (_case, answer, options, code) => {
    expect((await gate(answer, options)).code).toBe(code)
    expect((await gate(answer, `${options} --json`)).code).toBe(code)
  })

  it('prints each threshold in a table', async () => {
    expect((await gate([200, open])).stdout).toBe(`Project 12: inconclusive
  metric       value    allowed       reviewed           state
  change_rate  0.1579   at most 0.75  57 of at least 30  pass
  similarity   no data  at least 0.9  0 of at least 30   inconclusive
`)
  })

  it('says so when there is no threshold to decide by', async () => {
    const { stdout } = await gate([200, { ...open, thresholds: [] }])
    expect(stdout).toContain('There is no threshold to decide by')
  })

  it.each([
    ['a passed gate', [200, pass], pass],
    ['a failed gate, which comes as a problem', [409, failed], fail],
  ] as [string, [number, unknown], object][])(
    '--json prints %s in the same form',
    async (_case, answer, expected) => {
      const { stdout, stderr } = await gate(answer, '--json')
      expect(JSON.parse(stdout)).toEqual(expected)
      expect(stderr).toBe('')
    },
  )
})
