import { type FileMetaData, type ParquetParsers, parquetSchema } from 'hyparquet'

/** A column of the first level, with all that is nested in it. */
export interface ParquetColumn {
  name: string
  /** A value as the reader gives it, as JSON. */
  toJson: (value: unknown) => unknown
}

const DAY_MS = 86_400_000

/** An instant with as many digits as it was stored with; JavaScript's dates end at milliseconds. */
function instant(units: bigint, perSecond: bigint, digits: number): string {
  const seconds = units / perSecond - (units % perSecond < 0n ? 1n : 0n)
  const rest = String(units - seconds * perSecond).padStart(digits, '0')
  const date = new Date(Number(seconds) * 1000)
  if (Number.isNaN(date.getTime())) return String(units)
  return `${date.toISOString().slice(0, 19)}.${rest}Z`
}

export const PARSERS: Partial<ParquetParsers> = {
  timestampFromMilliseconds: (value) => instant(BigInt(value), 1_000n, 3),
  timestampFromMicroseconds: (value) => instant(BigInt(value), 1_000_000n, 6),
  timestampFromNanoseconds: (value) => instant(BigInt(value), 1_000_000_000n, 9),
  dateFromDays: (days) => {
    const date = new Date(days * DAY_MS)
    return Number.isNaN(date.getTime()) ? String(days) : date.toISOString().slice(0, 10)
  },
}

/** What JSON has no type for: whole numbers beyond 2^53 become text, bytes Base64, dates ISO 8601. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value)
    return Number.isSafeInteger(number) ? number : String(value)
  }
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (Array.isArray(value)) return value.map(plain)
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<unknown>, plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]))
}

/** A decimal of stored units: a number where that is exact to its last digit, else text. */
function decimal(units: bigint, scale: number): number | string {
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, '0')
  const point = digits.length - scale
  const text = `${units < 0n ? '-' : ''}${digits.slice(0, point)}${scale > 0 ? `.${digits.slice(point)}` : ''}`
  return digits.replace(/^0+/, '').length <= 15 ? Number(text) : text
}

function unitsOf(value: unknown): bigint {
  if (value instanceof Uint8Array)
    return BigInt.asIntN(8 * value.length, BigInt(`0x${Buffer.from(value).toString('hex') || '0'}`))
  return BigInt(value as number | bigint)
}

/**
 * The columns of a file. Decimals are taken as they are stored, which the metadata is changed for: the reader would
 * multiply them as floating-point numbers.
 */
export function columnsOf(metadata: FileMetaData): ParquetColumn[] {
  return parquetSchema(metadata).children.map(({ element, children }) => {
    const { name, converted_type: converted, logical_type: logical, type, scale = 0 } = element
    if (children.length > 0 || type === undefined) return { name, toJson: plain }
    if (logical?.type === 'TIMESTAMP' && !logical.isAdjustedToUTC)
      return {
        name,
        // a time as it was written, in no zone
        toJson: (value) => (typeof value === 'string' ? value.replace(/Z$/, '') : plain(value)),
      }
    const isDecimal = converted === 'DECIMAL' || logical?.type === 'DECIMAL'
    if (isDecimal && type !== 'BYTE_ARRAY') {
      delete element.converted_type
      delete element.logical_type
      return {
        name,
        toJson: (value) => (value === null || value === undefined ? null : decimal(unitsOf(value), scale)),
      }
    }
    return { name, toJson: plain }
  })
}
