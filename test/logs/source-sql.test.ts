import pg from 'pg'
import { afterAll, beforeAll, test as each, expect, describe as suite } from 'vitest'
import { draw } from '../../src/logs/draw.ts'
import { createFormat } from '../../src/logs/format.ts'
import { openSource, SourceError } from '../../src/logs/source.ts'
import { bindDates, queryProblem } from '../../src/logs/sql-query.ts'
import { hasPostgres15, startPostgres15 } from '../support/postgres15.ts'
import { readAll } from './read-all.ts'
import { scanLogs } from './scan-logs.ts'

const WINDOW = { from: '2024-11-05', to: '2024-11-11' }
const test = each.runIf(hasPostgres15)
const describe = suite.runIf(hasPostgres15)
let server: Awaited<ReturnType<typeof startPostgres15>>
let url = ''
let admin: pg.Client

beforeAll(async () => {
  server = await startPostgres15()
  url = server.url
  admin = new pg.Client({ connectionString: url })
  await admin.connect()
  await admin.query(`
    create table answers (id bigint, question text, answer text, class text, at timestamptz, day date, at_place timestamp,
      cost numeric(20, 4), tokens integer, good boolean, meta jsonb, raw bytea, tags text[], score double precision);
    insert into answers
      select i, 'question ' || i, case when i % 5 > 0 then 'answer ' || i end, 'class ' || i % 3,
        timestamptz '2024-11-01 00:30:00Z' + i * interval '1 hour', date '2024-11-01' + i / 24,
        timestamp '2024-11-01 00:30:00' + i * interval '1 hour', i / 8.0, i, i % 2 = 0,
        jsonb_build_object('n', i, 'list', jsonb_build_array(1, 'x')), '\\x00ff', array['a', 'b"' || i], i / 10.0
      from generate_series(0, 479) i;
    create table equal (question text, day date);
    insert into equal select 'hello', '2024-11-06' from generate_series(1, 50);`)
})
afterAll(async () => {
  await admin.end()
  await server.stop()
})

const open = (query: string, more: object = {}, timezone?: string) =>
  openSource({ type: 'sql', url, query, ...more }, { fileRoot: '/' }, timezone)
const read = (query: string, more: object = {}, timezone = 'UTC') =>
  readAll(open(query, more, timezone), { type: 'jsonl' }, { window: WINDOW, timezone })
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => null,
    (error) => error,
  )
const ALL = 'select id, question, at as timestamp from answers where at >= :from and at < :to'

describe('the window', () => {
  test(':from is its first day, :to the day after its last', async () => {
    const { records } = await read(ALL)
    expect(records).toHaveLength(7 * 24)
    expect(
      records
        .map(({ date }) => date)
        .sort()
        .at(-1),
    ).toBe('2024-11-11')
  })

  test('a query that takes :to as a day of the window gives no more records for it', async () => {
    const { records } = await read(
      'select question, day as date from answers where day between :from and :to',
    )
    expect(records).toHaveLength(7 * 24)
  })

  test('days begin in the time zone of the window', async () => {
    const query = 'select id, at as timestamp from answers where at >= :from and at < :to order by at'
    const { records } = await read(query, {}, 'Asia/Tokyo')
    expect(records).toHaveLength(7 * 24)
    // 2024-11-05 00:30 in Tokyo
    expect(records[0]?.fields.id).toBe(3 * 24 + 15)
    expect(records.every(({ date }) => date !== null && date >= WINDOW.from && date <= WINDOW.to)).toBe(true)
  })
})

test('the columns are fields, with values that JSON has', async () => {
  const { records } = await read('select * from answers where id = 100 and at >= :from')
  expect(records[0]?.fields).toEqual({
    id: 100,
    question: 'question 100',
    class: 'class 1',
    at: '2024-11-05 04:30:00+00',
    day: '2024-11-05',
    at_place: '2024-11-05 04:30:00',
    cost: 12.5,
    tokens: 100,
    good: true,
    meta: { n: 100, list: [1, 'x'] },
    raw: 'AP8=',
    tags: ['a', 'b"100'],
    score: 10,
  })
  const large = await read('select 9007199254740993 as id, 12345678901234567.25 as cost where :from < :to')
  expect(large.records[0]?.fields).toEqual({ id: '9007199254740993', cost: '12345678901234567.25' })
})

describe('the sample', () => {
  const sample = async (query: string, total = 10) => {
    const format = createFormat({ type: 'jsonl' })
    const options = { format, window: WINDOW, sample: { total, by: 'date' }, seed: 5 }
    const { sketch, progress } = await scanLogs({ source: open(query), ...options })
    return { ...draw(sketch, format.parse), seen: progress.records_seen }
  }

  test('is the same in whatever order the rows come', async () => {
    const [first, second] = await Promise.all([
      sample(`${ALL} order by id`),
      sample(`${ALL} order by md5(question)`),
    ])
    expect(first.seen).toBe(168)
    expect(first.records.map(({ fields }) => fields)).toEqual(second.records.map(({ fields }) => fields))
    expect(first.strata).toEqual(second.strata)
  })

  test('takes each of equal rows for itself', async () => {
    const { records, strata } = await sample('select question, day as date from equal where day >= :from', 10)
    expect(strata).toEqual([{ key: '2024-11-06', seen: 50, sampled: 10 }])
    expect(new Set(records.map(({ offset }) => offset)).size).toBe(10)
  })
})

