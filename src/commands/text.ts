/** Rows as text, each column as wide as its longest cell; two spaces before and between. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  )
  return rows
    .map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
    .map((line) => `${line}\n`)
    .join('')
}

const COUNT = new Intl.NumberFormat('en-US')
const DECIMAL = new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 })

export function count(value: number): string {
  return COUNT.format(value)
}

/** With its noun, whose plural ends in s. */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`
}

/** Bytes in the decimal unit that gives a short number. */
export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const step = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1)
  return `${DECIMAL.format(bytes / 1000 ** step)} ${units[step]}`
}

export function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
