import { Kysely, type Transaction as KyselyTransaction, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { Logger } from 'pino'
import { openEmbedded } from './embedded.ts'
import { checkServer, connectionProblem, nameOf } from './external.ts'
import type { Tables } from './tables.ts'

export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>
export type Transaction = KyselyTransaction<Tables>

export interface Database {
  readonly kind: 'embedded' | 'external'
  /** Where it is, for people; without a password. */
  readonly description: string
  readonly kysely: Kysely<Tables>
  readonly pool: pg.Pool
  /** A session of its own outside the pool, e.g. to listen or to hold a lock. The caller ends it. */
  session(name: string): Promise<pg.Client>
  /** Closes the connections; stops the embedded server when no other process uses it. */
  close(): Promise<void>
}

const POOL_SIZE = 10
/** In ms; a request rather fails, and is answered with 503, than waits longer for a connection. */
const CONNECTION_TIMEOUT = 5_000
/** The embedded server refuses at once where it is gone; where it lets one wait, this machine is busy. */
const EMBEDDED_TIMEOUT = 30_000
const CLOSE_PATIENCE = 5_000

/**
 * Opens the PostgreSQL server of `databaseUrl`, or, where it is null, the embedded one in `dataDir`, which is made at
 * the first call. The connections come back by themselves after a restart of the server; statements that were under
 * way fail. Throws a DatabaseStartError whose message says what is wrong and how to mend it.
 */
export async function openDatabase(options: {
  databaseUrl: string | null
  dataDir: string
  log: Log
}): Promise<Database> {
  const { databaseUrl, dataDir, log } = options
  const embedded = databaseUrl === null ? await openEmbedded({ dataDir, log }) : null
  const connection: pg.ClientConfig = {
    ...(embedded?.connection ?? { connectionString: databaseUrl ?? '' }),
    application_name: 'label-studio-monitor',
    connectionTimeoutMillis: embedded ? EMBEDDED_TIMEOUT : CONNECTION_TIMEOUT,
    keepAlive: true,
    types: { getTypeParser },
  }
  let server: string
  try {
    const { version, warnings } = await checkServer(connection)
    server = version
    for (const warning of warnings) log.warn(warning)
  } catch (error) {
    await embedded?.close()
    throw databaseUrl === null ? error : connectionProblem(databaseUrl, error as Error)
  }

  const pool = new pg.Pool({ ...connection, max: POOL_SIZE, allowExitOnIdle: true })
  // A connection that breaks outside a statement says so by an event, which unheard would end the process.
  let closing = false
  const onError = (error: Error) => {
    if (!closing) log.warn(`A connection to the database broke: ${error.message}`)
  }
  pool.on('connect', (client) => client.on('error', onError))
  pool.on('error', () => {}) // said by the client already
  const kysely = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })

  return {
    kind: embedded === null ? 'external' : 'embedded',
    description:
      databaseUrl === null ? `${server}, embedded, in ${dataDir}` : `${server}, ${nameOf(databaseUrl)}`,
    kysely,
    pool,
    async session(name) {
      const client = new pg.Client({ ...connection, application_name: `label-studio-monitor ${name}` })
      client.on('error', onError)
      await client.connect()
      return client
    },
    async close() {
      closing = true
      // The pool waits for statements under way, which the server's stop ends.
      await withinPatience(kysely.destroy())
      await embedded?.close()
    },
  }
}

async function withinPatience(done: Promise<void>): Promise<void> {
  const patience = Promise.withResolvers<void>()
  const timer = setTimeout(patience.resolve, CLOSE_PATIENCE)
  await Promise.race([done, patience.promise]).finally(() => clearTimeout(timer))
}

/** Counts and ids (bigint) as numbers; dates as the text they are, since a Date would move them by the time zone. */
function getTypeParser(oid: number, format?: 'text' | 'binary') {
  if (format !== 'binary' && oid === pg.types.builtins.INT8) return parseInteger
  if (format !== 'binary' && oid === pg.types.builtins.DATE) return (text: string) => text
  return pg.types.getTypeParser(oid, format)
}

function parseInteger(text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value)) return value
  throw new RangeError(
    `The database returned the integer ${text}, which a JavaScript number can't hold exactly`,
  )
}
