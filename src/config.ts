import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import * as values from './config-values.ts'

/** Every setting of the service, read once at the start and frozen. */
export interface Config {
  readonly host: string
  /** 0 means any free port; see `listeningOn`. */
  readonly port: number
  /** Under which Label Studio reaches this service; without a trailing slash. */
  readonly publicUrl: string
  /** Null: the embedded database in `dataDir`. */
  readonly databaseUrl: string | null
  /** Absolute. */
  readonly dataDir: string
  /** Empty: everybody who reaches the (loopback) address is an administrator. */
  readonly apiTokens: readonly values.ApiToken[]
  /** Label Studio presents one of them; the first is the one to register. Empty until `withKeptSecrets`. */
  readonly webhookSecrets: readonly string[]
  /** Calls a minute that one token may make; 0: as many as come. */
  readonly rateLimit: number
  /** Proxies in front of the service, whose `X-Forwarded-*` are believed, as Express takes them. */
  readonly trustProxy: string
  readonly basicAuth: { readonly user: string; readonly pass: string } | null
  /** Null until `withKeptSecrets`. */
  readonly secretKey: string | null
  /** Absolute. */
  readonly fileRoot: string
  readonly allowPrivateUrls: boolean
  /** How many times its stored size a log object may become, above a gigabyte. */
  readonly maxExpansion: number
  readonly smtp: { readonly url: string; readonly from: string } | null
  /** Null: no runs. `url` is without a trailing slash. */
  readonly labelStudio: { readonly url: string; readonly apiKey: string } | null
  readonly logLevel: values.LogLevel
  /** Seconds between two comparisons of all projects with Label Studio; 0 is never. */
  readonly reconcileInterval: number
  /** What S3 sources use that name no endpoint or region themselves; null leaves it to the AWS SDK. */
  readonly s3: { readonly endpoint: string | null; readonly region: string | null }
  /** `AWS_*` settings that came as `AWS_*_FILE`, for the environment, which is where the AWS SDK looks for them. */
  readonly aws: Readonly<Record<string, string>>
}

/** The settings are wrong; the message lists all of them and holds no secret. */
export class ConfigurationError extends Error {
  override name = 'ConfigurationError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    const count = problems.length === 1 ? '1 setting is wrong' : `${problems.length} settings are wrong`
    super(`The service can't start: ${count}.\n${problems.map((problem) => `  - ${problem}`).join('\n')}`)
    this.problems = problems
  }
}

export interface ConfigOptions {
  /** Reads the file of a `NAME_FILE` variable as text. */
  readFile?: (path: string) => string
}

/** The AWS SDK's settings that may come from a file; names such as AWS_CONFIG_FILE are its own and mean a path. */
const AWS_VARIABLES = [
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_REGION',
  'AWS_ENDPOINT_URL',
  'AWS_ENDPOINT_URL_S3',
]

/**
 * Reads the environment. Every variable `NAME` may instead be given as `NAME_FILE`, the path of a file that holds its
 * value; an empty variable counts as unset. Throws one ConfigurationError that lists everything wrong.
 */
