import { Problem } from '../contract/problem.ts'

/** One page of a list: `limit` items of the `limit + 1` that were read tell whether there is a next one. */
export function page<Row, Item>(
  rows: Row[],
  limit: number,
  keyOf: (row: Row) => string | number,
  present: (row: Row) => Item,
): { items: Item[]; next_cursor: string | null } {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return {
    items: shown.map(present),
    next_cursor: rows.length > limit && last !== undefined ? encodeCursor(keyOf(last)) : null,
  }
}

function encodeCursor(key: string | number): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url')
}

/**
 * The key that a cursor stands for.
 *
 * @param form what a text key looks like
 * @throws Problem when it is none that this list gave
 */
export function decodeCursor<T extends 'string' | 'number'>(
  cursor: string | undefined,
  type: T,
  form: RegExp = /^/,
): (T extends 'string' ? string : number) | null {
  if (cursor === undefined) return null
  try {
    const key: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
    if (typeof key === type && form.test(String(key)) && (type === 'string' || Number.isSafeInteger(key)))
      return key as never
  } catch {}
  const message = 'Expected the next_cursor of the page before.'
  throw new Problem('invalid-request', message, { errors: [{ path: 'query.cursor', message }] })
}
