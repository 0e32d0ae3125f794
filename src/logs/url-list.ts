import { KeyPatternError } from './key-pattern.ts'
import type { Window } from './source.ts'

/** A URL of a source, and what is known of it without asking. */
export interface NamedUrl {
  url: string
  /** `YYYY-MM-DD`, where the pattern names a whole date. */
  date: string | null
  /** What tells it from others with the same path. */
  mark: string | null
}

const DAY_MS = 86_400_000
/** Ten years by the hour. */
const MAX_URLS = 100_000
const PLACEHOLDER = /\{[^{}]*\}/g
const PARTS: Record<string, (date: Date) => string> = {
  '{YYYY}': (date) => date.toISOString().slice(0, 4),
  '{YY}': (date) => date.toISOString().slice(2, 4),
  '{MM}': (date) => date.toISOString().slice(5, 7),
  '{DD}': (date) => date.toISOString().slice(8, 10),
  '{HH}': (date) => date.toISOString().slice(11, 13),
}

/** @throws KeyPatternError for a pattern without a date, or with what is no part of one */
export function checkUrlPattern(pattern: string): void {
  const wrong = (message: string) => new KeyPatternError(message)
  const found: string[] = pattern.match(PLACEHOLDER) ?? []
  const unknown = found.find((each) => !Object.hasOwn(PARTS, each))
  if (unknown) throw wrong(`${JSON.stringify(unknown)} is unknown; use ${Object.keys(PARTS).join(', ')}`)
  if (!found.some((each) => each.startsWith('{YY')) || !found.includes('{MM}'))
    throw wrong(
      'expected at least a year and a month, such as {YYYY} and {MM}; for URLs without dates use urls',
    )
  if (pattern.includes('*'))
    throw wrong('* has no meaning here, because a web server does not tell what it has; use manifest or urls')
  if (!URL.canParse(pattern.replace(PLACEHOLDER, '10'))) throw wrong('is no URL')
}

/** The URLs of each day of a window, or of each of its hours, months or years, as the pattern has it. */
export function expandUrlPattern(pattern: string, { from, to }: Window): NamedUrl[] {
  checkUrlPattern(pattern)
  const step = pattern.includes('{HH}') ? DAY_MS / 24 : DAY_MS
  const wholeDate = pattern.includes('{DD}')
  const query = pattern.indexOf('?')
  const isMarked = query >= 0 && PLACEHOLDER.test(pattern.slice(query))
  PLACEHOLDER.lastIndex = 0
  const found = new Map<string, NamedUrl>()
  for (let at = Date.parse(from); at < Date.parse(to) + DAY_MS && found.size < MAX_URLS; at += step) {
    const date = new Date(at)
    const url = pattern.replace(PLACEHOLDER, (each) => PARTS[each]?.(date) ?? each)
    const iso = date.toISOString()
    const mark = isMarked ? iso.slice(0, step === DAY_MS ? 10 : 13) : null
    if (!found.has(url)) found.set(url, { url, date: wholeDate ? iso.slice(0, 10) : null, mark })
  }
  return [...found.values()]
}

/**
 * The URLs that a manifest lists: one a line, `#` begins a comment; or a JSON list of URLs, or of objects with a `url`. They may be
 * relative to the manifest's own.
 * @returns null where it is neither
 */
export function readManifest(text: string, base: string): string[] | null {
  const body = text.replace(/^\u{feff}/u, '').trim()
  let entries: unknown[]
  if (body.startsWith('[') || body.startsWith('{')) {
    try {
      const json = JSON.parse(body)
      entries = Array.isArray(json) ? json : (json.urls ?? json.files ?? [null])
    } catch {
      return null
    }
  } else entries = body.split(/\r?\n/).filter((line) => line.trim() && !line.trim().startsWith('#'))
  if (!Array.isArray(entries)) return null
  const urls = entries.map((entry) => {
    const given = typeof entry === 'string' ? entry : (entry as { url?: unknown } | null)?.url
    return typeof given === 'string' && URL.canParse(given.trim(), base)
      ? new URL(given.trim(), base).href
      : null
  })
  return urls.some((url) => url === null) ? null : (urls as string[])
}