test.each([
  [
    'writing',
    'with x as (delete from equal returning 1) select * from x where :from < :to',
    {},
    /source\.query: /,
  ],
  ['a function that writes', "select setval('no_such', 1) where :from < :to", {}, /source\.query: /],
  [
    'a table that is not there',
    'select * from nothing where day >= :from',
    {},
    /source\.query: relation "nothing" does not exist/,
  ],
  ['bad SQL', 'select from where :from', {}, /source\.query: syntax error/],
  ['two statements', 'select 1 where :from < :to; delete from equal', {}, /source\.query: /],
  [
    'what takes too long',
    'select pg_sleep(20) where :from < :to',
    { timeout_s: 1 },
    /took longer than 1 s; raise source\.timeout_s/,
  ],
  ['an unknown database', ALL, { url: 'postgres://postgres@HOST/nowhere' }, /there is no such database/],
  ['an unknown user', ALL, { url: 'postgres://nobody:hunter2@HOST/postgres' }, /the login is refused/],
])('%s is refused', async (_, query, more, message) => {
  const given = { ...more, ...('url' in more && { url: more.url?.replace('HOST', new URL(url).host) }) }
  const error = await failure(read(query, given))
  expect(error).toBeInstanceOf(SourceError)
  expect(error).toMatchObject({ kind: 'refused', message: expect.stringMatching(message) })
  expect(error.message).not.toContain('hunter2')
  expect((await admin.query('select count(*)::int as n from equal')).rows[0].n).toBe(50)
})

test('a server that is down is unavailable', async () => {
  const error = await failure(read(ALL, { url: 'postgres://u:hunter2@127.0.0.1:1/x' }))
  expect(error).toMatchObject({ kind: 'unavailable', message: expect.stringContaining('ECONNREFUSED') })
})

test('a reading that is stopped leaves no connection', async () => {
  const stop = new AbortController()
  const source = open(
    'select repeat(md5(i::text), 1000) as question from generate_series(1, 1000000) i where :from < :to',
  )
  for await (const object of source.list(undefined, WINDOW)) {
    const rows = await source.open(object, stop.signal)
    const reading = failure(
      (async () => {
        for await (const _ of rows) stop.abort(new Error('enough'))
      })(),
    )
    expect((await reading).message).toBe('enough')
  }
  await expect
    .poll(async () => {
      const found = await admin.query(
        "select 1 from pg_stat_activity where application_name = 'label-studio-monitor'",
      )
      return found.rowCount
    })
    .toBe(0)
})

test.each([
  ['a value each time', 'select :from, :to, :from', 'select $1, $2, $3', ['F', 'T', 'F']],
  ['casts stay', 'select :from::date, x::from', 'select $1::date, x::from', ['F']],
  [
    'texts stay',
    "select ':from', 'it''s :to', \":from\", `:to`",
    "select ':from', 'it''s :to', \":from\", `:to`",
    [],
  ],
  ['comments stay', 'select 1 -- :from\n/* :to */, :to', 'select 1 -- :from\n/* :to */, $1', ['T']],
  [
    'dollar quotes stay',
    'select $$ :from $$, $a$ :to $a$, :to',
    'select $$ :from $$, $a$ :to $a$, $1',
    ['T'],
  ],
  ['longer names stay', 'select :fromage, :to_day', 'select :fromage, :to_day', []],
  ['a final semicolon goes', 'select :to ;', 'select $1 ', ['T']],
])('binding: %s', (_, query, text, values) => {
  expect(bindDates(query, { from: 'F', to: 'T' }, (n) => `$${n}`)).toEqual({ text, values })
})

test.each([
  ['select 1 where day >= :from', null],
  ['  -- all\n/* of */ with x as (select 1) select * from x where :to > day', null],
  ['(select :from)', null],
  ['delete from x where day < :to', 'expected a query that begins with SELECT or WITH'],
  ['select 1', "expected :from or :to, which stand for the window's days"],
  ["select ':from'", "expected :from or :to, which stand for the window's days"],
])('the query %j: %s', (query, problem) => {
  expect(queryProblem(query)).toBe(problem)
})

test.each([
  ['no URL', 'nonsense', /expected a URL/],
  ['another database', 'sqlite:///x', /expected a URL/],
  ['no host, which would be a socket of this machine', 'postgres:///x', /host|URL/],
  ['no database', 'postgres://h', /name of the database/],
  ['parameters that read files', 'postgres://h/x?sslrootcert=/etc/passwd', /no parameter but sslmode/],
  ['a host in parameters', 'postgres://h/x?host=/tmp', /no parameter but sslmode/],
  ['an unknown sslmode', 'postgres://h/x?sslmode=maybe', /sslmode to be one of/],
])('%s is refused', (_, wrong, message) => {
  expect(() => open(ALL, { url: wrong })).toThrow(message)
})
