import { expect, test } from 'vitest'
import { roomByPace } from '../src/memory.ts'

const quiet = (seconds: number) => new Array<number>(seconds).fill(0)

test.each<[sentence: string, eventsBySecond: number[], done: string[]]>([
  ['few events change nothing', [1, 19, 0, 3], []],
  ['many events get room, once', [20, 300, 200], ['room']],
  ['room stays through a short lull', [50, ...quiet(9), 50, ...quiet(9)], ['room']],
  ['after ten quiet seconds it is taken back, once', [50, ...quiet(30)], ['room', 'small']],
  ['it comes again with the next many', [50, ...quiet(10), 50], ['room', 'small', 'room']],
])('%s', (_sentence, eventsBySecond, expected) => {
  const done: string[] = []
  const pace = roomByPace(
    () => done.push('room'),
    () => done.push('small'),
  )
  for (const events of eventsBySecond) {
    for (let i = 0; i < events; i++) pace.event()
    pace.second()
  }
  expect(done).toEqual(expected)
})

test('room is made while the second is not over', () => {
  const done: string[] = []
  const pace = roomByPace(() => done.push('room'))
  for (let i = 0; i < 20; i++) pace.event()
  expect(done).toEqual(['room'])
})
