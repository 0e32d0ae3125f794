import { randomUUID } from 'node:crypto'
import { toJsonb } from '../../src/db/json.ts'
import type { Region } from '../../src/labeling/types.ts'
import { monitorInput } from '../support/monitors.ts'
import { answered, type ReviewedTask, reviewedProject } from '../support/reviewed.ts'
import type { TestService } from '../support/service.ts'

/** What would run if any of it were ever taken for markup. */
export const EVIL = '<img src=x onerror="window.__ran=1"><script>window.__ran=1</script>'

const TICKETS = `<View><Text name="text" value="$text"/>
<Labels name="entity" toName="text"><Label value="Person"/><Label value="Place"/></Labels>
<Choices name="topic" toName="text"><Choice value="Billing"/><Choice value="Outage"/><Choice value="Praise"/></Choices></View>`
const SHELVES = `<View><Image name="photo" value="$photo"/>
<RectangleLabels name="box" toName="photo"><Label value="Bottle"/><Label value="Box"/></RectangleLabels></View>`

/** Questions with a wrong and a right answer. */
const FACTS = [
  [
    'What is the capital of Australia?',
    'The capital of Australia is Sydney.',
    'The capital of Australia is Canberra.',
  ],
  [
    'Who wrote Middlemarch?',
    'Middlemarch was written by Jane Austen in 1871.',
    'Middlemarch was written by George Eliot in 1871.',
  ],
  [
    'What does HTTP 429 mean?',
    'The server has crashed.',
    'The client has sent too many requests; the server asks it to wait.',
  ],
  [
    'Is a tomato a fruit?',
    'No, a tomato is a vegetable.',
    'Botanically yes: a tomato is a berry. Cooks treat it as a vegetable.',
  ],
] as const

/** Monitors in every state that the dashboard shows, and what reviewers made of their runs. */
export async function fillWorld(
  service: TestService,
  token = '',
): Promise<{
  qa: number
  tickets: number
  shelves: number
  blind: number
  run: string
  ready: string
  failed: string
}> {
  const create = async (input: object) =>
    (
      await service
        .request()
        .post('/monitors')
        .set('authorization', `Bearer ${token}`)
        .send(input)
        .expect(201)
    ).body
  const qa = await create(
    monitorInput({
      title: 'QA model',
      thresholds: [
        { metric: 'change_rate', max: 0.3, warn: 0.2 },
        { metric: 'similarity', min: 0.7 },
      ],
    }),
  )
  const tickets = await create(
    monitorInput({ name: 'tickets', title: 'Ticket triage', labeling: { config: TICKETS } }),
  )
  const shelves = await create(
    monitorInput({ name: 'shelves', title: 'Shelf photos', labeling: { config: SHELVES } }),
  )
  const blindly = await create(
    monitorInput({
      name: 'blindly',
      title: 'Ticket triage, half of it blind',
      labeling: { config: TICKETS },
    }),
  )
  await create(monitorInput({ name: 'fresh', title: 'Summaries' }))

  let ready: string | null = null
  for (const [week, rate] of [0.14, 0.1, 0.2, 0.16, 0.12, 0.36].entries()) {
    const dates = datesOf(week)
    ready = await reviewedProject(service.database.database, {
      project: 21 + week,
      run: {
        monitor: qa,
        from: dates[0] as string,
        to: dates.at(-1) as string,
        strata: dates.map((key, day) => ({ key, seen: 300 + 170 * day, sampled: 20 })),
      },
      tasks: dates.flatMap((date, day) =>
        questions(20, rate + (day - 3) * 0.02, week < 5 ? 'v1.5.3' : day < 3 ? 'v1.5.3' : 'v1.6.0', date),
      ),
    })
  }
  await reviewedProject(service.database.database, {
    project: 31,
    run: {
      monitor: tickets,
      from: '2024-11-11',
      to: '2024-11-11',
      strata: [{ key: '2024-11-11', seen: 4100, sampled: 60 }],
    },
    labelConfig: TICKETS,
    controls: ['entity', 'topic'],
    tasks: Array.from({ length: 60 }, (_, index) => ticket(index)),
  })
  await reviewedProject(service.database.database, {
    project: 41,
    run: {
      monitor: shelves,
      from: '2024-11-11',
      to: '2024-11-11',
      strata: [{ key: '2024-11-11', seen: 900, sampled: 12 }],
    },
    labelConfig: SHELVES,
    controls: ['box'],
    tasks: Array.from({ length: 12 }, (_, index) => photo(index)),
  })
  await reviewedProject(service.database.database, {
    project: 61,
    run: {
      monitor: blindly,
      from: '2024-11-11',
      to: '2024-11-11',
      strata: [{ key: '2024-11-11', seen: 2600, sampled: 80, blind: 40 }],
    },
    labelConfig: TICKETS,
    controls: ['entity', 'topic'],
    tasks: Array.from({ length: 80 }, (_, index) => ({
      ...ticket(index * 7 + (index % 3)),
      blind: index % 2 === 1,
    })),
  })
  await reviewedProject(service.database.database, { project: 51, tasks: questions(8, 0.25, 'v1', '') })
  await service.database.database.kysely
    .updateTable('runs')
    .set({ progress: toJsonb(progress(9_870, 140)), finished_at: new Date(Date.now() - 3_600_000) })
    .execute()
  return {
    ...{ qa: 26, tickets: 31, shelves: 41, blind: 61, run: await unfinishedRun(service, qa) },
    ready: ready as string,
    failed: await unfinishedRun(service, tickets, {
      status: 'failed',
      progress: toJsonb({ ...progress(2_410, 0), records_malformed: 1 }),
      error: toJsonb({ message: 'Label Studio does not answer at http://127.0.0.1:1.' }),
      malformed: toJsonb([{ object: 'qalogs_11:18:24.txt', line: 14, problem: 'has no Timestamp' }]),
      warnings: toJsonb(['The window has 7 days, and logs of 6.']),
      finished_at: new Date(),
    }),
  }
}

