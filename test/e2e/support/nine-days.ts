import { addDays } from '../../../src/runs/window.ts'
import { type LogObject, logObject, type Piece, record, stray, unreadable } from './logs.ts'

export const VERSIONS = ['v1.5.2', 'v1.5.3', 'v2.0.0-rc1']

/** Longer than this is no record for the monitor of these logs. */
export const MAX_RECORD_BYTES = 20_000

export interface NineDays {
  /** Of the window: the last seven days, the last one today. */
  from: string
  to: string
  /** The objects that the window has. */
  counted: LogObject[]
  /** Everything in the bucket. */
  all: LogObject[]
}

/** More keys than S3 lists in one answer. */
const OTHER_KEYS = 1_050

/**
 * Nine days of logs, the last one today, of which the last seven count: below several prefixes, compressed or not,
 * with days of many and of few records, records that could not be written better, and things that are no logs.
 */
export function nineDaysOfLogs(today: string): NineDays {
  const day = (index: number) => addDays(today, index - 8)
  const counted = [
    // The log was rolled over late: its first records are of the day before, which has no other in the window.
    logObject(key('production/', day(2), 'YY'), [...records(100, 3, day(1)), ...records(110, 30, day(2))]),
    logObject(key('production/', day(3), 'YY'), withUnreadable(records(200, 25, day(3)), 2)),
    logObject(`${key('eu/archive/', day(3), 'YYYY')}.gz`, records(250, 20, day(3))),
    logObject(key('production/', day(4), 'YYYY'), records(300, 40, day(4))),
    logObject(key('production/', day(5), 'YY'), records(400, 2, day(5))),
    logObject(key('production/', day(6), 'YY'), [
      stray('The log begins in the middle of\nUser Input: "a record"\n\n'),
      ...withUnreadable(records(500, 30, day(6)), 3),
    ]),
    logObject(key('production/', day(7), 'YY'), [
      ...records(600, 10, day(7)),
      stray(`Timestamp: ${day(7)} 12:00:00\nUser Input: "${'long '.repeat(MAX_RECORD_BYTES / 5)}"\n`),
      ...records(620, 10, day(7)),
    ]),
    brokenGzip(`${key('eu/archive/', day(7), 'YY')}.gz`),
    logObject(key('production/', day(8), 'YY'), []),
    logObject(key('us/west/', day(8), 'YY'), records(700, 15, day(8))),
  ]
  const others = [
    logObject(key('production/', day(0), 'YY'), records(800, 20, day(0))),
    // What lies in an object of another day does not count, whatever its own date.
    logObject(key('production/', day(1), 'YY'), [...records(820, 20, day(1)), ...records(840, 5, day(2))]),
    logObject(`${key('production/', day(4), 'YY')}.bak`, records(860, 5, day(4))),
    logObject('production/qalogs_13:45:24.txt', records(870, 5, day(4))),
    ...Array.from({ length: OTHER_KEYS }, (_, index) => logObject(`0-other/${index}.txt`, [])),
  ]
  return {
    from: day(2),
    to: day(8),
    counted,
    all: [...counted, ...others],
  }
}

function key(prefix: string, date: string, year: 'YY' | 'YYYY'): string {
  const [full = '', month, day] = date.split('-')
  return `${prefix}qalogs_${month}:${day}:${year === 'YY' ? full.slice(2) : full}.txt`
}

function records(from: number, count: number, date: string): Piece[] {
  return Array.from({ length: count }, (_, index) => {
    const number = from + index
    return record(number, date, VERSIONS[Math.floor(number / 5) % VERSIONS.length] as string)
  })
}

/** After every `nth` record one of which no task can be made. */
function withUnreadable(pieces: Piece[], nth: number): Piece[] {
  return pieces.flatMap((piece, index) =>
    (index + 1) % nth === 0 && piece.date !== null ? [piece, unreadable(index, piece.date)] : [piece],
  )
}

function brokenGzip(key: string): LogObject {
  const body = Buffer.from([0x1f, 0x8b, 0x08, 0x00, 0x13, 0x37, 0x13, 0x37, 0x00, 0x03, 0xff, 0xff, 0x00])
  return { key, body, records: [], unframed: [{ object: key, line: 1 }] }
}
