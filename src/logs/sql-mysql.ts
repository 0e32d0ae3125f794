import { connect } from 'node:net'
import type { Readable } from 'node:stream'
import { type Connection, createConnection, type QueryError } from 'mysql2'
import { SourceError } from './source-error.ts'
import type { SqlReading } from './source-sql.ts'
import { bindDates } from './sql-query.ts'
import { jsonLines, numberOrText } from './sql-values.ts'

const ROWS_AT_A_TIME = 1_000
const DEFAULT_PORT = 3306
const CONNECT_TIMEOUT_MS = 10_000
/** The server waits so long for whoever reads slowly. */
const WRITE_TIMEOUT_S = 3_600

const LOGIN = ['ER_ACCESS_DENIED_ERROR', 'ER_NOT_SUPPORTED_AUTH_MODE', 'AUTH_SWITCH_PLUGIN_ERROR']
const QUERY =
  /^ER_(PARSE_ERROR|BAD_FIELD|NO_SUCH_TABLE|SYNTAX|WRONG|NON_UNIQ|ILLEGAL|TRUNCATED|INVALID|SP_DOES)/
/** MySQL's and MariaDB's number for a statement that took too long. */
const TIMEOUT = [3024, 1969]
const READ_ONLY = 'ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION'

/** The rows of a query of MySQL or MariaDB, as they come from the server. */
export async function* mysqlRows(reading: SqlReading): AsyncGenerator<Buffer> {
  const { server, query, days, timezone, timeoutMs, signal } = reading
  const { tls, port, ...where } = server
  const socket = connect(port ?? DEFAULT_PORT, server.host)
  const connection = createConnection({
    ...where,
    // the driver's own would be read to the end of the rows before it closes
    stream: () => socket,
    ...(tls !== 'off' && { ssl: { rejectUnauthorized: tls === 'verified' } }),
    connectTimeout: CONNECT_TIMEOUT_MS,
    charset: 'utf8mb4',
    dateStrings: true,
    supportBigNumbers: true,
    // a file of this machine is not the server's to ask for
    flags: ['-LOCAL_FILES'],
    typeCast: (field, next) => (/DECIMAL$/.test(field.type) ? decimal(field.string()) : next()),
  })
  connection.on('error', () => {})
  let rows: Readable | null = null
  const abort = () => {
    socket.destroy()
    // it would wait for rows for ever
    rows?.destroy(new Error('stopped'))
  }
  signal?.addEventListener('abort', abort, { once: true })
  try {
    signal?.throwIfAborted()
    const run = (text: string, values: string[] = []) => statement(connection, text, values)
    await limitTime(run, timeoutMs)
    await run('set session net_write_timeout = ?', [String(WRITE_TIMEOUT_S)]).catch(() => {})
    await run('set session time_zone = ?', [timezone === 'UTC' ? '+00:00' : timezone])
    await run('start transaction read only')
    const { text, values } = bindDates(query, days, () => '?')
    rows = connection.execute(text, values).stream({ highWaterMark: ROWS_AT_A_TIME })
    let batch: Record<string, unknown>[] = []
    for await (const row of rows) {
      if (batch.push(row as Record<string, unknown>) < ROWS_AT_A_TIME) continue
      yield jsonLines(batch)
      batch = []
    }
    if (batch.length > 0) yield jsonLines(batch)
  } catch (error) {
    signal?.throwIfAborted()
    throw mysqlError(error, reading)
  } finally {
    signal?.removeEventListener('abort', abort)
    socket.destroy()
  }
}

const decimal = (digits: string | null) => (digits === null ? null : numberOrText(digits))

function statement(connection: Connection, text: string, values: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    connection.query(text, values, (error) => (error ? reject(error) : resolve()))
  })
}

/** MySQL and MariaDB have different names for it. */
async function limitTime(
  run: (text: string, values: string[]) => Promise<void>,
  timeoutMs: number,
): Promise<void> {
  try {
    await run('set session max_statement_time = cast(? as decimal)', [String(timeoutMs / 1000)])
  } catch (error) {
    if ((error as QueryError).code !== 'ER_UNKNOWN_SYSTEM_VARIABLE') throw error
    await run('set session max_execution_time = cast(? as unsigned)', [String(timeoutMs)])
  }
}

function mysqlError(error: unknown, { server, timeoutMs, timezone }: SqlReading): SourceError {
  const what = `database ${server.database} on ${server.host}`
  const { code = '', errno = 0, message } = error as { code?: string; errno?: number; message: string }
  const refused = (why: string) => new SourceError('refused', `${what}: ${why}`)
  if (TIMEOUT.includes(errno))
    return refused(`the query took longer than ${timeoutMs / 1000} s; raise source.timeout_s`)
  if (code === READ_ONLY) return refused('source.query: only reading is allowed')
  if (LOGIN.includes(code)) return refused('the login is refused; correct source.url')
  if (code === 'ER_BAD_DB_ERROR') return refused('there is no such database; correct source.url')
  if (code === 'ER_UNKNOWN_TIME_ZONE')
    return refused(`the server does not know the time zone ${timezone}; load its time zone tables`)
  if (/DENIED/.test(code)) return refused('access is denied; the user needs SELECT')
  if (QUERY.test(code)) return refused(`source.query: ${message}`)
  if (/SSL|TLS|CERT/i.test(code)) return refused(`TLS fails (${code}); correct sslmode in source.url`)
  return new SourceError('unavailable', `${what}: can't be read now (${code || message})`)
}
