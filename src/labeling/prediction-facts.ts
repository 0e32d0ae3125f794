/** More nesting than any record of a log has; JSON.parse would read more than the call stack can walk. */
const MAX_DEPTH = 200

/**
 * A value of a record as Label Studio and PostgreSQL accept it: NUL characters and halves of surrogate pairs become
 * U+FFFD, one for one, so that offsets into the text stay right.
 *
 * @throws Error when it is nested deeper than 200 levels
 */
export function clean<Value>(value: Value, depth = 0): Value {
  if (depth > MAX_DEPTH) throw new Error(`is nested deeper than ${MAX_DEPTH} levels`)
  if (typeof value === 'string') return value.toWellFormed().replaceAll('\0', '\uFFFD') as Value
  if (Array.isArray(value)) return value.map((item) => clean(item, depth + 1)) as Value
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [clean(key), clean(item, depth + 1)]),
  ) as Value
}

/** A finite number, or text that is one (`"0.5"`, `" 7 "`, `"1e-3"`); undefined for anything else. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  if (typeof value !== 'string' || !/^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(value))
    return undefined
  const number = Number(value)
  return Number.isFinite(number) ? number : undefined
}

/** A prediction's score: a number from 0 to 1, also as text and as a percentage (`"98.3%"`); null when there is none. */
export function parseScore(value: unknown): { score: number | null } | { problem: string } {
  if (value === undefined || value === null || value === '') return { score: null }
  const percent = typeof value === 'string' ? /^(.*)%\s*$/s.exec(value) : null
  const number = numberOf(percent ? percent[1] : value)
  const score = percent && number !== undefined ? number / 100 : number
  if (score !== undefined && score >= 0 && score <= 1) return { score }
  return {
    problem: `a score must be a number from 0 to 1, or a percentage such as "98.3%", not ${quote(value)}`,
  }
}

/** The name of the model's version; numbers as text, null when there is none. */
export function parseModelVersion(value: unknown): { modelVersion: string | null } | { problem: string } {
  if (value === undefined || value === null || value === '') return { modelVersion: null }
  if (typeof value === 'string' || typeof value === 'number') return { modelVersion: String(value) }
  return { problem: `a model version must be text or a number, not ${quote(value)}` }
}

/** The list or object that a text is in JSON, for sources that have only text (template logs, CSV); else the text itself. */
export function parsedJson(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return text
  try {
    return clean(JSON.parse(text))
  } catch {
    return text
  }
}

/** A value for a message: as JSON, cut to one line's length. */
export function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 80 ? `${text.slice(0, 79).toWellFormed()}…` : text
}
