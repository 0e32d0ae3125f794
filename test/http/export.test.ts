import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { splitOf } from '../../src/evaluations/export.ts'
import { answered, reviewedProject, textArea } from '../support/reviewed.ts'
import { type TestService, testService } from '../support/service.ts'

const LARGE = 20_000
setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void
let it: TestService
beforeAll(async () => {
  it = await testService()
  const { database } = it.database
  await reviewedProject(database, {
    project: 1,
    tasks: [
      answered('Q0', 'right'),
      answered('Q1', 'wrong', 'better'),
      answered('Q2', 'unseen', null),
      {
        ...answered('Q3', 'predicted'),
        version: 'v2',
        annotations: [
          { result: textArea('skipped'), was_cancelled: true },
          textArea('predicted'),
          { result: textArea('the truth'), ground_truth: true },
        ],
      },
      answered('Two\nlines "quoted"\u2028and \u0085 more', 'é', 'é 😀'),
    ],
  })
  await reviewedProject(database, {
    project: 2,
    tasks: Array.from({ length: LARGE }, (_, i) =>
      answered(`Question ${i} ${'x'.repeat(1_000)}`, 'a', i % 2 ? 'a' : 'b'),
    ),
  })
  await reviewedProject(database, {
    project: 3,
    tasks: Array.from({ length: 2_000 }, (_, i) => answered(`Question ${i}`, 'a', 'b')),
  })
  await reviewedProject(database, {
    project: 4,
    tasks: [
      answered('shown', 'wrong', 'better'),
      { ...answered('hidden', 'wrong', 'other words'), blind: true },
      { ...answered('hidden, too', 'right'), blind: true },
      { ...answered('hidden from all', 'secret', null), blind: true },
    ],
  })
})
afterAll(() => it.stop())

const get = (project: number, query: string) =>
  it
    .request()
    .get(`/evaluations/${project}/export?${query}`)
    .buffer(true)
    .parse((response, done) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => done(null, Buffer.concat(chunks).toString('utf8')))
    })
// biome-ignore lint/suspicious/noExplicitAny: lines of four shapes
const lines = async (project: number, query: string): Promise<any[]> => {
  const { status, body } = await get(project, query)
  expect(status).toBe(200)
  return body
    .split('\n')
    .slice(0, -1)
    .map((line: string) => JSON.parse(line))
}

describe('an export', () => {
  test('as preference has the changed tasks, the correction chosen and the prediction rejected', async () => {
    expect(await lines(1, 'format=preference')).toEqual([
      { prompt: 'Q1', chosen: 'better', rejected: 'wrong', task: 1001, model_version: 'v1' },
      { prompt: 'Q3', chosen: 'the truth', rejected: 'predicted', task: 1003, model_version: 'v2' },
      {
        prompt: expect.stringContaining('quoted'),
        chosen: 'é 😀',
        rejected: 'é',
        task: 1004,
        model_version: 'v1',
      },
    ])
    expect(await lines(1, 'format=preference&changed=false')).toEqual([])
  })

  test('as chat has every compared task with the answer that holds', async () => {
    const found = await lines(1, 'format=chat')
    expect(found).toHaveLength(4)
    expect(found.slice(0, 2)).toEqual([
      {
        messages: [
          { role: 'user', content: 'Q0' },
          { role: 'assistant', content: 'right' },
        ],
      },
      {
        messages: [
          { role: 'user', content: 'Q1' },
          { role: 'assistant', content: 'better' },
        ],
      },
    ])
  })

  test('as jsonl has data, prediction and annotation as Label Studio keeps them', async () => {
    const [first, second] = await lines(1, 'format=jsonl')
    expect(first).toEqual({
      data: { question: 'Q0' },
      prediction: textArea('right'),
      annotation: textArea('right'),
      changed: false,
      split: splitOf({ question: 'Q0' }),
    })
    expect(second).toMatchObject({
      prediction: textArea('wrong'),
      annotation: textArea('better'),
      changed: true,
    })
  })

  test('as label-studio has tasks as its import takes them, with every annotation', async () => {
    const found = await lines(1, 'format=label-studio')
    expect(found[2]).toEqual({
      data: { question: 'Q3' },
      meta: { project: 1, task: 1003, model_version: 'v2', split: expect.stringMatching(/train|validation/) },
      predictions: [{ model_version: 'v2', score: 0.5, result: textArea('predicted') }],
      annotations: [
        { result: textArea('skipped'), was_cancelled: true, ground_truth: false, lead_time: 2.5 },
        { result: textArea('predicted'), was_cancelled: false, ground_truth: false, lead_time: 2.5 },
        { result: textArea('the truth'), was_cancelled: false, ground_truth: true, lead_time: 2.5 },
      ],
    })
  })

  test.each([
    ['true', [1001, 1003, 1004]],
    ['false', [1000]],
  ])('has with changed=%s only those', async (changed, tasks) => {
    const found = await lines(1, `format=label-studio&changed=${changed}`)
    expect(found.map(({ meta }) => meta.task)).toEqual(tasks)
  })

  test.each(['format=jsonl', 'format=chat', 'format=preference', 'format=label-studio'])(
    'with %s is read line by line by Python',
    async (query) => {
      const { body } = await get(1, query)
      const program =
        'import json, sys\nprint(json.dumps([json.loads(l) for l in sys.stdin.read().splitlines()]))'
      const python = spawnSync('python3', ['-c', program], {
        input: body,
        encoding: 'utf8',
        env: { ...process.env, PYTHONUTF8: '1' },
      })
      if (python.error) return // There is no Python here.
      expect(python.stderr).toBe('')
      expect(JSON.parse(python.stdout)).toEqual(await lines(1, query))
    },
  )

  test('comes as a file to download', async () => {
    const { headers } = await get(1, 'format=preference&split=train')
    expect(headers['content-type']).toBe('application/x-ndjson')
    expect(headers['content-disposition']).toBe('attachment; filename="project-1-preference-train.jsonl"')
    expect((await it.request().head('/evaluations/2/export?format=jsonl')).text).toBeUndefined()
  })

  test.each([
    ['of an unknown format', 1, 'format=csv', 400],
    ['of no format', 1, '', 400],
    ['of an unknown split', 1, 'format=jsonl&split=test', 400],
    ['of a project that is not followed', 99, 'format=jsonl', 404],
  ])('%s is refused', async (_case, project, query, status) => {
    const answer = await it.request().get(`/evaluations/${project}/export?${query}`)
    expect([answer.status, answer.type]).toEqual([status, 'application/problem+json'])
    expect(answer.headers['content-disposition']).toBeUndefined()
  })
})

