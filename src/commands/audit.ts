import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type AuditDifference, audit } from '../annotations/audit.ts'
import { type Config, loadConfig } from '../config.ts'
import { openDatabase } from '../db/database.ts'
import { DatabaseStartError } from '../db/start-error.ts'
import { CommandError, EXIT, type Io } from './command.ts'
import { count, counted, json, table } from './text.ts'

/** PostgreSQL: no such table, no such column. */
const UNKNOWN_SCHEMA = ['42P01', '42703']
/** More are counted, but not listed for people. */
const MOST_LINES = 1_000

/** `doctor --audit`: all counts held against the stored annotations. @returns the exit code */
export async function runAudit(io: Io, options: { json: boolean }): Promise<number> {
  const config = loadConfig(io.env)
  const log = { debug() {}, info() {}, warn() {}, error() {} }
  refuseToMakeOne(config)
  const { databaseUrl, dataDir } = config
  const database = await openDatabase({ databaseUrl, dataDir, log }).catch((error) => {
    throw error instanceof DatabaseStartError ? new CommandError(error.message) : error
  })
  try {
    const found: AuditDifference[] = []
    const totals = await audit(database, {
      signal: io.signal,
      report: (difference) => {
        if (options.json || found.length < MOST_LINES) found.push(difference)
      },
    })
    const ok = totals.differences === 0
    if (options.json) {
      io.stdout.write(json({ ok, ...totals, differences: found }))
    } else {
      if (!ok) io.stdout.write(table(rows(found)))
      if (found.length < totals.differences)
        io.stdout.write(`  … and ${count(totals.differences - found.length)} more\n`)
      const looked = `${counted(totals.annotations, 'annotation')} of ${counted(totals.tasks, 'task')} in ${counted(totals.projects, 'project')}`
      const pending =
        totals.pending > 0 ? ` Still to be compared anew: ${counted(totals.pending, 'task')}.` : ''
      io.stdout.write(
        ok
          ? `Every count is what ${looked} say.${pending}\n`
          : `Not what ${looked} say: ${counted(totals.differences, 'count')}.${pending} Please report this as a fault of the service.\n`,
      )
    }
    return ok ? EXIT.success : EXIT.failure
  } catch (error) {
    if (!UNKNOWN_SCHEMA.includes((error as { code?: string }).code ?? '')) throw error
    throw new CommandError(
      'The database has not all tables of this version: start the service on it once, or mend DATABASE_URL.',
    )
  } finally {
    await database.close()
  }
}

/** An embedded database would be made where there is none, and nothing in it would differ. */
function refuseToMakeOne({ databaseUrl, dataDir }: Pick<Config, 'databaseUrl' | 'dataDir'>): void {
  if (databaseUrl !== null || existsSync(join(dataDir, 'postgres'))) return
  throw new CommandError(
    `Expected the service's database in DATA_DIR ${dataDir}, but there is none: run this with the service's environment.`,
  )
}

function rows(differences: AuditDifference[]): string[][] {
  const counts = ({ count, changed, amount }: AuditDifference['stored']) => `${count}/${changed}/${amount}`
  return [
    ['project', 'task', 'count of', 'kept', 'computed'],
    ...differences.map(({ project, task, dimension, key, stored, computed }) => [
      String(project),
      task === null ? 'all' : String(task),
      `${dimension} ${key}`.trim(),
      counts(stored),
      counts(computed),
    ]),
  ]
}
