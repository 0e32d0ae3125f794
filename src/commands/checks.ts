import { createMailer } from '../alerts/mail.ts'
import type { Config } from '../config.ts'
import type { Monitor, Preview, ReadinessChecks } from '../contract/types.ts'
import { openDatabase } from '../db/database.ts'
import { createLabelStudio } from '../labeling/client.ts'
import { type Api, ServiceError } from './api.ts'

/** One thing that the service needs. */
export interface Check {
  name: string
  ok: boolean
  /** What was found, and for a problem how to mend it. */
  message: string
}

/** A check whose look returns what was found, and throws what is wrong. */
export async function check(name: string, look: () => Promise<string>): Promise<Check> {
  try {
    return { name, ok: true, message: await look() }
  } catch (error) {
    return { name, ok: false, message: (error as Error).message }
  }
}

/** What the running service says of itself; null where none answers. Throws a ServiceError for a stranger. */
export async function readinessOf(api: Api): Promise<ReadinessChecks | null> {
  try {
    return (await api.get<{ checks: ReadinessChecks }>('/ready')).checks
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    if (error.status === null) return null
    if (Array.isArray(error.problem?.checks)) return error.problem.checks as ReadinessChecks
    throw error
  }
}

/** The database by the word of the running service, else by opening it; an embedded one is made where there is none. */
export async function checkDatabase(
  config: Pick<Config, 'databaseUrl' | 'dataDir'>,
  readiness: ReadinessChecks | null,
): Promise<string> {
  const told = readiness?.find(({ name }) => name === 'database')
  if (told) {
    if (!told.ok) throw new Error(told.problem ?? 'The service can not use it.')
    return 'the running service uses it'
  }
  const log = { debug() {}, info() {}, warn() {}, error() {} }
  const database = await openDatabase({ databaseUrl: config.databaseUrl, dataDir: config.dataDir, log })
  await database.close()
  return `can be opened: ${database.description}`
}

/** Label Studio as these settings reach it, and as the running service does, whose settings may be older. */
export async function checkLabelStudio(
  { labelStudio }: Pick<Config, 'labelStudio'>,
  readiness: ReadinessChecks | null,
): Promise<string> {
  const client = createLabelStudio(labelStudio?.url ?? null, labelStudio?.apiKey ?? null)
  const { email } = await client.whoami()
  const told = readiness?.find(({ name }) => name === 'label_studio')
  if (told?.problem) {
    throw new Error(
      `The key works from here, but not for the running service; start it again with these settings. It says: ${told.problem}`,
    )
  }
  return `${client.url} takes the key, which is that of ${email}`
}

export async function checkSmtp({ smtp }: Pick<Config, 'smtp'>, monitors: Monitor[]): Promise<string> {
  if (!smtp) {
    const waiting = monitors.filter(({ notify }) => notify.emails.length > 0).map(({ name }) => name)
    if (waiting.length === 0) return 'no e-mail is set up, and no monitor wants any'
    throw new Error(
      `Expected SMTP_URL to be set, because of the e-mail addresses of ${waiting.join(', ')}, but it is not: set it, e.g. to smtps://user:password@smtp.example.org:465.`,
    )
  }
  const mailer = createMailer(smtp)
  try {
    await mailer.verify()
  } finally {
    mailer.close()
  }
  return `${new URL(smtp.url).host} takes the login; mail comes from ${smtp.from}`
}

/** What a run of the monitor would find now. */
export async function checkMonitor(api: Api, { name }: Monitor): Promise<string> {
  const { body: preview } = await api.post<Preview>(`/monitors/${name}/preview`, { json: {} })
  const { window, objects_total: objects, problems, tasks } = preview
  if (problems.length > 0) {
    throw new Error(
      problems
        .map(({ message, object, line }) =>
          object ? `${object}${line ? ` line ${line}` : ''}: ${message}` : message,
        )
        .join('\n'),
    )
  }
  return `${objects} objects from ${window.from} to ${window.to}; tasks can be made of the first ${tasks.length} records`
}
