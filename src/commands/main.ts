import { ConfigurationError } from '../config.ts'
import { ServiceError } from './api.ts'
import { CommandError, EXIT, type Io, UsageError } from './command.ts'
import { COMMANDS, type Entry, PROGRAM } from './commands.ts'
import { meant } from './meant.ts'

/** Runs the command that the words name. @returns the exit code */
export async function main(argv: string[], io: Io): Promise<number> {
  const [name = 'serve', ...args] = argv
  try {
    if (name === '--version' || name === '-v') return print(io, `${io.version}\n`)
    if (name === 'help' || name === '--help' || name === '-h') return await help(args[0], io)
    const entry = entryOf(name)
    if (asksForHelp(args)) return await help(name, io)
    return await (await entry.load()).run(args, io)
  } catch (error) {
    if (io.signal.aborted) return EXIT.interrupted
    if (
      !(error instanceof CommandError || error instanceof ServiceError || error instanceof ConfigurationError)
    ) {
      throw error
    }
    io.stderr.write(`${error.message}\n`)
    if (error instanceof UsageError) io.stderr.write(await usageAfter(name))
    return error instanceof CommandError ? error.exitCode : EXIT.error
  }
}

function entryOf(name: string): Entry {
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (entry) return entry
  throw new UsageError(
    `Expected a command, got ${JSON.stringify(name)}.${meant(name, Object.keys(COMMANDS))}`,
  )
}

async function help(name: string | undefined, io: Io): Promise<number> {
  return print(io, name === undefined ? overview() : (await entryOf(name).load()).usage)
}

/** What is printed behind a message about a wrong call. */
async function usageAfter(name: string): Promise<string> {
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  return `\n${entry ? (await entry.load()).usage : overview()}`
}

function overview(): string {
  const width = Math.max(...Object.values(COMMANDS).map(({ call }) => call.length))
  const lines = Object.values(COMMANDS).map(({ call, summary }) => `  ${call.padEnd(width)}  ${summary}`)
  return `Usage: ${PROGRAM} [command] [options]

${lines.join('\n')}

"${PROGRAM} help COMMAND" tells the options and exit codes of a command; --version the version.
`
}

function asksForHelp(args: string[]): boolean {
  const end = args.indexOf('--')
  return (end < 0 ? args : args.slice(0, end)).some((arg) => arg === '--help' || arg === '-h')
}

function print(io: Io, text: string): number {
  io.stdout.write(text)
  return EXIT.success
}
