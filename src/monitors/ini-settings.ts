import type { Config } from '../config.ts'
import { type Ini, parseIni } from './ini.ts'

/** A key of a config.ini that a monitor does not have, because the service as a whole has it. */
export interface IniSetting {
  key: string
  /** The environment variable that holds it here. */
  env: string
  /** As in the file; "***" for a secret, null when the file leaves it empty. */
  value: string | null
  /** Whether the service is set the same; what differs is ignored. Null when the file or the caller leaves it open. */
  agrees: boolean | null
}

type Environment = Pick<Config, 'labelStudio' | 'smtp'>

interface ServiceKey {
  section: string
  key: string
  env: string
  isSecret?: boolean
  isSame: (value: string, environment: Environment) => boolean
}

const SERVICE_KEYS: ServiceKey[] = [
  {
    section: 'labelstudio',
    key: 'LabelStudioURL',
    env: 'LABEL_STUDIO_URL',
    isSame: (value, { labelStudio }) => normalUrl(value) === (labelStudio && normalUrl(labelStudio.url)),
  },
  {
    section: 'labelstudio',
    key: 'LabelStudioAPI',
    env: 'LABEL_STUDIO_API_KEY',
    isSecret: true,
    isSame: (value, { labelStudio }) => value === labelStudio?.apiKey,
  },
  {
    section: 'notifications',
    key: 'email_sender',
    env: 'SMTP_FROM',
    isSame: (value, { smtp }) => smtp !== null && addressOf(value) === addressOf(smtp.from),
  },
  {
    section: 'notifications',
    key: 'smtp_server',
    env: 'SMTP_URL',
    isSame: (value, { smtp }) => value.toLowerCase() === smtpParts(smtp)?.host,
  },
  {
    section: 'notifications',
    key: 'smtp_port',
    env: 'SMTP_URL',
    isSame: (value, { smtp }) => Number(value) === smtpParts(smtp)?.port,
  },
  {
    section: 'notifications',
    key: 'email_password',
    env: 'SMTP_URL',
    isSecret: true,
    isSame: (value, { smtp }) => value === smtpParts(smtp)?.password,
  },
]

/** The service's own settings in a config.ini, each compared with what the service is set to. */
export function settingsFromIni(ini: Ini, environment: Environment | null): IniSetting[] {
  return SERVICE_KEYS.map(({ section, key, env, isSecret, isSame }) => {
    const value = settingOf(ini, section, key)
    return {
      key,
      env,
      value: value !== null && isSecret ? '***' : value,
      agrees: value === null || environment === null ? null : isSame(value, environment),
    }
  })
}

/**
 * The service's own settings in a config.ini as the lines of an environment file; what the file leaves empty has no
 * line. The lines hold secrets. Throws an IniError.
 */
export function environmentLines(text: string): string[] {
  const ini = parseIni(text)
  const sender = settingOf(ini, 'notifications', 'email_sender')
  const lines: [string, string | null][] = [
    ['LABEL_STUDIO_URL', settingOf(ini, 'labelstudio', 'LabelStudioURL')],
    ['LABEL_STUDIO_API_KEY', settingOf(ini, 'labelstudio', 'LabelStudioAPI')],
    ['SMTP_URL', smtpUrl(ini, sender)],
    ['SMTP_FROM', sender],
  ]
  return lines.flatMap(([name, value]) => (value === null ? [] : `${name}=${quoted(value)}`))
}

/** The account is the sender's, as in the original script; without a sender no e-mail can be sent. */
function smtpUrl(ini: Ini, sender: string | null): string | null {
  const server = settingOf(ini, 'notifications', 'smtp_server')
  if (!server || !sender) return null
  const port = settingOf(ini, 'notifications', 'smtp_port')
  const password = settingOf(ini, 'notifications', 'email_password')
  const scheme = port === '465' || port === null ? 'smtps' : 'smtp'
  const login = password ? `${percentEncoded(addressOf(sender))}:${percentEncoded(password)}@` : ''
  return `${scheme}://${login}${server}:${port ?? 465}`
}

function settingOf(ini: Ini, section: string, key: string): string | null {
  return ini.sections.get(section)?.get(key.toLowerCase())?.trim() || null
}

function smtpParts(smtp: Config['smtp']): { host: string; port: number; password: string } | null {
  if (!smtp) return null
  const url = new URL(smtp.url)
  return {
    host: url.hostname.toLowerCase(),
    port: Number(url.port) || (url.protocol === 'smtps:' ? 465 : 587),
    password: decodeURIComponent(url.password),
  }
}

function normalUrl(text: string): string {
  return (URL.canParse(text) ? new URL(text).href : text).replace(/\/+$/, '')
}

function addressOf(sender: string): string {
  return /<([^<>]+)>\s*$/.exec(sender)?.[1] ?? sender
}

/** Also what encodeURIComponent leaves, but a shell that reads the file would not. */
function percentEncoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

/** Only what needs quotes has them: Docker takes them as a part of the value. */
function quoted(value: string): string {
  return /^[\w@%+.,:/=-]+$/.test(value) ? value : JSON.stringify(value)
}
