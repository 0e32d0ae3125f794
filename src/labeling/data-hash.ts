import { hash } from 'node:crypto'

/** Identifies a task by its `data`, whatever the order of its keys: the same data, the same hash. */
export function dataHash(data: unknown): string {
  return hash('sha256', JSON.stringify(sorted(data)))
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]))
}
