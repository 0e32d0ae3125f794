import pg from 'pg'
import Cursor from 'pg-cursor'
import { SourceError } from './source-error.ts'
import type { SqlReading } from './source-sql.ts'
import { bindDates } from './sql-query.ts'
import { jsonLines, numberOrText } from './sql-values.ts'

const ROWS_AT_A_TIME = 1_000
const CONNECT_TIMEOUT_MS = 10_000

const { builtins } = pg.types
/** As written; a Date would lose digits and the zone. */
const TEXTS: number[] = [
  builtins.DATE,
  builtins.TIME,
  builtins.TIMETZ,
  builtins.TIMESTAMP,
  builtins.TIMESTAMPTZ,
]
const NUMBERS: number[] = [builtins.INT8, builtins.NUMERIC]

const types = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (TEXTS.includes(oid)) return (value: string) => value
    if (NUMBERS.includes(oid)) return numberOrText
    return pg.types.getTypeParser(oid, format as 'text')
  },
}

/** The rows of a query, through a cursor. */
export async function* postgresRows(reading: SqlReading): AsyncGenerator<Buffer> {
  const { server, query, days, timezone, timeoutMs, signal } = reading
  const { tls, port, ...where } = server
  const what = `database ${server.database} on ${server.host}`
  const client = new pg.Client({
    ...where,
    ...(port !== null && { port }),
    ssl: tls === 'off' ? false : { rejectUnauthorized: tls === 'verified' },
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    types: types as pg.CustomTypesConfig,
    application_name: 'label-studio-monitor',
  })
  const abort = () => void client.end().catch(() => {})
  // an error of an idle connection comes as an event, and again from the next call
  client.on('error', () => {})
  signal?.addEventListener('abort', abort, { once: true })
  try {
    signal?.throwIfAborted()
    await client.connect()
    await client.query('begin transaction read only')
    await client.query("select set_config('statement_timeout', $1, true), set_config('TimeZone', $2, true)", [
      String(timeoutMs),
      timezone,
    ])
    const { text, values } = bindDates(query, days, (number) => `$${number}`)
    const cursor = client.query(new Cursor<Record<string, unknown>>(text, values))
    for (;;) {
      const rows = await cursor.read(ROWS_AT_A_TIME)
      if (rows.length === 0) return
      yield jsonLines(rows)
    }
  } catch (error) {
    signal?.throwIfAborted()
    throw postgresError(error, what, timeoutMs)
  } finally {
    signal?.removeEventListener('abort', abort)
    await client.end().catch(() => {})
  }
}

function postgresError(error: unknown, what: string, timeoutMs: number): SourceError {
  const { code = '', message } = error as { code?: string; message: string }
  const refused = (why: string) => new SourceError('refused', `${what}: ${why}`)
  if (code === '57014')
    return refused(`the query took longer than ${timeoutMs / 1000} s; raise source.timeout_s`)
  if (code === '25006') return refused('source.query: only reading is allowed')
  if (code.startsWith('28')) return refused('the login is refused; correct source.url')
  if (code === '3D000') return refused('there is no such database; correct source.url')
  if (code === '42501') return refused(`access is denied (${message}); the user needs SELECT`)
  if (/^(42|22|0A|26|34)/.test(code)) return refused(`source.query: ${message}`)
  if (/SSL|TLS|certificate/i.test(`${code} ${message}`))
    return refused(`TLS fails (${message}); correct sslmode in source.url`)
  return new SourceError('unavailable', `${what}: can't be read now (${code || message})`)
}
