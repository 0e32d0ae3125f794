import { sql } from 'kysely'
import type { Config } from './config.ts'
import type { ReadinessChecks } from './contract/types.ts'
import type { Database } from './db/database.ts'
import type { LabelStudio } from './labeling/client.ts'

/** How long a look at Label Studio counts; `/ready` is open to all and must not be a way to trouble it. */
const KEEP_MS = 10_000

/** Makes the function that looks at everything the service needs, and says how to mend what is missing. */
export function createReadiness(deps: {
  database: Database
  labelStudio: LabelStudio
  config: Pick<Config, 'labelStudio'>
}): () => Promise<ReadinessChecks> {
  let known: { at: number; problem: Promise<string | null> } | null = null
  return async () => {
    if (!known || Date.now() - known.at > KEEP_MS) {
      const problem = deps.config.labelStudio
        ? problemOf(() => deps.labelStudio.whoami())
        : Promise.resolve(UNSET)
      known = { at: Date.now(), problem }
    }
    const checks: [name: string, problem: string | null][] = [
      ['database', await problemOf(() => sql`select 1`.execute(deps.database.kysely))],
      ['label_studio', await known.problem],
    ]
    return checks.map(([name, problem]) => ({ name, ok: problem === null, problem }))
  }
}

const UNSET = 'Label Studio is not configured: set LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY.'

async function problemOf(look: () => Promise<unknown>): Promise<string | null> {
  try {
    await look()
    return null
  } catch (error) {
    return (error as Error).message
  }
}
