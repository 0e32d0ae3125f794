import { sql } from 'kysely'
import type { Config } from './config.ts'
import type { ReadinessChecks } from './contract/types.ts'
import type { Database } from './db/database.ts'
import type { LabelStudio } from './labeling/client.ts'

/** How long a look at Label Studio counts; `/ready` is open to all and must not be a way to trouble it. */
const KEEP_MS = 10_000

/** Whoever probes waits seconds, not the minute that a call of Label Studio may take. */
const PATIENCE_MS = 4_000

/** Makes the function that looks at everything the service needs, and says how to mend what is missing. */
export function createReadiness(deps: {
  database: Database
  labelStudio: LabelStudio
  config: Pick<Config, 'labelStudio'>
  patienceMs?: number
}): () => Promise<ReadinessChecks> {
  const { patienceMs = PATIENCE_MS } = deps
  let known: { at: number; problem: Promise<string | null> } | null = null
  return async () => {
    if (!known || Date.now() - known.at > KEEP_MS) {
      const problem = deps.config.labelStudio
        ? problemOf(() => deps.labelStudio.whoami(), 'Label Studio', patienceMs)
        : Promise.resolve(UNSET)
      known = { at: Date.now(), problem }
    }
    const checks: [name: string, problem: string | null][] = [
      ['database', await databaseProblem(deps.database, patienceMs)],
      ['label_studio', await known.problem],
    ]
    return checks.map(([name, problem]) => ({ name, ok: problem === null, problem }))
  }
}

const UNSET = 'Label Studio is not configured: set LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY.'

async function databaseProblem(database: Database, patienceMs: number): Promise<string | null> {
  const problem = await problemOf(() => sql`select 1`.execute(database.kysely), 'The database', patienceMs)
  const remedy =
    database.kind === 'external'
      ? 'check the server that DATABASE_URL names'
      : 'it is started again by itself; postgres.log in DATA_DIR has the reason if it stays away'
  return problem && `${problem.replace(/\.?$/, '')}: ${remedy}.`
}

async function problemOf(
  look: () => Promise<unknown>,
  what: string,
  patienceMs: number,
): Promise<string | null> {
  const late = `${what} did not answer within ${patienceMs / 1000} s.`
  let timer: NodeJS.Timeout | undefined
  const patience = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, patienceMs, late)
  })
  const looked = look().then(
    () => null,
    (error: Error) => error.message,
  )
  return Promise.race([looked, patience]).finally(() => clearTimeout(timer))
}
