/**
 * The advisory locks of the database's own housekeeping, as the two integers that PostgreSQL's functions take.
 * Advisory locks are a database's, not a server's: two services on two databases of one server don't meet.
 */
const DB = 0x6c736d // "lsm"

/** Shared by every process that uses an embedded server; whoever gets it exclusively is the last one. */
export const PRESENCE_LOCK = [DB, 1] as const
/** Held while migrations run. */
export const MIGRATION_LOCK = [DB, 2] as const
/** Shared by every process that works on jobs; whoever gets it exclusively is the only worker. */
export const WORKER_LOCK = [DB, 3] as const
