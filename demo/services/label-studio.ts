import { existsSync } from 'node:fs'
import { cp, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheDir, type Log, once } from './cache.ts'
import { type Child, NotReady, startChild, waitUntilReady } from './child.ts'
import { freePort } from './ports.ts'
import { makeVenv } from './python.ts'

export const labelStudioVersion = '1.23.2'

/** The administrator that every started Label Studio has. */
export const admin = {
  email: 'admin@example.com',
  password: 'ls-admin-password',
  token: '0123456789abcdef0123456789abcdef01234567',
}

export type LabelStudio = {
  url: string
  /** Legacy API token of the administrator. */
  token: string
  pid: number
  logFile: string
  ended: Child['ended']
  stop(): Promise<void>
  /** SIGKILL: the data directory may be started again. */
  kill(): Promise<void>
}

export type LabelStudioOptions = {
  /** Kept between starts; filled from the template when it does not exist. */
  dataDir: string
  /** Exactly this port, or an error; left out: a free one. */
  port?: number
  /** Label Studio's own default is true: then it refuses webhooks and models on private addresses. */
  ssrfProtection?: boolean
  /** Makes Label Studio refuse predictions that do not fit the labeling config; as shipped it takes them. */
  validatePredictions?: boolean
  log?: Log
}

/** Installs Label Studio and makes the template of its data directory, unless both are in the cache. */
export async function prepareLabelStudio(log: Log = () => {}): Promise<{ python: string; template: string }> {
  const home = join(cacheDir(), `label-studio-${labelStudioVersion}`)
  const venv = await once(
    join(home, 'venv'),
    (dir) => {
      log('installing Label Studio, once: about 4 minutes, 1 GB on disk')
      return makeVenv(dir, `label-studio==${labelStudioVersion}`, log)
    },
    log,
  )
  const python = join(venv, 'bin', 'python')
  if (!existsSync(python)) {
    throw new Error(
      `${python} has lost the Python it was made with; remove ${venv} to install Label Studio again`,
    )
  }
  const template = await once(
    join(home, 'data'),
    async (dataDir) => {
      log('making Label Studio’s database, once: 1 to 2 minutes')
      await mkdir(dataDir, { recursive: true })
      await (await launchOnFreePort(python, { dataDir }, MAKING_MS)).stop()
    },
    log,
  )
  return { python, template }
}

/**
 * Starts a Label Studio on the loopback interface that makes no connection to the outside; about 6 s once it
 * is in the cache. Throws when it does not come up on the port it was given.
 */
export async function startLabelStudio(options: LabelStudioOptions): Promise<LabelStudio> {
  const { python, template } = await prepareLabelStudio(options.log)
  if (!existsSync(options.dataDir)) {
    await cp(template, options.dataDir, { recursive: true, filter: (path) => !path.endsWith('.log') })
  }
  return options.port ? launch(python, options, options.port) : launchOnFreePort(python, options)
}

/** Somebody may take a free port before Label Studio does, and it was seen to hang before it listens. */
async function launchOnFreePort(
  python: string,
  options: LabelStudioOptions,
  timeoutMs = STARTING_MS,
): Promise<LabelStudio> {
  try {
    return await launch(python, options, await freePort(), timeoutMs)
  } catch (error) {
    if (!(error instanceof PortTaken || error instanceof NotReady)) throw error
    return launch(python, options, await freePort(), timeoutMs)
  }
}

/** A start takes about 6 s; the first one makes a database, for which a slow machine takes minutes. */
const STARTING_MS = 180_000
const MAKING_MS = 420_000

class PortTaken extends Error {}

async function launch(
  python: string,
  options: LabelStudioOptions,
  port: number,
  timeoutMs = STARTING_MS,
): Promise<LabelStudio> {
  if ((await freePort(port)) !== port) {
    throw new PortTaken(`port ${port} is in use: give Label Studio another one, or none`)
  }
  const url = `http://127.0.0.1:${port}`
  const logFile = join(options.dataDir, 'label-studio.log')
  const alreadyLogged = existsSync(logFile) ? (await readFile(logFile)).length : 0
  const child = startChild({
    command: python,
    args: [join(python, '..', 'label-studio'), ...startArguments(port)],
    env: environment(url, options),
    cwd: options.dataDir,
    logFile,
  })
  const name = 'Label Studio'
  // Label Studio takes the next free port without a word when its own is taken, so ask its log, and wait for no other's answers.
  let actual: string | undefined
  const isPortLogged = async () => {
    const log = (await readFile(logFile)).subarray(alreadyLogged).toString('utf8')
    actual = /server at http:\/\/[^\s:]+:(\d+)\//.exec(log)?.[1]
    return actual !== undefined
  }
  await waitUntilReady(child, isPortLogged, { name, timeoutMs })
  if (actual !== String(port)) {
    await child.kill()
    throw new PortTaken(`Label Studio was to listen on port ${port}, but listens on ${actual}`)
  }
  await waitUntilReady(child, async () => (await fetch(`${url}/health`)).ok, { name, timeoutMs })
  return {
    url,
    token: admin.token,
    pid: child.pid,
    logFile,
    ended: child.ended,
    stop: () => child.stop(),
    kill: () => child.kill(),
  }
}

function startArguments(port: number): string[] {
  return [
    ...['start', '--no-browser', '--internal-host', '127.0.0.1', '--port', String(port)],
    ...['--username', admin.email, '--password', admin.password, '--user-token', admin.token],
    ...['--enable-legacy-api-token', '--log-level', 'WARNING'],
  ]
}

/** All of it: Label Studio reads general names such as HOST, PORT, DEBUG and CI, so nothing is inherited. */
function environment(url: string, options: LabelStudioOptions): Record<string, string> {
  const protect = String(options.ssrfProtection ?? false)
  return {
    PATH: process.env.PATH ?? '',
    HOME: options.dataDir,
    LANG: 'C.UTF-8',
    PYTHONUNBUFFERED: '1',
    LABEL_STUDIO_BASE_DATA_DIR: options.dataDir,
    LABEL_STUDIO_HOST: url,
    LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN: 'true',
    LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK: 'true',
    SSRF_PROTECTION_ENABLED: protect,
    ML_BLOCK_LOCAL_IP: protect,
    SENTRY_DSN: '',
    FRONTEND_SENTRY_DSN: '',
    COLLECT_ANALYTICS: 'false',
    LATEST_VERSION_CHECK: 'false',
    FEATURE_FLAGS_OFFLINE: 'true',
    ...(options.validatePredictions ? { fflag_feat_utc_210_prediction_validation_15082025: 'true' } : {}),
  }
}
