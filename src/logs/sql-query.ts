/** A query whose `:from` and `:to` became what a database driver binds. */
export interface BoundQuery {
  text: string
  values: string[]
}

/** Texts, quoted names and comments of both dialects, casts, and what is to be bound. */
const PIECE =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|--[^\n]*|\/\*[^*]*\*+(?:[^/*][^*]*\*+)*\/|\$(\w*)\$[\s\S]*?\$\1\$|::|:(from|to)\b/g

/**
 * @param from the first day, `YYYY-MM-DD`
 * @param to the day after the last
 * @param placeholder what stands for the value with a number, from 1
 */
export function bindDates(
  query: string,
  { from, to }: { from: string; to: string },
  placeholder: (number: number) => string,
): BoundQuery {
  const values: string[] = []
  const text = query
    .trim()
    .replace(/;$/, '')
    .replace(PIECE, (piece, _tag, name?: 'from' | 'to') => {
      if (!name) return piece
      values.push(name === 'from' ? from : to)
      return placeholder(values.length)
    })
  return { text, values }
}

/** Why a query can't be a source, or null. */
export function queryProblem(query: string): string | null {
  if (!/^\s*(?:(?:--[^\n]*\n|\/\*[\s\S]*?\*\/)\s*)*(?:select|with|table|values|\()/i.test(query))
    return 'expected a query that begins with SELECT or WITH'
  const { values } = bindDates(query, { from: 'from', to: 'to' }, () => '?')
  return values.length > 0 ? null : "expected :from or :to, which stand for the window's days"
}
