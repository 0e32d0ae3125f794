/** SQLSTATE classes and codes that mean: the same statement can succeed later. */
const TRANSIENT_CLASSES = new Set(['08', '40', '53', '57', '58'])
const TRANSIENT_NODE_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOENT',
  'ETIMEDOUT',
  'ENOTFOUND',
])

/** Whether the database failed, rather than what was asked of it: gone, restarting, out of room, or in a deadlock. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = (error as { code?: unknown }).code
  if (typeof code === 'string') {
    return (
      (/^[0-9A-Z]{5}$/.test(code) && TRANSIENT_CLASSES.has(code.slice(0, 2))) ||
      TRANSIENT_NODE_CODES.has(code)
    )
  }
  // What `pg` and its pool say without a code when the connection breaks or none can be had.
  return /connection (terminated|ended|error|timeout)|client has encountered a connection error|timeout exceeded when trying to connect/i.test(
    error.message,
  )
}
