import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Region } from '../../src/labeling/types.ts'
import { mutator } from '../support/mutate.ts'
import { reviewedProject } from '../support/reviewed.ts'
import { type TestService, testService } from '../support/service.ts'

/** The same events each time; another seed, or more of them, finds more. */
const SEED = Number(process.env.FUZZ_SEED ?? 1)
const RUNS = Number(process.env.FUZZ_RUNS ?? 1_500)

interface Capture {
  project: { id: number; label_config: string }
  annotation?: { task: number; result: Region[] }
}
const captures: Capture[] = readFileSync(
  new URL('../annotations/fixtures/captures.jsonl', import.meta.url),
  'utf8',
)
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line).body)
const projects = Map.groupBy(
  captures.filter(({ annotation }) => annotation),
  ({ project }) => project.id,
)
// All annotations of a project are of its first task, which has what the first of them says as its prediction.
for (const { project, annotation } of captures) if (annotation) annotation.task = project.id * 1_000
const bodies = captures.map((body) => Buffer.from(JSON.stringify(body)))

let it: TestService
beforeAll(async () => {
  it = await testService()
  for (const [project, [first]] of projects) {
    const prediction = first?.annotation?.result ?? []
    const controls = [...new Set(prediction.flatMap(({ from_name }) => from_name ?? []))]
    await reviewedProject(it.database.database, {
      project,
      labelConfig: first?.project.label_config ?? '',
      controls,
      tasks: [{ data: { text: 'one' }, prediction }],
    })
  }
})
afterAll(() => it.stop())

test('events, random or damaged, are taken or refused, never a fault, and the service lives on', async () => {
  const { mutate, noise, pick, below } = mutator(SEED)
  const statuses: Record<number, number> = {}
  for (let run = 0; run < RUNS; run += 10) {
    const batch = Array.from({ length: 10 }, () =>
      below(10) === 0
        ? noise(2_000)
        : below(2) === 0
          ? twisted(pick(captures), pick)
          : mutate(pick(bodies), bodies),
    )
    for (const { status, body } of await Promise.all(batch.map(send))) {
      statuses[status] = (statuses[status] ?? 0) + 1
      expect([202, 400], JSON.stringify(body)).toContain(status)
    }
  }
  const unprocessed = async () => {
    const { rows } = await it.database.database.pool.query(
      'select count(*)::int as n from events where processed_at is null',
    )
    return rows[0].n
  }
  await expect.poll(unprocessed, { interval: 200 }).toBe(0)
  const faults = it.logged.filter((line) => /request failed|put aside|TypeError|RangeError|syntax/.test(line))
  expect(faults.slice(0, 3)).toEqual([])
  const { rows } = await it.database.database.pool.query('select distinct note from events')
  expect(rows.map(({ note }) => note).filter((note) => note !== null && note !== 'names no project')).toEqual(
    [],
  )
  expect(await compared()).toBeGreaterThan(projects.size / 2)
  for (const path of [
    '/evaluations?limit=1000',
    ...[...projects.keys()].map((id) => `/evaluations/${id}/tasks`),
  ]) {
    expect((await it.request().get(path)).status, path).toBe(200)
  }
  expect((statuses[202] ?? 0) > RUNS / 4 && (statuses[400] ?? 0) > RUNS / 4).toBe(true)
  console.log(`${RUNS} events fuzzed (seed ${SEED}): ${JSON.stringify(statuses)}`)
}, 180_000)

/** Projects in which an event made a review that could be compared. */
const compared = async () => {
  const { body } = await it.request().get('/evaluations?limit=1000')
  return body.items.filter((each: { change_rate: { reviewed: number } }) => each.change_rate.reviewed > 0)
    .length
}

const send = (body: Buffer) =>
  it
    .request()
    .post('/webhook')
    .set({ 'X-Webhook-Secret': 'hook-secret', 'Content-Type': 'application/json' })
    .serialize((given) => given as unknown as string)
    .send(body)

const STRANGE = [
  null,
  true,
  -1,
  0,
  1.5,
  1e308,
  2 ** 63,
  '',
  'x',
  '\0',
  '\ud800',
  [],
  {},
  [[]],
  { id: {} },
  '2024-99-99',
]

/** Well-formed, with one value that is of another kind. */
function twisted(capture: object, pick: <T>(list: readonly T[]) => T): Buffer {
  const copy = structuredClone(capture)
  let at = copy as Record<string, unknown>
  for (;;) {
    const key = pick(Object.keys(at))
    const value = at[key]
    if (
      typeof value === 'object' &&
      value !== null &&
      Object.keys(value).length > 0 &&
      pick([true, true, false])
    ) {
      at = value as Record<string, unknown>
      continue
    }
    at[key] = pick(STRANGE)
    return Buffer.from(JSON.stringify(copy))
  }
}
