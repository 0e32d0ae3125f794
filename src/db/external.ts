import pg from 'pg'
import { DatabaseStartError } from './start-error.ts'

const OLDEST_SERVER = 15

/**
 * Connects once and looks whether the service can work there. Returns the server's version, e.g. "PostgreSQL 15.8", and
 * what is to be warned of. Throws what `pg` throws, or a DatabaseStartError that lists everything that is wrong.
 */
export async function checkServer(
  connection: pg.ClientConfig,
): Promise<{ version: string; warnings: string[] }> {
  const client = new pg.Client(connection)
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows } = await client.query(`select
      current_setting('server_version_num')::int / 10000 as major,
      split_part(current_setting('server_version'), ' ', 1) as version,
      current_setting('server_encoding') as encoding,
      current_database() as database,
      current_user as username,
      pg_is_in_recovery() as standby,
      current_setting('fsync') as fsync,
      current_setting('synchronous_commit') as synchronous_commit,
      has_database_privilege(current_database(), 'create') as creates_schemas,
      coalesce(has_schema_privilege(current_schema(), 'create'), false) as creates_tables`)
    const [server] = rows as [ServerFacts]
    const problems = problemsWith(server)
    if (problems.length > 0) {
      throw new DatabaseStartError(
        `The service can't work with database ${server.database} on ${client.host}: ${problems.join('; and ')}.`,
      )
    }
    return { version: `PostgreSQL ${server.version}`, warnings: warningsAbout(server) }
  } finally {
    await client.end().catch(() => {})
  }
}

export interface ServerFacts {
  readonly major: number
  readonly version: string
  readonly encoding: string
  readonly database: string
  readonly username: string
  /** Whether it only follows another server. */
  readonly standby: boolean
  readonly fsync: string
  readonly synchronous_commit: string
  readonly creates_schemas: boolean
  readonly creates_tables: boolean
}

export function problemsWith(server: ServerFacts): string[] {
  const problems = []
  if (server.major < OLDEST_SERVER) {
    problems.push(
      `it is PostgreSQL ${server.version}, but ${OLDEST_SERVER} or newer is needed; upgrade the server`,
    )
  }
  if (server.encoding !== 'UTF8') {
    problems.push(
      `its encoding is ${server.encoding}; make the database by: create database … encoding 'UTF8' template template0`,
    )
  }
  if (server.standby) problems.push('it is a read-only standby; name the primary server')
  else if (!server.creates_schemas || !server.creates_tables) {
    problems.push(
      `user ${server.username} may not create tables and schemas in it; make it the owner by: ` +
        `alter database "${server.database}" owner to "${server.username}"`,
    )
  }
  return problems
}

/** What the service can work with, but must not keep to itself: it acknowledges what is committed. */
export function warningsAbout(server: Pick<ServerFacts, 'fsync' | 'synchronous_commit'>): string[] {
  return (['fsync', 'synchronous_commit'] as const)
    .filter((setting) => server[setting] === 'off')
    .map(
      (setting) =>
        `The database server has ${setting} off: events that the service acknowledged can be gone after a power loss. Set it to on.`,
    )
}

/** What a failed first connection to `DATABASE_URL` means, without the password that stands in it. */
export function connectionProblem(databaseUrl: string, error: Error): DatabaseStartError {
  if (error instanceof DatabaseStartError) return error
  const code = (error as { code?: string }).code ?? ''
  const remedy = REMEDIES[code] ?? 'check the address, and that the server accepts connections from here'
  return new DatabaseStartError(
    `DATABASE_URL: can't connect to ${nameOf(databaseUrl)}: ${error.message || code}; ${remedy}.`,
    { cause: error },
  )
}

/** "database app on db.example.org:5432 as user monitor": a URL without its password and options. */
export function nameOf(databaseUrl: string): string {
  const { host, port, database, user } = new pg.Client({ connectionString: databaseUrl })
  return `database ${database} on ${host.startsWith('/') ? host : `${host}:${port}`} as user ${user}`
}

const REMEDIES: Record<string, string> = {
  ECONNREFUSED: 'nothing listens there: start the server or mend host and port',
  ENOTFOUND: 'the host name is unknown: mend it',
  EAI_AGAIN: 'the host name could not be looked up: mend it or try again',
  ENOENT: 'there is no socket: start the server or mend the path',
  '28P01': 'mend user or password',
  '28000': "the server's pg_hba.conf admits no such connection: mend user, database or sslmode, or that file",
  '3D000': 'create the database or mend its name',
  '53300': 'the server has no connection left: raise its max_connections',
  '57P03': 'the server is starting or stopping: try again',
}
