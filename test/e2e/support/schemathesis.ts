import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cacheDir, type Log, once } from '../../../demo/services/cache.ts'
import { startChild } from '../../../demo/services/child.ts'
import { makeVenv } from '../../../demo/services/python.ts'

const VERSION = '4.32.5'

/** Installs Schemathesis unless it is in the cache; answers the path of its Python. */
export async function prepareSchemathesis(log: Log = () => {}): Promise<string> {
  const build = (dir: string) => makeVenv(dir, `schemathesis==${VERSION}`, log)
  const venv = await once(join(cacheDir(), `schemathesis-${VERSION}`), build, log)
  return join(venv, 'bin', 'python')
}

const LEGITIMATE = ['2xx', '3xx', '401', '403', '404', '409', '412', '422']
  .map((each) => `"${each}"`)
  .join(', ')
const REFUSED = ['400', '401', '403', '404', '405', '406', '409', '413', '415', '422', '428', '429', '5xx']
  .map((each) => `"${each}"`)
  .join(', ')
const MORE_THAN_A_SCHEMA = [
  ...['listMonitors', 'getTrend', 'listRuns', 'listEvaluations', 'listEvaluationTasks'],
  ...['compareEvaluations', 'createMonitor', 'patchMonitor', 'previewDraft'],
]

/** A caller may have an answer wait for a minute. */
const WAIT_SECONDS = '90'

export interface FuzzOptions {
  /** Of the service. */
  url: string
  /** The API token, and the secret of everything else. */
  token: string
  secret: string
  seed: number
  /** How long it goes on drawing requests. */
  seconds: number
  /** For its configuration and what it says. */
  directory: string
}

/**
 * Holds a running service to openapi.yaml with all checks of Schemathesis.
 * @returns what it said, without colours, and how many requests it made; `failed` unless all were answered as they should
 */
export async function schemathesis(options: FuzzOptions) {
  const { url, token, secret, seed, seconds, directory } = options
  const python = await prepareSchemathesis()
  await mkdir(directory, { recursive: true })
  const configuration = `
[auth.openapi]
apiToken = { bearer = "${token}" }
webhookHeader = { api_key = "${secret}" }
webhookBearer = { bearer = "${secret}" }
webhookBasic = { username = "any", password = "${secret}" }
mlBackendBasic = { username = "label-studio", password = "${secret}" }

# What fits the contract may still be out of date, or make no sense together: the contract says so.
[checks.positive_data_acceptance]
expected-statuses = [${LEGITIMATE}]

# The usual ones, and 413: a list with an item too many may be too large altogether before it is looked at.
[checks.negative_data_rejection]
expected-statuses = [${REFUSED}]

# A cursor is what the page before said, one of two parameters excludes the other, and what a patch makes of a monitor is
# held to the contract as a whole.
${MORE_THAN_A_SCHEMA.map(
  (id) => `[[operations]]
include-operation-id = "${id}"
checks.positive_data_acceptance.expected-statuses = [${LEGITIMATE}, "400"]
`,
).join('')}`
  await writeFile(join(directory, 'schemathesis.toml'), configuration)
  const logFile = join(directory, 'schemathesis.log')
  const child = startChild({
    command: python,
    args: [
      ...['-m', 'schemathesis.cli', '--config-file', join(directory, 'schemathesis.toml'), 'run'],
      fileURLToPath(new URL('../../../openapi.yaml', import.meta.url)),
      ...['--url', url, '--checks', 'all', '--seed', String(seed), '--max-time', String(seconds)],
      ...[
        '--continue-on-failure',
        '--generation-database',
        'none',
        '--request-timeout',
        WAIT_SECONDS,
        '--max-response-time',
        WAIT_SECONDS,
      ],
    ],
    env: {
      PATH: process.env.PATH ?? '',
      HOME: directory,
      NO_COLOR: '1',
      FUZZ_SECRET: secret,
      SCHEMATHESIS_HOOKS: 'schemathesis_hooks',
      PYTHONPATH: fileURLToPath(new URL('.', import.meta.url)),
      PYTHONDONTWRITEBYTECODE: '1',
    },
    cwd: directory,
    logFile,
  })
  const ending = await child.ended
  const report = await readFile(logFile, 'utf8')
  const requests = Number(/Test cases:\s+(\d+) generated/.exec(report)?.[1] ?? 0)
  return { failed: !/exit code 0;/.test(ending), report, requests }
}
