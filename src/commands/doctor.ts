import { type Config, ConfigurationError, loadConfig } from '../config.ts'
import type { Monitor, ReadinessChecks } from '../contract/types.ts'
import { type Api, connect, SERVICE_OPTIONS, SERVICE_USAGE } from './api.ts'
import { runAudit } from './audit.ts'
import { checkWebhook } from './check-webhook.ts'
import {
  type Check,
  check,
  checkDatabase,
  checkLabelStudio,
  checkMonitor,
  checkSmtp,
  readinessOf,
} from './checks.ts'
import { EXIT, type Io, parseArguments } from './command.ts'
import { json } from './text.ts'

export const usage = `Usage: label-studio-monitor doctor [options]

Checks what the service needs: settings, database, Label Studio, the way for its webhooks, the logs of each monitor,
e-mail. Says how to mend what is wrong. Run it with the service's environment, best while the service runs.

  --audit           instead compute every count anew from the stored annotations, and list what differs
  --json            print JSON${SERVICE_USAGE}

Exit codes: 0 all is well, 1 there are problems or differences, 2 the call is wrong
`

export async function run(args: string[], io: Io): Promise<number> {
  const { values } = parseArguments(args, {
    json: { type: 'boolean' },
    audit: { type: 'boolean' },
    ...SERVICE_OPTIONS,
  } as const)
  if (values.audit) return runAudit(io, { json: values.json === true })
  const checks: Check[] = []
  for await (const each of examine(values, io)) {
    checks.push(each)
    if (!values.json) io.stdout.write(describe(each))
  }
  const problems = checks.filter(({ ok }) => !ok).length
  if (values.json) io.stdout.write(json({ ok: problems === 0, checks }))
  else io.stdout.write(problems === 0 ? 'All is well.\n' : `Problems: ${problems}\n`)
  return problems === 0 ? EXIT.success : EXIT.failure
}

/** The checks, each as soon as it is made. */
async function* examine(values: { url?: string; token?: string }, io: Io): AsyncGenerator<Check> {
  let config: Config
  let api: Api
  try {
    config = loadConfig(io.env)
    api = connect(values, io)
  } catch (error) {
    if (error instanceof ConfigurationError) {
      yield { name: 'configuration', ok: false, message: error.problems.join('\n') }
      return
    }
    throw error
  }
  yield { name: 'configuration', ok: true, message: 'every setting can be read' }

  let readiness: ReadinessChecks | null = null
  let monitors: Monitor[] = []
  yield await check('service', async () => {
    readiness = await readinessOf(api)
    monitors = await listMonitors(api)
    return `runs at ${api.url}`
  })
  yield await check('database', () => checkDatabase(config, readiness))
  yield await check('label_studio', () => checkLabelStudio(config, readiness))
  yield await check('webhook', () => checkWebhook(config, api, io))
  for (const monitor of monitors)
    yield await check(`monitor ${monitor.name}`, () => checkMonitor(api, monitor))
  yield await check('smtp', () => checkSmtp(config, monitors))
}

async function listMonitors(api: Api): Promise<Monitor[]> {
  const monitors: Monitor[] = []
  let cursor: string | null = null
  do {
    const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const page = await api.get<{ items: Monitor[]; next_cursor: string | null }>(
      `/monitors?limit=100${query}`,
    )
    monitors.push(...page.items)
    cursor = page.next_cursor
  } while (cursor !== null)
  return monitors
}

function describe({ name, ok, message }: Check): string {
  return `${ok ? 'ok     ' : 'problem'}  ${name}: ${message.replaceAll('\n', '\n           ')}\n`
}
