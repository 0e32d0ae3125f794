import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { compileKeyPattern } from '../../src/logs/key-pattern.ts'
import { openSource } from '../../src/logs/source.ts'
import { type S3Server, startS3Server } from './s3-server.ts'

let server: S3Server
beforeEach(async () => {
  server = await startS3Server(10)
})
afterEach(() => server.close())

const WINDOW = { from: '2024-11-05', to: '2024-11-11' }
const isInside = (date: string | null) => date === null || (date >= WINDOW.from && date <= WINDOW.to)

async function list(key_pattern: string, more: object = {}): Promise<string[]> {
  const source = openSource(
    {
      type: 's3',
      bucket: 'logs',
      endpoint: server.endpoint,
      credentials: { access_key_id: 'AKIA', secret_access_key: 'x' },
      key_pattern,
      ...more,
    },
    { fileRoot: '/' },
  )
  const found = await Array.fromAsync(source.list(undefined, WINDOW))
  return found.filter(({ date }) => isInside(date)).map(({ key }) => key)
}

/** Every day of three years. */
const days = Array.from({ length: 1_096 }, (_, i) =>
  new Date(Date.UTC(2023, 0, 1 + i)).toISOString().slice(0, 10),
)

test.each([
  [
    'a directory for each part',
    '{YYYY}/{MM}/{DD}/*.jsonl',
    (d: string) => `${d.replaceAll('-', '/')}/a.jsonl`,
  ],
  [
    'the month first',
    'qalogs_{MM}:{DD}:{YY}.txt',
    (d: string) => `qalogs_${d.slice(5, 7)}:${d.slice(8)}:${d.slice(2, 4)}.txt`,
  ],
  ['below a directory', 'app-{YYYY}{MM}{DD}*.gz', (d: string) => `prod/app-${d.replaceAll('-', '')}-1.gz`],
])('of thousands of days, those of the window are listed: %s', async (_, pattern, keyOf) => {
  for (const day of days)
    for (const more of ['', 'x']) server.objects.set(more + keyOf(day), Buffer.from('1'))
  const expected = days.filter(isInside).flatMap((day) => [keyOf(day), `x${keyOf(day)}`])
  expect((await list(pattern)).sort()).toEqual(
    expected.filter((key) => compileKeyPattern(pattern).match(key)).sort(),
  )
  // 2,192 keys are 220 pages
  expect(server.requests.length).toBeLessThan(30)
})

test('hours, other files, and keys of both year widths are found between them', async () => {
  const keys = [
    '2024/11/04/23.log',
    '2024/11/05/00.log',
    '2024/11/11/23.log.gz',
    '2024/11/12/00.log',
    'notes',
    'a/2024/11/06/01.log',
  ]
  for (const day of days) keys.push(`${day.replaceAll('-', '/')}/12.log`)
  for (const key of keys) server.objects.set(key, Buffer.from('1'))
  const found = await list('{YYYY}/{MM}/{DD}/{HH}.log')
  expect(found).toEqual(
    [
      '2024/11/05/00.log',
      ...days.filter(isInside).map((day) => `${day.replaceAll('-', '/')}/12.log`),
      '2024/11/11/23.log.gz',
      'a/2024/11/06/01.log',
    ].sort(),
  )
})

test('a server that does not keep the order, or begins again, is listed as a whole', async () => {
  for (const day of days.slice(600, 760)) server.objects.set(`x-${day}.log`, Buffer.from('1'))
  const expected = days
    .slice(600, 760)
    .filter(isInside)
    .map((day) => `x-${day}.log`)
  server.fault = (request) => {
    request.url = request.url?.replace(/start-after=[^&]*/, '')
    return false
  }
  expect([...new Set(await list('x-{YYYY}-{MM}-{DD}.log'))]).toEqual(expected)
})

test('no key of the window is jumped over', () => {
  const patterns = [
    '{YYYY}/{MM}/{DD}/*',
    'q_{MM}:{DD}:{YY}.txt',
    '{DD}.{MM}.{YYYY}',
    '*-{YY}{MM}{DD}-*',
    'a{HH}{YYYY}-{MM}-{DD}',
  ]
  const date = fc
    .integer({ min: -800, max: 800 })
    .map((day) => new Date(Date.UTC(2024, 10, 8 + day)).toISOString())
  const key = fc.tuple(fc.constantFrom('', 'a/', 'z'), date, fc.constantFrom(2, 4), fc.constantFrom('', 'x'))
  fc.assert(
    fc.property(
      fc.constantFrom(...patterns),
      fc.array(key, { minLength: 2, maxLength: 2 }),
      (text, parts) => {
        const pattern = compileKeyPattern(text)
        const [key, other] = parts.map(([before, iso, width, after]) => {
          const values: Record<string, string> = {
            '{YYYY}': iso.slice(0, 4),
            '{YY}': iso.slice(4 - width, 4),
            '{MM}': iso.slice(5, 7),
            '{DD}': iso.slice(8, 10),
            '{HH}': '07',
            '*': 'y',
          }
          return (
            before +
            text.replace(/\{\w+\}|\*/g, (each) => values[each] as string) +
            (text.endsWith('*') ? after : '')
          )
        }) as [string, string]
        const next = pattern.nextInside(key, WINDOW)
        const inside = pattern.match(other)?.date
        if (next === null || !inside || !isInside(inside)) return
        // another beginning is none of its business
        if (key.startsWith('a/') === other.startsWith('a/') && key.startsWith('z') === other.startsWith('z'))
          expect(other > key && other < next).toBe(false)
      },
    ),
    { numRuns: 5_000 },
  )
})

test('whoever reads a bucket where the requester pays says so', async () => {
  const said: unknown[] = []
  server.fault = (request) => {
    said.push(request.headers['x-amz-request-payer'])
    return false
  }
  server.objects.set('a', Buffer.from('1'))
  const source = openSource(
    {
      type: 's3',
      bucket: 'logs',
      endpoint: server.endpoint,
      credentials: { access_key_id: 'AKIA', secret_access_key: 'x' },
      requester_pays: true,
    },
    { fileRoot: '/' },
  )
  for await (const object of source.list()) {
    await Array.fromAsync(await source.open(object))
    expect((await source.range?.(object, 0, 1))?.toString()).toBe('1')
  }
  expect(said).toEqual(['requester', 'requester', 'requester'])
})
