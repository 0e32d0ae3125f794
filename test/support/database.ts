import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'
import { type Database, type Log, openDatabase } from '../../src/db/database.ts'
import { migrate } from '../../src/db/migrate.ts'
import { migrations } from '../../src/db/migrations/index.ts'
import { silent } from './log.ts'

export interface TestDatabase {
  readonly database: Database
  readonly url: string
  /** Closes the connections and removes the database. */
  drop(): Promise<void>
}

/** A database of its own, by default with the service's schema, on the server that the whole run shares. */
export async function testDatabase({ migrated = true, log = silent as Log } = {}): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`
  await onServer(`create database ${name} encoding 'UTF8' template template0`)
  const url = urlOf(name)
  const database = await openDatabase({ databaseUrl: url, dataDir: '', log })
  if (migrated) await migrate(database, migrations)
  return {
    database,
    url,
    async drop() {
      await database.close()
      await onServer(`drop database ${name} with (force)`)
    },
  }
}

/** Runs a statement as the server's own user, outside any test's database. */
export async function onServer(statement: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: serverUrl() })
  await client.connect()
  try {
    return await client.query(statement)
  } finally {
    await client.end()
  }
}

/** The shared server's URL for another database, and another user where one is named. */
export function urlOf(database: string, user?: { name: string; password: string }): string {
  const url = serverUrl().replace(/\/[^/?]*(\?|$)/, `/${database}$1`)
  return user ? url.replace(/\/\/[^@]*@/, `//${user.name}:${user.password}@`) : url
}

function serverUrl(): string {
  const url = inject('testDatabaseUrl')
  if (url) return url
  throw new Error(
    "No server for tests: add globalSetup: ['test/support/global-setup.ts'] to the vitest config",
  )
}
