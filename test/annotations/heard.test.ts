import { expect, test } from 'vitest'
import { parseEvent } from '../../src/annotations/event.ts'
import { createHeard } from '../../src/annotations/heard.ts'

const MB = 1024 * 1024
const event = parseEvent({ action: 'ANNOTATION_CREATED', project: { id: 1 } })

test('what was kept is there until all before a later one are forgotten', () => {
  const heard = createHeard()
  for (const id of [1, 2, 3]) heard.keep(id, event, 100)
  heard.forgetBefore(3)
  expect([1, 2, 3].map(heard.get)).toEqual([undefined, undefined, event])
})

test('events of 20 MB each are kept one at a time, the next again once the first is forgotten', () => {
  const heard = createHeard()
  heard.keep(1, event, 20 * MB)
  heard.keep(2, event, 20 * MB)
  expect([1, 2].map(heard.get)).toEqual([event, undefined])
  heard.forgetBefore(2)
  heard.keep(3, event, 20 * MB)
  expect(heard.get(3)).toBe(event)
})

test('a hundred thousand events without a word are not all kept', () => {
  const heard = createHeard()
  for (let id = 1; id <= 100_000; id++) heard.keep(id, event, 2)
  expect(heard.get(1)).toBe(event)
  expect(heard.get(100_000)).toBeUndefined()
})
