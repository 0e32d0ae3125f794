import { expect, test } from 'vitest'
import { createFormat } from '../../src/logs/format.ts'
import { readAll } from './read-all.ts'

const TEXT = `Request ID: 17
Time: 2024-11-11 01:02:03
Prompt text: "first
line"
Completion: yes
Class: a

Request ID: 18
Time: 2024-11-12 01:02:03
Prompt text: second
Completion: no
Class: b
`

test('records can start at a line of another name, and fields have other names', async () => {
  const format = {
    type: 'template',
    record_start: 'Request ID',
    fields: { question: 'Prompt text', answer: 'Completion' },
  }
  const { records, malformed } = await readAll(TEXT, format, { field: 'answer' })
  expect(malformed).toEqual([])
  expect(records).toMatchObject([
    {
      line: 1,
      date: '2024-11-11',
      value: 'yes',
      fields: { request_id: '17', question: 'first\nline', answer: 'yes' },
    },
    {
      line: 8,
      date: '2024-11-12',
      value: 'no',
      fields: { question: 'second', prompt_text: 'second', class: 'b' },
    },
  ])
})

test('a name that is given comes before what the record calls so itself', async () => {
  const text = 'Timestamp: 2024-11-11\nAnswer: draft\nFinal answer: done\n'
  const { records } = await readAll(
    text,
    { type: 'template', fields: { answer: 'Final answer:' } },
    { field: 'answer' },
  )
  expect(records).toMatchObject([{ fields: { answer: 'done' }, value: 'done' }])
})

test('the date can be the field that a record starts with', async () => {
  const text = 'Served at: 2024-11-11 10:00\nQ: a\nServed at: 2024-11-12 10:00\nQ: b\n'
  for (const more of [{ timestamp_field: 'served_at' }, { fields: { timestamp: 'Served at' } }]) {
    const { records } = await readAll(text, { type: 'template', record_start: 'Served at:', ...more })
    expect(records.map(({ date }) => date)).toEqual(['2024-11-11', '2024-11-12'])
  }
})

test.each([[''], [' : '], ['a\nb']])('the record start %j is refused', (record_start) => {
  expect(() => createFormat({ type: 'template', record_start })).toThrow('format.record_start: ')
})
