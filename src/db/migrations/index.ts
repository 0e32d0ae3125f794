import type { Migration } from 'kysely/migration'
import * as initial from './0001-initial.ts'
import * as alerts from './0002-alerts.ts'
import * as frequencies from './0003-frequencies.ts'
import * as blind from './0004-blind.ts'
import * as shards from './0006-shards.ts'
import * as leadTimes from './0007-lead-times.ts'
import * as importRequests from './0008-import-requests.ts'
import * as plainBodies from './0009-plain-bodies.ts'

/** Every change of the schema, oldest first; a migration that has been released is never edited. */
export const migrations: Record<string, Migration> = {
  '0001-initial': initial,
  '0002-alerts': alerts,
  '0003-frequencies': frequencies,
  '0004-blind': blind,
  '0006-shards': shards,
  '0007-lead-times': leadTimes,
  '0008-import-requests': importRequests,
  '0009-plain-bodies': plainBodies,
}