describe('of a project with blind tasks', () => {
  test.each([
    ['jsonl', [false, true, true]],
    ['preference', [false, true]],
  ])('%s says in each line whether it is one', async (format, marks) => {
    expect((await lines(4, `format=${format}`)).map(({ blind }) => blind)).toEqual(marks)
  })

  test('label-studio says it in meta, and chat nowhere, because trainers take no more', async () => {
    const tasks = await lines(4, 'format=label-studio')
    expect(tasks.map(({ meta }) => meta.blind)).toEqual([false, true, true])
    for (const line of await lines(4, 'format=chat')) expect(Object.keys(line)).toEqual(['messages'])
  })

  test.each([
    ['blind=true', ['hidden', 'hidden, too']],
    ['blind=false', ['shown']],
    ['blind=true&changed=true', ['hidden']],
  ])('%s has only those', async (query, questions) => {
    const found = await lines(4, `format=jsonl&${query}`)
    expect(found.map(({ data }) => data.question)).toEqual(questions)
    const { body } = await it.request().get(`/evaluations/4/tasks?${query}`)
    expect(body.items.map(({ data }: { data: { question: string } }) => data.question)).toEqual(questions)
    expect(body.items.every(({ blind }: { blind: boolean }) => blind === query.includes('true'))).toBe(true)
    const { headers } = await get(4, `format=jsonl&${query}`)
    expect(headers['content-disposition']).toMatch(query.startsWith('blind=true') ? /-blind/ : /-shown/)
  })

  test('a prediction that nobody reviewed is in none', async () => {
    for (const format of ['jsonl', 'chat', 'preference', 'label-studio']) {
      expect((await get(4, `format=${format}`)).body).not.toContain('secret')
    }
  })

  test('is read by Python with the same columns in each line', async () => {
    for (const format of ['jsonl', 'preference']) {
      const keys = (await lines(4, `format=${format}`)).map((line) => Object.keys(line).join())
      expect(new Set(keys).size).toBe(1)
    }
  })
})

describe('the parts', () => {
  test('together are the whole, a tenth for validation, the same at every call', async () => {
    const questions = async (query: string) =>
      (await lines(3, `format=jsonl${query}`)).map(({ data }) => data.question)
    const [all, train, validation, again] = [
      await questions(''),
      await questions('&split=train'),
      await questions('&split=validation'),
      await questions('&split=validation'),
    ]
    expect([...train, ...validation].sort()).toEqual([...all].sort())
    expect(again).toEqual(validation)
    expect(validation.length / all.length).toBeGreaterThan(0.08)
    expect(validation.length / all.length).toBeLessThan(0.12)
  })

  test('are the same for the same data in any writing', () => {
    for (let i = 0; i < 50; i++) {
      expect(splitOf({ a: i, b: { c: 1, d: 2 } })).toBe(splitOf({ b: { d: 2, c: 1 }, a: i }))
    }
  })
})

describe('a large export', () => {
  const open = async (project: number): Promise<IncomingMessage> => {
    const [response] = await once(
      httpRequest(`${it.service.url}/evaluations/${project}/export?format=label-studio`).end(),
      'response',
    )
    return response as IncomingMessage
  }

  test('comes in the order of ids, each task once, in constant memory', async () => {
    const response = await open(2)
    response.setEncoding('utf8')
    let [bytes, count, last, rest, highest] = [0, 0, 0, '', 0]
    collectGarbage()
    const before = process.memoryUsage().heapUsed
    for await (const chunk of response) {
      bytes += chunk.length
      const whole = (rest + chunk).split('\n')
      rest = whole.pop() ?? ''
      for (const line of whole) {
        const { task } = JSON.parse(line).meta
        expect(task).toBeGreaterThan(last)
        last = task
        count++
      }
      if (count % 1_000 < 20) {
        collectGarbage()
        highest = Math.max(highest, process.memoryUsage().heapUsed - before)
      }
    }
    expect([count, rest]).toEqual([LARGE, ''])
    expect(bytes).toBeGreaterThan(25_000_000)
    expect(highest).toBeLessThan(bytes / 4)
  })
})
