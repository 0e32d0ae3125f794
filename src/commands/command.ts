import type { Writable } from 'node:stream'
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { meant } from './meant.ts'

/** What a command uses of the process that it runs in. */
export interface Io {
  /** Results. */
  stdout: Writable
  /** Progress and problems. */
  stderr: Writable
  /** Whether a person watches stderr. */
  isTerminal: boolean
  env: Record<string, string | undefined>
  fetch: typeof fetch
  /** Aborted when the process is asked to end. */
  signal: AbortSignal
  version: string
}

/** One command; each is a module of this shape. */
export interface Command {
  /** The whole help text: how it is called, its options, its exit codes. */
  usage: string
  /** @returns the exit code */
  run(args: string[], io: Io): Promise<number>
}

export const EXIT = {
  success: 0,
  /** A clear no: a threshold is crossed, a run failed, a check found a problem. */
  failure: 1,
  /** The call is wrong, or the service can't be used. */
  error: 2,
  undecided: 3,
  /** As shells have it for SIGINT. */
  interrupted: 130,
} as const

/** Ends a command: the message goes to stderr, without a stack. */
export class CommandError extends Error {
  override name = 'CommandError'
  readonly exitCode: number
  constructor(message: string, exitCode: number = EXIT.error) {
    super(message)
    this.exitCode = exitCode
  }
}

/** The command is called in a wrong way; the message says which way is right. */
export class UsageError extends CommandError {
  override name = 'UsageError'
}

/**
 * Parses the words after a command's name. `names` are those of its positional arguments, all required.
 * Throws a UsageError.
 */
export function parseArguments<T extends ParseArgsOptionsConfig>(
  args: string[],
  options: T,
  names: readonly string[] = [],
) {
  const { values, positionals } = parseStrictly(args, options)
  const missing = names[positionals.length]
  if (missing !== undefined) throw new UsageError(`Expected <${missing}>, but nothing came.`)
  const unexpected = positionals[names.length]
  if (unexpected !== undefined)
    throw new UsageError(`Expected nothing more, got ${JSON.stringify(unexpected)}.`)
  return { values, positionals }
}

function parseStrictly<T extends ParseArgsOptionsConfig>(args: string[], options: T) {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (!code?.startsWith('ERR_PARSE_ARGS_')) throw error
    // The rest of this message advises on words that begin with a dash.
    const said = message.replace(/ To specify a positional.*$/s, '')
    const [, unknown] = /^Unknown option '(-\S*)'/.exec(said) ?? []
    const known = Object.keys(options).map((name) => `--${name}`)
    throw new UsageError(unknown ? said.replace(/\.?$/, `.${meant(unknown, known)}`) : said)
  }
}

/** The whole number of an option, or undefined when the option is not given. Throws a UsageError. */
export function wholeNumber(
  text: string | undefined,
  option: string,
  { min = 0, max = Number.MAX_SAFE_INTEGER } = {},
): number | undefined {
  if (text === undefined) return undefined
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw new UsageError(
    `Expected a whole number from ${min} to ${max} for ${option}, got ${JSON.stringify(text)}.`,
  )
}
