import { type Database, type Log, openDatabase } from '../src/db/database.ts'

/** For what nobody looks at. */
export const silent: Log = { debug() {}, info() {}, warn() {}, error() {} }

/** Opens the embedded database of a data directory, beside the service that runs on it. */
export async function withDatabase<T>(dataDir: string, work: (database: Database) => Promise<T>): Promise<T> {
  const database = await openDatabase({ databaseUrl: null, dataDir, log: silent })
  try {
    return await work(database)
  } finally {
    await database.close()
  }
}