export function loadConfig(
  env: Readonly<Record<string, string | undefined>> = process.env,
  { readFile = (path) => readFileSync(path, 'utf8') }: ConfigOptions = {},
): Config {
  const problems: string[] = []
  const isGiven = (name: string) => Boolean(env[name] || env[`${name}_FILE`])

  /** The parsed setting, or `otherwise` when it is unset or wrong. */
  const read = <T, F>(name: string, parse: (text: string) => T, otherwise: F): T | F => {
    try {
      const text = readVariable(name, env, readFile)
      return text === null ? otherwise : parse(text)
    } catch (error) {
      problems.push(`${name}: ${(error as Error).message}`)
      return otherwise
    }
  }

  /** Two settings of which neither means anything without the other. */
  const readBoth = <A, B>(
    first: string,
    parseFirst: (text: string) => A,
    second: string,
    parseSecond: (text: string) => B,
  ) => {
    if (isGiven(first) !== isGiven(second)) {
      const [given, missing] = isGiven(first) ? [first, second] : [second, first]
      problems.push(`${missing}: expected because ${given} is set, but missing; set both or neither`)
    }
    const pair = [read(first, parseFirst, null), read(second, parseSecond, null)] as const
    return pair[0] === null || pair[1] === null ? null : ([pair[0], pair[1]] as const)
  }

  const asWritten = (text: string) => text
  const host = read('HOST', values.parseHost, '127.0.0.1')
  const port = read('PORT', (text) => values.parseInteger(text, 65_535), 9090)
  const labelStudio = readBoth(
    'LABEL_STUDIO_URL',
    values.parseHttpUrl,
    'LABEL_STUDIO_API_KEY',
    values.parseApiKey,
  )
  const basicAuth = readBoth('BASIC_AUTH_USER', values.parseBasicAuthUser, 'BASIC_AUTH_PASS', asWritten)
  const smtpUrl = read('SMTP_URL', values.parseSmtpUrl, null)
  const sender = read('SMTP_FROM', values.parseSender, smtpUrl && values.senderOf(smtpUrl))
  const config: Config = {
    host,
    port,
    publicUrl: read('PUBLIC_URL', values.parseHttpUrl, defaultPublicUrl(port)),
    databaseUrl: read('DATABASE_URL', values.parseDatabaseUrl, null),
    dataDir: resolve(read('DATA_DIR', asWritten, './data')),
    apiTokens: read('API_TOKENS', values.parseApiTokens, []),
    webhookSecrets: read('WEBHOOK_SECRET', values.parseSecrets, []),
    rateLimit: read('RATE_LIMIT', (text) => values.parseInteger(text, 1_000_000), 6_000),
    trustProxy: read('TRUST_PROXY', values.parseProxies, 'loopback'),
    basicAuth: basicAuth && { user: basicAuth[0], pass: basicAuth[1] },
    secretKey: read('SECRET_KEY', asWritten, null),
    fileRoot: resolve(read('FILE_ROOT', asWritten, './logs')),
    maxExpansion: read('MAX_EXPANSION', (text) => values.parseInteger(text, 1_000_000), 250),
    allowPrivateUrls: read('ALLOW_PRIVATE_URLS', values.parseBoolean, false),
    smtp: smtpUrl && sender ? { url: smtpUrl, from: sender } : null,
    labelStudio: labelStudio && { url: labelStudio[0], apiKey: labelStudio[1] },
    logLevel: read('LOG_LEVEL', values.parseLogLevel, 'info'),
    reconcileInterval: read('RECONCILE_INTERVAL', (text) => values.parseInteger(text, 86_400), 300),
    s3: {
      endpoint: read('AWS_ENDPOINT_URL_S3', asWritten, null),
      region: read('AWS_REGION', asWritten, null),
    },
    aws: Object.fromEntries(
      AWS_VARIABLES.filter((name) => env[`${name}_FILE`]).map((name) => [name, read(name, asWritten, '')]),
    ),
  }
  if (!isGiven('SMTP_URL') && isGiven('SMTP_FROM')) {
    problems.push(
      'SMTP_URL: expected because SMTP_FROM is set, but missing; set both, or neither for no e-mail',
    )
  }
  if (smtpUrl && !sender && !isGiven('SMTP_FROM')) {
    problems.push(
      'SMTP_FROM: expected because the user in SMTP_URL is no e-mail address, but missing; set the sender',
    )
  }
  if (!values.isLoopback(host) && !isGiven('API_TOKENS')) {
    problems.push(
      `API_TOKENS: expected because others can reach HOST ${host}, but missing; set a token, e.g. one made by ` +
        '"openssl rand -hex 32", or leave HOST out to listen on 127.0.0.1 alone',
    )
  }
  if (problems.length > 0) throw new ConfigurationError(problems)
  return freeze(config)
}

/** The same configuration with the port that was found for `PORT=0`. */
export function listeningOn<T extends Config>(config: T, port: number): T {
  const publicUrl =
    config.publicUrl === defaultPublicUrl(config.port) ? defaultPublicUrl(port) : config.publicUrl
  return Object.freeze({ ...config, port, publicUrl })
}

function defaultPublicUrl(port: number): string {
  return `http://localhost:${port}`
}

/** The text of a setting, from the variable or its file; null when unset. */
function readVariable(
  name: string,
  env: Readonly<Record<string, string | undefined>>,
  readFile: (path: string) => string,
): string | null {
  const path = env[`${name}_FILE`]
  if (env[name] && path)
    throw new Error(`expected once, but also given as ${name}_FILE; unset one of the two`)
  if (!path) return env[name] || null
  let text: string
  try {
    text = readFile(path).replace(/\r?\n$/, '')
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unreadable'
    throw new Error(
      `expected in the file ${path}, which can't be read (${reason}); correct ${name}_FILE or its rights`,
    )
  }
  if (text === '') throw new Error(`expected in the file ${path}, which is empty; write the value into it`)
  return text
}

function freeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) {
    if (typeof part === 'object' && part !== null) freeze(part)
  }
  return Object.freeze(value)
}
