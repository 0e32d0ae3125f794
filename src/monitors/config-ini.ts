import type { Config } from '../config.ts'
import { INDENT_THE_CONFIG, type Ini, IniError, parseIni } from './ini.ts'
import { type IniSetting, settingsFromIni } from './ini-settings.ts'
import type { MonitorDraft } from './monitor.ts'

/** An error stops the import, a warning does not. `path` is `/section/key` of the file, or empty. */
export interface IniProblem {
  path: string
  message: string
  severity: 'error' | 'warning'
}

export interface IniImport {
  /** What the file does not say is left out, for the defaults of a new monitor; null when there is an error. */
  monitor: MonitorDraft | null
  settings: IniSetting[]
  problems: IniProblem[]
}

const KEYS: Record<string, string[]> = {
  labelstudio: ['LabelStudioURL', 'LabelStudioAPI', 'LabelStudioProjectID', 'LabelingConfig'],
  data: ['total_to_extract', 'sample_by_date'],
  logs: ['username', 'api_key', 'bucket'],
  notifications: ['email_sender', 'email_recipient', 'smtp_server', 'smtp_port', 'email_password'],
}

/** As the original script takes the date from a key, and the names that its code fills in. */
const KEY_PATTERN = 'qalogs_{MM}:{DD}:{YY}.txt'
const MAPPING = {
  data: { question: 'question' },
  prediction: { answer: 'answer' },
  model_version: 'model_version',
}

/** As in Python's `getboolean`. */
const BOOLEANS: Record<string, boolean> = {
  '1': true,
  yes: true,
  true: true,
  on: true,
  '0': false,
  no: false,
  false: false,
  off: false,
}

/**
 * Reads the original script's config.ini into the monitor that does the same: the newest logs of the bucket, sampled
 * by date or not, with the file's labeling config or that of a project (the config wins). `environment` is what the
 * service is set to, for comparison with the keys that are its own settings. Never throws for a wrong file.
 */
export function monitorFromIni(
  text: string,
  {
    name = 'model',
    environment = null,
  }: { name?: string; environment?: Pick<Config, 'labelStudio' | 'smtp'> | null } = {},
): IniImport {
  let ini: Ini
  try {
    ini = parseIni(text)
  } catch (error) {
    if (!(error instanceof IniError)) throw error
    const problems = error.problems.map((message) => ({ path: '', message, severity: 'error' as const }))
    return { monitor: null, settings: [], problems }
  }
  const problems = unknownKeys(ini)
  const read = <T>(section: string, key: string, parse: (value: string) => T): T | undefined => {
    const value = ini.sections.get(section)?.get(key.toLowerCase())?.trim()
    if (!value) return undefined
    try {
      return parse(value)
    } catch (error) {
      problems.push({ path: `/${section}/${key}`, message: (error as Error).message, severity: 'error' })
      return undefined
    }
  }
  const missing = (path: string, message: string) => {
    // A value that is there and wrong is reported already.
    if (!problems.some((problem) => problem.path === path))
      problems.push({ path, message, severity: 'error' })
  }

  const config = read('labelstudio', 'LabelingConfig', (value) => value)
  const project = config
    ? null
    : read('labelstudio', 'LabelStudioProjectID', (value) => parseCount(value, 'the id of a project'))
  const total = read('data', 'total_to_extract', (value) => parseCount(value, 'a number of samples'))
  const byDate = read('data', 'sample_by_date', parsePythonBoolean)
  const bucket = read('logs', 'bucket', (value) => value)
  const username = read('logs', 'username', (value) => value)
  const apiKey = read('logs', 'api_key', (value) => value)
  const emails = read('notifications', 'email_recipient', parseAddresses)

  if (!bucket)
    missing('/logs/bucket', 'Expected the name of the S3 bucket with the logs, but it is empty; set it.')
  if (Boolean(username) !== Boolean(apiKey)) {
    const key = username ? 'api_key' : 'username'
    missing(
      `/logs/${key}`,
      'Expected both username and api_key of the S3 account, or neither; set this one too.',
    )
  }
  if (!config && !project) {
    missing(
      '/labelstudio/LabelStudioProjectID',
      'Expected a LabelingConfig or a LabelStudioProjectID, but both are empty; set one.',
    )
  }

  const failed = problems.some(({ severity }) => severity === 'error')
  const monitor: MonitorDraft | null =
    failed || !bucket
      ? null
      : {
          name,
          source: {
            type: 's3',
            bucket,
            key_pattern: KEY_PATTERN,
            ...(username &&
              apiKey && { credentials: { access_key_id: username, secret_access_key: apiKey } }),
          },
          format: { type: 'template' },
          sample: { ...(total && { total }), by: byDate === false ? 'none' : 'date' },
          labeling: { config: config ?? null, copy_from_project: project ?? null },
          ...(config && namesOfOriginal(config) && { mapping: MAPPING }),
          ...(emails && { notify: { emails } }),
        }
  return { monitor, settings: settingsFromIni(ini, environment), problems }
}

/** Whether the original's mapping fits; with other names it is left out, and derived from the config and the logs. */
function namesOfOriginal(config: string): boolean {
  return /["']\$question["']/.test(config) && /\sname\s*=\s*["']answer["']/.test(config)
}

function unknownKeys({ sections, defaults }: Ini): IniProblem[] {
  return [...sections].flatMap(([section, entries]): IniProblem[] => {
    const known = KEYS[section]
    if (!known) {
      const message = `Unknown section [${section}], which is ignored; expected ${Object.keys(KEYS).join(', ')}.`
      return [{ path: `/${section}`, message, severity: 'warning' }]
    }
    const unknown = [...entries.keys()].filter(
      (key) => !defaults.has(key) && !known.some((each) => each.toLowerCase() === key),
    )
    return unknown.map((key) =>
      key.startsWith('<')
        ? { path: `/${section}/LabelingConfig`, message: INDENT_THE_CONFIG, severity: 'error' }
        : { path: `/${section}/${key}`, message: unknownKey(key, section, known), severity: 'warning' },
    )
  })
}

function unknownKey(key: string, section: string, known: string[]): string {
  const home = Object.keys(KEYS).find((each) => KEYS[each]?.some((name) => name.toLowerCase() === key))
  return home
    ? `Belongs into the section [${home}] and is ignored here; move it there.`
    : `Unknown key ${key}, which is ignored; expected in [${section}]: ${known.join(', ')}.`
}

/** As Python's `int`, but only what counts something. */
function parseCount(text: string, what: string): number {
  const value = /^\+?\d+(_\d+)*$/.test(text) ? Number(text.replaceAll('_', '')) : Number.NaN
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new Error(`Expected ${what}, a whole number above 0, got ${JSON.stringify(text)}.`)
}

function parsePythonBoolean(text: string): boolean {
  const value = Object.hasOwn(BOOLEANS, text.toLowerCase()) ? BOOLEANS[text.toLowerCase()] : undefined
  if (value !== undefined) return value
  throw new Error(`Expected True or False, got ${JSON.stringify(text)}.`)
}

function parseAddresses(text: string): string[] {
  const addresses = text.split(',').flatMap((address) => address.trim() || [])
  const wrong = addresses.find((address) => !/^[^\s@]+@[^\s@]+$/.test(address))
  if (wrong === undefined) return addresses
  throw new Error(`Expected e-mail addresses separated by commas, got ${JSON.stringify(wrong)} among them.`)
}
