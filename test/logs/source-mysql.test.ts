import { type Connection, createConnection } from 'mysql2/promise'
import { afterAll, beforeAll, test as each, expect } from 'vitest'
import { draw } from '../../src/logs/draw.ts'
import { createFormat } from '../../src/logs/format.ts'
import { openSource } from '../../src/logs/source.ts'
import { hasMariadb, startMariadb } from '../support/mariadb.ts'
import { readAll } from './read-all.ts'
import { scanLogs } from './scan-logs.ts'

const WINDOW = { from: '2024-11-05', to: '2024-11-11' }
const test = each.runIf(hasMariadb)
let server: Awaited<ReturnType<typeof startMariadb>>
let admin: Connection

beforeAll(async () => {
  server = await startMariadb()
  admin = await createConnection(server.url)
  await admin.query(`create table answers (id bigint, question text, answer text, class varchar(20), at datetime(3), day date,
    cost decimal(20, 4), tokens int, raw varbinary(10), score double)`)
  const rows = Array.from({ length: 480 }, (_, i) => {
    const at = new Date(Date.UTC(2024, 10, 1, i, 30)).toISOString().slice(0, 23).replace('T', ' ')
    return [
      i,
      `question ${i} ä🦊`,
      i % 5 ? `answer ${i}` : null,
      `class ${i % 3}`,
      at,
      at.slice(0, 10),
      i / 8,
      i,
      Buffer.from([0, 255]),
      i / 10,
    ]
  })
  await admin.query('insert into answers values ?', [rows])
})
afterAll(async () => {
  await admin.end()
  await server.stop()
})

const open = (query: string, more: object = {}, timezone?: string) =>
  openSource({ type: 'sql', url: server.url, query, ...more }, { fileRoot: '/' }, timezone)
const read = (query: string, more: object = {}, timezone = 'UTC') =>
  readAll(open(query, more, timezone), { type: 'jsonl' }, { window: WINDOW })
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => null,
    (error) => error,
  )
const ALL = 'select id, question, at as `timestamp` from answers where at >= :from and at < :to'

test('the rows of the window, with values that JSON has', async () => {
  expect((await read(ALL)).records).toHaveLength(7 * 24)
  const { records } = await read(
    'select *, 9007199254740993 as big from answers where id = 100 and at >= :from',
  )
  expect(records[0]?.fields).toEqual({
    id: 100,
    question: 'question 100 ä🦊',
    class: 'class 1',
    at: '2024-11-05 04:30:00',
    day: '2024-11-05',
    cost: 12.5,
    tokens: 100,
    raw: 'AP8=',
    score: 10,
    big: '9007199254740993',
  })
})

test('the sample is the same in whatever order the rows come', async () => {
  const format = createFormat({ type: 'jsonl' })
  const sample = async (query: string) => {
    const options = { format, window: WINDOW, sample: { total: 10, by: 'date' }, seed: 5 }
    const { sketch } = await scanLogs({ source: open(query), ...options })
    return draw(sketch, format.parse).records.map(({ fields }) => fields)
  }
  const [first, second] = await Promise.all([
    sample(`${ALL} order by id`),
    sample(`${ALL} order by md5(question)`),
  ])
  expect(first).toHaveLength(10)
  expect(first).toEqual(second)
})

test('many rows come as they are read', async () => {
  const query = "select seq as id, repeat('x', 1000) as question from seq_1_to_100000 where :from < :to"
  let bytes = 0
  const source = open(query)
  for await (const object of source.list(undefined, WINDOW)) {
    for await (const chunk of await source.open(object)) bytes += chunk.length
  }
  expect(bytes).toBeGreaterThan(100_000_000)
})

test.each([
  [
    'writing',
    'with x as (select 1) select sleep(0) from x into outfile "/tmp/never" where :from',
    {},
    /source\.query: /,
  ],
  [
    'a table that is not there',
    'select * from nothing where day >= :from',
    {},
    /source\.query: .*nothing.* doesn't exist/,
  ],
  ['bad SQL', 'select from where :from', {}, /source\.query: .*SQL syntax/],
  ['two statements', 'select 1 where :from < :to; delete from answers', {}, /source\.query: /],
  [
    'what takes too long',
    'select sleep(20) from answers where :from < :to',
    { timeout_s: 1 },
    /took longer than 1 s/,
  ],
  ['an unknown database', ALL, { url: 'mysql://root@HOST/nowhere' }, /there is no such database/],
  ['a wrong password', ALL, { url: 'mysql://root:hunter2@HOST/logs' }, /the login is refused/],
])('%s is refused', async (_, query, more, message) => {
  const url = 'url' in more ? more.url?.replace('HOST', new URL(server.url).host) : server.url
  const error = await failure(read(query, { ...more, url }))
  expect(error).toMatchObject({ kind: 'refused', message: expect.stringMatching(message) })
  expect(error.message).not.toContain('hunter2')
})

test('a server that is down is unavailable', async () => {
  const error = await failure(read(ALL, { url: 'mysql://u:hunter2@127.0.0.1:1/x' }))
  expect(error).toMatchObject({ kind: 'unavailable', message: expect.stringContaining('ECONNREFUSED') })
})

test('a reading that is stopped leaves no connection', async () => {
  const stop = new AbortController()
  const source = open("select repeat('x', 1000) as question from seq_1_to_1000000 where :from < :to")
  for await (const object of source.list(undefined, WINDOW)) {
    const rows = await source.open(object, stop.signal)
    const reading = (async () => {
      for await (const _ of rows) stop.abort(new Error('enough'))
    })()
    expect((await failure(reading)).message).toBe('enough')
  }
  await expect
    .poll(
      async () =>
        ((await admin.query('show processlist'))[0] as { Command: string }[]).filter(({ Command }) =>
          /Query|Execute/.test(Command),
        ).length,
    )
    .toBe(1)
})
