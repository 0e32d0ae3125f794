/** Calendar dates, both ends included. */
export interface DateWindow {
  from: string
  to: string
}

/** Today's calendar date in an IANA time zone. */
export function today(now: Date, timezone: string): string {
  // The Swedish locale writes dates as ISO 8601 does.
  return new Intl.DateTimeFormat('sv-SE', { timeZone: timezone, dateStyle: 'short' }).format(now)
}

export function addDays(date: string, days: number): string {
  const moved = new Date(`${date}T00:00:00Z`)
  moved.setUTCDate(moved.getUTCDate() + days)
  return moved.toISOString().slice(0, 10)
}

/**
 * The window of a run: what the call names; a missing end is today, a missing start makes it `days` long. The
 * default, seven days ending today, counts both ends.
 */
export function windowOf(
  given: { from?: string | null | undefined; to?: string | null | undefined },
  { days, timezone }: { days: number; timezone: string },
  now: Date,
): DateWindow {
  const to = given.to ?? today(now, timezone)
  return { from: given.from ?? addDays(to, 1 - days), to }
}
