import { expect, test } from 'vitest'
import type { Definition } from '../../src/monitors/monitor.ts'
import { whyUndated } from '../../src/monitors/undated.ts'

const definition = (timestamp_field: string | null, by = 'date') =>
  ({ format: { type: 'jsonl', timestamp_field }, sample: { by } }) as Pick<Definition, 'format' | 'sample'>
const record = (date: string | null, fields = {}) => ({ date, fields: { when: '23.11.2026', ...fields } })

test.each([
  [
    'a field in a form that is not known',
    definition('when'),
    [record(null)],
    '"when" holds "23.11.2026", which',
  ],
  ['a field that records lack', definition('at'), [record(null)], 'there is no field "at"'],
  [
    'no field of a usual name',
    definition(null),
    [record(null)],
    'none of the fields timestamp, time and date',
  ],
  [
    'some records without',
    definition('when'),
    [record('2026-11-23'), record(null)],
    '1 of the first 2 records',
  ],
  ['a field inside another', definition('a.at'), [record(null, { a: { at: 'now' } })], '"a.at" holds "now"'],
  [
    'a field named, in a sample by nothing',
    definition('at', 'none'),
    [record(null)],
    'there is no field "at"',
  ],
])('%s is told, with what to do', (_what, given, records, said) => {
  expect(whyUndated(given, records)).toContain(said)
  expect(whyUndated(given, records)).toMatch(
    /Let format\.timestamp_field name .*\{YYYY\}, \{MM\} and \{DD\}\.$/,
  )
})

test.each([
  ['every record has a date', definition('when'), [record('2026-11-23')]],
  ['there is no record', definition('when'), []],
  ['nobody asked for dates', definition(null, 'none'), [record(null)]],
])('nothing is told where %s', (_what, given, records) => {
  expect(whyUndated(given, records)).toBeNull()
})
