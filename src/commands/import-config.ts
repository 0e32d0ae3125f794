import { readFile, rm, writeFile } from 'node:fs/promises'
import type { ImportedMonitor } from '../contract/types.ts'
import { IniError } from '../monitors/ini.ts'
import { environmentLines } from '../monitors/ini-settings.ts'
import { connect, SERVICE_OPTIONS, SERVICE_USAGE } from './api.ts'
import { CommandError, EXIT, type Io, parseArguments, UsageError } from './command.ts'
import { json, table } from './text.ts'

export const usage = `Usage: label-studio-monitor import-config <config.ini> [options]

Makes a monitor from a config.ini. What the file says of Label Studio and of e-mail is set for the service as a whole, by
environment variables: their lines are printed, or written to a file.

  --name NAME       the monitor's name; "model" by default
  --env FILE        write the lines for the environment to this file, which only its owner may read
  --force           replace that file if it is there
  --json            print JSON: the monitor, and the lines for the environment unless --env took them${SERVICE_USAGE}

Exit codes: 0 made, 2 the call or the file is wrong or the service can't be used
`

const OPTIONS = {
  name: { type: 'string' },
  env: { type: 'string' },
  force: { type: 'boolean' },
  json: { type: 'boolean' },
  ...SERVICE_OPTIONS,
} as const

export async function run(args: string[], io: Io): Promise<number> {
  const { values, positionals } = parseArguments(args, OPTIONS, ['config.ini'])
  if (values.force && values.env === undefined)
    throw new UsageError('--force means nothing without --env FILE.')
  const api = connect(values, io)
  const text = await readFile(positionals[0] as string, 'utf8').catch((error) => {
    throw new CommandError(`The file can't be read: ${error.message}.`)
  })
  const lines = environmentOf(text)
  // Before the call: a service that isn't set up yet needs these lines first.
  if (values.env !== undefined && lines.length > 0) {
    await writeEnvironment(values.env, lines, values.force ?? false)
    const said = `The settings of the service are in ${values.env}; start it with them.\n`
    const stream = values.json ? io.stderr : io.stdout
    stream.write(said)
  }
  const query = values.name === undefined ? '' : `?name=${encodeURIComponent(values.name)}`
  const { body: monitor } = await api.post<ImportedMonitor>(`/monitors/import${query}`, { text })
  if (values.json) {
    io.stdout.write(json({ monitor, environment: values.env === undefined ? lines : [] }))
    return EXIT.success
  }
  io.stdout.write(describe(monitor))
  if (values.env === undefined && lines.length > 0) {
    io.stdout.write(
      `\n# The lines for the service's environment. They may hold secrets.\n${lines.join('\n')}\n`,
    )
  }
  return EXIT.success
}

function environmentOf(text: string): string[] {
  try {
    return environmentLines(text)
  } catch (error) {
    throw error instanceof IniError ? new CommandError(error.message) : error
  }
}

/** Writes a file that only its owner may read; one with other content is replaced only by force. */
async function writeEnvironment(path: string, lines: string[], force: boolean): Promise<void> {
  const content = `${lines.join('\n')}\n`
  try {
    // A file that is there would keep its rights.
    if (force) await rm(path, { force: true })
    await writeFile(path, content, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code !== 'EEXIST')
      throw new CommandError(`The lines for the environment can't be written: ${message}.`)
    if ((await readFile(path, 'utf8').catch(() => null)) === content) return
    throw new CommandError(
      `Expected ${path} to be a new file, but it is there: name another one, or replace it with --force.`,
    )
  }
}

function describe({ name, settings, warnings }: ImportedMonitor): string {
  const rows = [
    ...settings.agree.map((key) => [key, 'agrees with the service']),
    ...settings.ignored.map((key) => [key, 'differs from what the running service has, which stays']),
  ]
  const notes = warnings.map((warning) => `Warning: ${warning}\n`).join('')
  return `The monitor ${name} is made. Try it: label-studio-monitor run ${name} --wait\n${table(rows)}${notes}`
}
