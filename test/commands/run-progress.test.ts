import { describe, expect, it } from 'vitest'
import { progressBars, progressLines } from '../../src/commands/run-progress.ts'
import type { Run } from '../../src/contract/types.ts'
import { testIo } from './io.ts'
import { failed, importing, queued, ready, runOf, scanning } from './runs.ts'

/** The lines of a run that is looked at so often, each time with the seconds since the start. */
function linesOf(...looks: [seconds: number, run: Run][]): string[] {
  const { stderr, written } = testIo()
  let ms = 0
  const display = progressLines(stderr, { clock: () => ms })
  for (const [seconds, run] of looks) {
    ms = seconds * 1000
    display.show(run)
  }
  display.end()
  return written.stderr.split('\n').slice(0, -1)
}

const scanned = (objects_done: number) =>
  runOf({ status: 'scanning', progress: { objects_total: 9, objects_done, records_seen: 10 * objects_done } })

describe('progress as lines', () => {
  it('a change of status has a line at once', () => {
    expect(linesOf([0, queued], [0.1, scanning], [0.2, importing], [0.3, ready])).toEqual([
      'queued',
      'scanning: 3 of 7 objects, 12.3 MB of 48 MB, 2,310 records',
      'importing: 50 of 200 tasks',
      'ready',
    ])
  })

  it('progress has one line in five seconds', () => {
    const looks = Array.from({ length: 10 }, (_, second): [number, Run] => [second, scanned(second)])
    expect(linesOf(...looks)).toEqual([
      'scanning: 0 of 9 objects, 0 records',
      'scanning: 5 of 9 objects, 50 records',
    ])
  })

  it('no progress has no line, however long it takes', () => {
    expect(linesOf([0, queued], [60, queued], [120, queued])).toEqual(['queued'])
    expect(linesOf([0, scanned(4)], [60, scanned(4)], [61, scanned(5)])).toHaveLength(2)
  })
})

/** What a terminal shows at the end, line by line: a bar is drawn over itself, from the line's start. */
function screenOf(...runs: Run[]): string[] {
  const { stderr, written } = testIo({ isTerminal: true })
  const display = progressBars(stderr)
  for (const run of runs) display.show(run)
  display.end()
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminals are controlled by them
  const sequence = /\x1b(?:[78]|\[[?\d;]*[A-Za-z])/g
  return written.stderr
    .replaceAll('\x1b[1G', '\r')
    .replace(sequence, '')
    .split('\n')
    .map((line) => line.split('\r').at(-1) ?? '')
    .filter(Boolean)
}

describe('progress as bars', () => {
  it('each part of a run has its own bar, and the one that is over ends full', () => {
    expect(screenOf(queued, scanning, importing, ready)).toEqual([
      'queued',
      'scanning  [========================] 100 %  7 of 7 objects, 48 MB of 48 MB, 2,310 records',
      'importing [========================] 100 %  200 of 200 tasks',
    ])
  })

  it('a bar is as long as the bytes that are read', () => {
    expect(screenOf(scanning)).toEqual([
      'scanning  [======------------------] 25 %  3 of 7 objects, 12.3 MB of 48 MB, 2,310 records',
    ])
  })

  it('it is as long as the objects that are read where bytes are not known', () => {
    expect(screenOf(scanned(3))).toEqual([
      'scanning  [========----------------] 33 %  3 of 9 objects, 30 records',
    ])
  })

  it('it is empty while the total is not known', () => {
    expect(screenOf(runOf({ status: 'scanning' }))).toEqual([
      'scanning  [------------------------] 0 %  listing the objects',
    ])
  })

  it('it stays where it was when the run fails', () => {
    const broken = { ...failed, progress: scanning.progress }
    expect(screenOf(scanning, broken)).toEqual([
      'scanning  [======------------------] 25 %  3 of 7 objects, 12.3 MB of 48 MB, 2,310 records',
    ])
  })

  it('a line in between stands on its own', () => {
    const { stderr, written } = testIo({ isTerminal: true })
    const display = progressBars(stderr)
    display.show(scanning)
    display.say('The service is away.')
    display.end()
    expect(written.stderr).toMatch(/\nThe service is away\.\n$/)
  })
})
