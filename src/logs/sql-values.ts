/** A number where JSON has it exactly, else its digits as text. */
export function numberOrText(digits: string): number | string {
  const significant = digits.replace(/^-?0*\.?0*|\./g, '').length
  return /^-?\d+(\.\d+)?$/.test(digits) && significant <= 15 ? Number(digits) : digits
}

/** Rows as JSON lines, several at once. What is null is not there; bytes are Base64. */
export function jsonLines(rows: readonly Record<string, unknown>[]): Buffer {
  const lines = rows.map((row) => {
    const fields: Record<string, unknown> = {}
    for (const [name, value] of Object.entries(row)) {
      if (value === null || value === undefined) continue
      fields[name] = value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value
    }
    return `${JSON.stringify(fields, (_, value) => (typeof value === 'bigint' ? String(value) : value))}\n`
  })
  return Buffer.from(lines.join(''))
}
