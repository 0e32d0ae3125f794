import { expect, test } from 'vitest'
import { compileKeyPattern, KeyPatternError } from '../../src/logs/key-pattern.ts'

const SEED = 'qalogs_{MM}:{DD}:{YY}.txt'

test.each([
  ['the seed: two-digit year', SEED, 'qalogs_11:12:24.txt', '2024-11-12'],
  ['the seed: four-digit year', SEED, 'qalogs_11:12:2024.txt', '2024-11-12'],
  ['a prefix does not matter', SEED, 'team/a/qalogs_11:12:24.txt', '2024-11-12'],
  ['nor one without a slash', SEED, 'myqalogs_11:12:24.txt', '2024-11-12'],
  ['a final .gz is ignored', SEED, 'qalogs_11:12:24.txt.gz', '2024-11-12'],
  ['a final .zst is ignored', SEED, 'qalogs_11:12:24.txt.zst', '2024-11-12'],
  ['a final .bz2 is ignored', SEED, 'qalogs_11:12:24.txt.bz2', '2024-11-12'],
  ['.gz twice is once too many', SEED, 'qalogs_11:12:24.txt.gz.gz', null],
  ['a pattern may ask for .gz itself', 'x_{YYYY}-{MM}-{DD}.gz', 'x_2024-11-12.gz', '2024-11-12'],
  ['a pattern with .gz does not match without', 'x_{YYYY}-{MM}-{DD}.gz', 'x_2024-11-12', null],
  ['the end must match', SEED, 'qalogs_11:12:24.txt.bak', null],
  ['three-digit year', SEED, 'qalogs_11:12:024.txt', null],
  ['month 13', SEED, 'qalogs_13:01:24.txt', null],
  ['day 0', SEED, 'qalogs_01:00:24.txt', null],
  ['31 April', SEED, 'qalogs_04:31:24.txt', null],
  ['29 February of a leap year', SEED, 'qalogs_02:29:24.txt', '2024-02-29'],
  ['29 February of another year', SEED, 'qalogs_02:29:23.txt', null],
  ['29 February 1900', SEED, 'qalogs_02:29:1900.txt', null],
  ['29 February 2000', SEED, 'qalogs_02:29:2000.txt', '2000-02-29'],
  ['68 is 2068, as in strptime', SEED, 'qalogs_01:01:68.txt', '2068-01-01'],
  ['69 is 1969, as in strptime', SEED, 'qalogs_01:01:69.txt', '1969-01-01'],
  ['letters are no digits', SEED, 'qalogs_1a:12:24.txt', null],
  ['other scripts have no digits here', SEED, 'qalogs_١١:12:24.txt', null],
  ['four digits come before two', '{MM}{DD}{YY}', '11122024', '2024-11-12'],
  ['two digits where four give no date', '{MM}{DD}{YY}', 'x111224', '2024-11-12'],
  ['a year between dates', 'logs-{YY}{MM}{DD}', 'logs-241112', '2024-11-12'],
  ['hours count for the match', '{YYYY}/{MM}/{DD}/{HH}.log', 'a/2024/11/12/23.log', '2024-11-12'],
  ['hour 24', '{YYYY}/{MM}/{DD}/{HH}.log', 'a/2024/11/12/24.log', null],
  ['* matches anything', '{YYYY}-{MM}-{DD}/*.jsonl', '2024-11-12/a/b-7.jsonl', '2024-11-12'],
  ['* matches nothing too', '{YYYY}-{MM}-{DD}*.jsonl', '2024-11-12.jsonl', '2024-11-12'],
  ['* at the end', 'app-{YYYY}{MM}{DD}*', 'app-20241112-part-3.txt', '2024-11-12'],
  ['of two dates before * the later', '{YYYY}-{MM}-{DD}*.log', '2023-01-01/2024-11-12-a.log', '2024-11-12'],
  ['an impossible date is passed by', '{YYYY}-{MM}-{DD}*.log', '2024-11-12/2024-99-99-a.log', '2024-11-12'],
  ['a repeated placeholder agrees', '{YYYY}/{MM}/*_{YYYY}-{MM}-{DD}', '2024/11/x_2024-11-12', '2024-11-12'],
  ['a repeated placeholder differs', '{YYYY}/{MM}/*_{YYYY}-{MM}-{DD}', '2024/10/x_2024-11-12', null],
  ['{YY} and {YYYY} may agree', '{YYYY}/*{MM}:{DD}:{YY}.txt', '2024/q_11:12:24.txt', '2024-11-12'],
  [
    'characters of regular expressions mean themselves',
    'a.b+{YYYY}({MM})[{DD}]$',
    'a.b+2024(11)[12]$',
    '2024-11-12',
  ],
  ['and match nothing else', 'a.b{YYYY}{MM}{DD}', 'axb20241112', null],
  ['names of objects mean themselves', 'toString{YYYY}{MM}{DD}', 'toString20241112', '2024-11-12'],
  ['an empty key', SEED, '', null],
])('%s', (_, pattern, key, date) => {
  expect(compileKeyPattern(pattern).match(key)?.date ?? null).toBe(date)
})

test.each([
  ['*', 'anything/at all', true],
  ['*.txt', 'a/b.txt.gz', true],
  ['*.txt', 'a/b.csv', false],
  ['logs/{YYYY}-{MM}.txt', 'logs/2024-11.txt', true],
  ['logs/{YYYY}-{MM}.txt', 'logs/2024-13.txt', false],
])('without year, month and day %s gives no date: %s', (pattern, key, matches) => {
  const compiled = compileKeyPattern(pattern)
  expect(compiled.hasDate).toBe(false)
  expect(compiled.match(key)).toEqual(matches ? { date: null } : null)
})

test.each([
  ['', /empty/],
  ['  ', /empty/],
  ['a_{yyyy}.txt', /"\{yyyy\}" is unknown; use \{YYYY\}/],
  ['a_{}.txt', /"\{\}" is unknown/],
  ['a_{MM.txt', /is unknown/],
  ['a_MM}.txt', /is unknown/],
  ['{YY}{YY}{YY}{YY}{MM}{DD}', /more than 3 years/],
])('the pattern %j is refused with what is wrong', (pattern, message) => {
  expect(() => compileKeyPattern(pattern)).toThrow(KeyPatternError)
  expect(() => compileKeyPattern(pattern)).toThrow(message)
})

test('hostile keys take linear time', () => {
  const { match } = compileKeyPattern('*a*a*a*a*a*{YY}{YY}{YY}*{MM}*b')
  const started = performance.now()
  for (const key of ['a'.repeat(200_000), '1'.repeat(200_000), `${'a1'.repeat(100_000)}b`]) match(`${key}c`)
  match(`${'a24'.repeat(70_000)}b`)
  expect(performance.now() - started).toBeLessThan(60_000)
})
