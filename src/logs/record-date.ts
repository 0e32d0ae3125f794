export interface DateReader {
  /** The calendar date of the timestamp that stands in `bytes[start, end)`: `YYYY-MM-DD`, or null if there is none. */
  (bytes: Buffer, start: number, end: number): string | null
  /** The last date that was written without an offset: whatever begins like it, and has no offset either, is of that date. */
  last(): WrittenDate | null
}

export interface WrittenDate {
  date: string
  /** Its bytes as they stand there, ten of them. */
  written: Buffer
}

const SPACE = 0x20
const QUOTE = 0x22
const QUARTER_HOUR = 900_000
const MAX_CACHED = 10_000
/** Longer than any timestamp. */
const MAX_LENGTH = 48
const DATE_LENGTH = 10

const ISO =
  /^(\d{4})([-/]?)(\d\d)\2(\d\d)(?!\d)(?:[T ](\d\d):?(\d\d)(?::?(\d\d))?(?:[.,]\d+)?(?: ?(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)(?!\w))?)?/i
/** Shorter numbers are durations or counts. */
const EPOCH = /^\d{9,19}(?![\d:/-])/
const [TIME, OFFSET] = [1, 2]
/** What may stand behind a date, by byte: 1 for those of a time, 2 for those that an offset can begin with. */
export const TIME_BYTES = new Uint8Array(256)
for (const byte of Buffer.from('T0123456789:., ')) TIME_BYTES[byte] = TIME
for (const byte of Buffer.from('+-ZzUuGg')) TIME_BYTES[byte] = OFFSET

export function isCalendarDate(year: number, month: number, day: number): boolean {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0
  return day >= 1 && day <= days
}

/** The date as `YYYY-MM-DD`. */
export function calendarDate(year: number, month: number, day: number): string {
  const pad = (value: number) => String(value).padStart(2, '0')
  return `${String(year).padStart(4, '0')}-${pad(month)}-${pad(day)}`
}

/**
 * Makes the function that gives an instant (milliseconds since 1970) its calendar date in a time zone.
 * @throws RangeError if the zone is not an IANA name
 */
function zoneDates(timezone: string): (instant: number) => string | null {
  let formatter: Intl.DateTimeFormat
  try {
    const options = { year: 'numeric', month: '2-digit', day: '2-digit', timeZone: timezone } as const
    formatter = new Intl.DateTimeFormat('en-u-ca-iso8601-nu-latn', options)
  } catch {
    throw new RangeError(
      `window.timezone: expected an IANA name such as Europe/Paris, got ${JSON.stringify(timezone)}`,
    )
  }
  // zones differ from UTC by multiples of a quarter, so within one the date does not change
  const known = new Map<number, string>()
  return (instant) => {
    if (!(instant >= 0 && instant < 253_402_214_400_000)) return null
    const quarter = Math.floor(instant / QUARTER_HOUR)
    let date = known.get(quarter)
    if (!date) {
      const parts = formatter.formatToParts(quarter * QUARTER_HOUR)
      const part = (type: string) => Number(parts.find((one) => one.type === type)?.value)
      date = calendarDate(part('year'), part('month'), part('day'))
      if (known.size >= MAX_CACHED) known.clear()
      known.set(quarter, date)
    }
    return date
  }
}

/** Milliseconds since 1970 from a number of seconds, milliseconds, microseconds or nanoseconds, by its size. */
function epoch(value: number): number {
  return value < 1e11 ? value * 1e3 : value < 1e14 ? value : value < 1e17 ? value / 1e3 : value / 1e6
}

/** Minutes east of UTC of `Z`, `UTC`, `+02:00`, `-0530` or `+02`. */
function offsetMinutes(offset: string): number {
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)?$/.exec(offset) ?? []
  return (sign === '-' ? -1 : 1) * (Number(hours ?? 0) * 60 + Number(minutes ?? 0))
}

/**
 * Makes a reader of timestamps: ISO 8601 and `YYYY-MM-DD HH:MM:SS` (also with `/`, also `YYYYMMDD`), and numbers since 1970
 * (seconds to nanoseconds). A date without an offset counts as written; an instant gets its date in `timezone`.
 * @param timezone IANA name
 * @throws RangeError if the zone is unknown
 */
export function dateReader(timezone: string): DateReader {
  const zoneDate = zoneDates(timezone)
  let last: WrittenDate | null = null

  /** Whether the date of the timestamp is the last one, as written: the common case, found without decoding. */
  function isLast({ written }: WrittenDate, bytes: Buffer, start: number, end: number): boolean {
    if (start + DATE_LENGTH >= end) return false
    let at = start
    for (let i = 0; i < DATE_LENGTH; i++) if (bytes[at++] !== written[i]) return false
    while (at < end && TIME_BYTES[bytes[at] as number] === TIME) at++
    return at === end || TIME_BYTES[bytes[at] as number] !== OFFSET
  }

  function read(bytes: Buffer, start: number, end: number): string | null {
    while (start < end && (bytes[start] === SPACE || bytes[start] === QUOTE)) start++
    if (last && isLast(last, bytes, start, end)) return last.date
    const text = bytes.toString('latin1', start, Math.min(start + MAX_LENGTH, end))
    const iso = ISO.exec(text)
    if (!iso) {
      const number = EPOCH.exec(text)
      return number && zoneDate(epoch(Number(number[0])))
    }
    const [, year = '', separator, month = '', day = '', hours = 0, minutes = 0, seconds = 0, offset] = iso
    if (!isCalendarDate(Number(year), Number(month), Number(day))) return null
    const date = `${year}-${month}-${day}`
    if (!offset) {
      if (separator) {
        last = { date, written: Buffer.from(text.slice(0, DATE_LENGTH), 'latin1') }
      }
      return date
    }
    const minute = Number(minutes) - offsetMinutes(offset)
    return (
      zoneDate(
        Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hours), minute, Number(seconds)),
      ) ?? date
    )
  }

  return Object.assign(read, { last: () => last })
}