function datesOf(week: number): string[] {
  const monday = Date.parse('2024-10-07T00:00:00Z') + week * 7 * 86_400_000
  return Array.from({ length: 7 }, (_, day) => new Date(monday + day * 86_400_000).toISOString().slice(0, 10))
}

function questions(count: number, rate: number, version: string, stratum: string): ReviewedTask[] {
  return Array.from({ length: count }, (_, index) => {
    const [question, wrong, right] = FACTS[index % FACTS.length] as (typeof FACTS)[number]
    const isWrong = index < Math.round(count * rate)
    const task = isWrong
      ? answered(question, wrong, right)
      : answered(question, right, index % 5 === 4 ? null : right)
    const asked = index === 0 ? { question: `${EVIL} ${question}` } : task.data
    return { ...task, data: asked, version, stratum }
  })
}

const TEXT =
  'Mrs. Osei from Accra writes that the invoice of March was charged twice and asks for the money back.'

function ticket(index: number): ReviewedTask {
  const span = (id: string, start: number, end: number, label: string): Region => ({
    ...{ id, from_name: 'entity', to_name: 'text', type: 'labels' },
    value: { start, end, text: TEXT.slice(start, end), labels: [label] },
  })
  const topic = (choice: string): Region => ({
    ...{ id: 't', from_name: 'topic', to_name: 'text', type: 'choices' },
    value: { choices: [choice] },
  })
  const right = [span('a', 0, 9, 'Person'), span('b', 15, 20, 'Place')]
  const predicted = index % 4 === 0 ? [span('a', 5, 9, 'Person'), span('b', 15, 20, 'Person')] : right
  const said = ['Billing', 'Outage', 'Praise'][index % 3] as string
  return {
    data: { text: TEXT },
    prediction: [...predicted, topic(index % 7 === 0 ? 'Outage' : said)],
    annotations: [[...right, topic(said)]],
    version: 'triage-4',
    stratum: '2024-11-11',
  }
}

function photo(index: number): ReviewedTask {
  const box = (id: string, x: number, y: number, width: number, height: number, label: string): Region => ({
    ...{
      id,
      from_name: 'box',
      to_name: 'photo',
      type: 'rectanglelabels',
      original_width: 800,
      original_height: 500,
    },
    value: { x, y, width, height, rotation: 0, rectanglelabels: [label] },
  })
  const right = [box('a', 10, 20, 14, 55, 'Bottle'), box('b', 42, 38, 30, 37, 'Box')]
  const predicted =
    index % 3 === 0 ? [box('a', 12, 26, 18, 48, 'Bottle'), box('b', 42, 38, 30, 37, 'Bottle')] : right
  return {
    data: { photo: `https://photos.example.org/${index}.jpg` },
    prediction: predicted,
    annotations: [right],
    version: 'yolo-2',
    stratum: '2024-11-11',
  }
}

function progress(records_seen: number, tasks: number) {
  return {
    ...{ objects_total: 7, objects_done: 7, bytes_total: 812_000, bytes_done: 812_000, records_seen },
    ...{ records_malformed: 0, tasks_total: tasks, tasks_imported: tasks },
  }
}

/** A run as it is in the middle of reading logs; `changes` are what became of it. */
async function unfinishedRun(
  { database }: TestService,
  monitor: { id: string; name: string },
  changes: object = {},
): Promise<string> {
  const id = randomUUID()
  await database.database.kysely
    .insertInto('runs')
    .values({
      ...{ id, monitor_id: monitor.id, monitor: monitor.name, definition: toJsonb({}), status: 'scanning' },
      ...{ window_from: '2024-11-18', window_to: '2024-11-24', total: 200, seed: 7, request_hash: id },
      progress: toJsonb({ ...progress(2_410, 0), objects_done: 3, bytes_done: 350_000 }),
      strata: toJsonb([]),
      ...changes,
    })
    .execute()
  return id
}
