/** The database can't be opened. The message says why and what to do, and carries no password. */
export class DatabaseStartError extends Error {
  override name = 'DatabaseStartError'
}
