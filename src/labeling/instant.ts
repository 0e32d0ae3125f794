const RFC3339 = /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?([Zz]|[+-]\d{2}:\d{2})$/

/**
 * Reads an instant of Label Studio, e.g. `2026-11-23T09:51:56.170127Z`, to the microsecond.
 *
 * @returns microseconds since 1970 (UTC), or null when it is no RFC 3339 date-time
 */
export function microseconds(text: unknown): number | null {
  if (typeof text !== 'string') return null
  const match = RFC3339.exec(text)
  if (!match) return null
  const fraction = (match[7] ?? '').slice(0, 6).padEnd(6, '0')
  const seconds = Date.parse(
    `${match[1]}-${match[2]}-${match[3]}T${match[4]}:${match[5]}:${match[6]}${match[8]?.toUpperCase()}`,
  )
  return Number.isNaN(seconds) ? null : seconds * 1000 + Number(fraction)
}

/** The form that Label Studio's date filters need (any other is answered with a 500): six digits and a Z. */
export function fromMicroseconds(us: number): string {
  const fraction = String(((us % 1_000_000) + 1_000_000) % 1_000_000).padStart(6, '0')
  return `${new Date(Math.floor(us / 1_000_000) * 1000).toISOString().slice(0, 19)}.${fraction}Z`
}
