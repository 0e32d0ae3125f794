import { Readable } from 'node:stream'
import type { LogSource, SqlSourceDefinition, Window } from './source.ts'
import { SourceError } from './source-error.ts'
import type { BoundQuery } from './sql-query.ts'

/** Where a database is, from the URL of a source. */
export interface SqlServer {
  host: string
  port: number | null
  user: string
  password: string
  database: string
  /** Whether the connection is encrypted, and whether the server has to prove who it is. */
  tls: 'off' | 'encrypted' | 'verified'
}

export interface SqlReading {
  server: SqlServer
  query: string
  days: { from: string; to: string }
  timezone: string
  timeoutMs: number
  signal?: AbortSignal | undefined
}

/** Reads the rows of a query in a transaction that can't write; as JSON lines. */
export type ReadRows = (reading: SqlReading) => AsyncGenerator<Buffer>
export type { BoundQuery }

/** The drivers are loaded when they are first needed: they take 10 MB, in each thread. */
async function* postgresRows(reading: SqlReading): AsyncGenerator<Buffer> {
  yield* (await import('./sql-postgres.ts')).postgresRows(reading)
}
async function* mysqlRows(reading: SqlReading): AsyncGenerator<Buffer> {
  yield* (await import('./sql-mysql.ts')).mysqlRows(reading)
}

const READERS: Record<string, ReadRows> = {
  'postgres:': postgresRows,
  'postgresql:': postgresRows,
  'mysql:': mysqlRows,
  'mariadb:': mysqlRows,
}
const TLS: Record<string, SqlServer['tls']> = {
  disable: 'off',
  prefer: 'off',
  require: 'encrypted',
  'verify-ca': 'verified',
  'verify-full': 'verified',
}
const DEFAULT_TIMEOUT_S = 300
const KEY = /^(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)$/
const DAY_MS = 86_400_000

/**
 * Reads the URL of a database. Only what is named here is taken from it: drivers would also read files that it names.
 * @throws SourceError that does not repeat it, because it holds a password
 */
export function sqlServer(text: string): { read: ReadRows; server: SqlServer } {
  const wrong = (expected: string) => new SourceError('refused', `source.url: expected ${expected}`)
  const url = URL.parse(text)
  const read = READERS[url?.protocol ?? '']
  if (!url || !read) throw wrong('a URL such as postgresql://user:password@host/database or mysql://…')
  if (!url.hostname) throw wrong('the host of the database')
  const database = decodeURIComponent(url.pathname.slice(1))
  if (!database) throw wrong('the name of the database after the host')
  const [unknown] = [...url.searchParams.keys()].filter((name) => name !== 'sslmode')
  if (unknown) throw wrong(`no parameter but sslmode, got ${JSON.stringify(unknown)}`)
  const tls = TLS[url.searchParams.get('sslmode') ?? 'disable']
  if (!tls) throw wrong(`sslmode to be one of ${Object.keys(TLS).join(', ')}`)
  return {
    read,
    server: {
      host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: url.port ? Number(url.port) : null,
      user: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      database,
      tls,
    },
  }
}

const dayAfter = (date: string) => new Date(Date.parse(date) + DAY_MS).toISOString().slice(0, 10)

/**
 * The rows of a query, one JSON object a line. Rows have no place that lasts, so their content is what they are known by. There is one
 * object, whose key is the window.
 */
export function openSqlSource(definition: SqlSourceDefinition, timezone: string): LogSource {
  const { query, timeout_s: timeout = DEFAULT_TIMEOUT_S } = definition
  const { read, server } = sqlServer(definition.url)
  return {
    id: `sql:${server.host}/${server.database}`,
    identity: 'content',
    async *list(_signal, window?: Window) {
      if (!window) throw new SourceError('refused', 'a query needs a window')
      yield { key: `${window.from}..${window.to}`, size: null, date: null }
    },
    async open({ key }, signal) {
      const [, from, last] = KEY.exec(key) ?? []
      if (!from || !last) throw new SourceError('refused', `${key}: is no window of a query`)
      const days = { from, to: dayAfter(last) }
      const rows = read({ server, query, days, timezone, timeoutMs: timeout * 1000, signal })
      return Readable.from(rows, { objectMode: false, highWaterMark: 1 })
    },
  }
}
