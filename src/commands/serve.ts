import { once } from 'node:events'
import { flushCompileCache } from 'node:module'
import { type Config, loadConfig } from '../config.ts'
import { DatabaseStartError } from '../db/start-error.ts'
import { withKeptSecrets } from '../kept-secret.ts'
import { type Service, startService } from '../service.ts'
import { CommandError, EXIT, type Io, parseArguments } from './command.ts'
import { createLogger } from './logger.ts'

export const usage = `Usage: label-studio-monitor [serve]

Starts the service and runs until SIGTERM or Ctrl-C; a second one ends it at once. All settings come from the
environment. The log, one JSON object per line, goes to stdout.

Exit codes: 0 stopped in order, 1 it can't start or did not stop in time, 2 a setting is wrong
`

export async function run(args: string[], io: Io): Promise<number> {
  parseArguments(args, {})
  // What was read of the cache to load all this would stay in memory, and threads would have to compile what is not there yet.
  flushCompileCache()
  const settings = loadConfig(io.env)
  Object.assign(io.env, settings.forLibraries)
  const config = await withKeptSecrets(settings)
  const log = createLogger(config.logLevel, io.stdout)
  const service = await startService({ config, version: io.version, log }).catch(
    (error): Promise<Service> => {
      throw startProblem(error, config)
    },
  )
  log.info({ url: service.url }, `listening on ${service.url}`)
  if (io.isTerminal) io.stderr.write(`label-studio-monitor listens on ${service.url}. Ctrl-C stops it.\n`)
  if (!io.signal.aborted) await once(io.signal, 'abort')
  log.info('stopping')
  await service.stop()
  log.info('stopped')
  return EXIT.success
}

/** The error to end with: what a user can mend has a message for that, anything else is thrown as it came. */
function startProblem(error: Error, { host, port }: Config): Error {
  const place = `port ${port} of ${host}`
  switch (error instanceof DatabaseStartError ? 'database' : (error as NodeJS.ErrnoException).code) {
    case 'database':
      return new CommandError(error.message, EXIT.failure)
    case 'EADDRINUSE':
      return new CommandError(
        `Expected ${place} to be free, but it is taken: stop what listens there, or set PORT to another one.`,
        EXIT.failure,
      )
    case 'EACCES':
      return new CommandError(
        `This user may not listen on ${place}: set PORT to one above 1023.`,
        EXIT.failure,
      )
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new CommandError(
        `HOST ${host} is no address of this machine: set it to 127.0.0.1, or to 0.0.0.0 for all of them.`,
        EXIT.failure,
      )
    default:
      return error
  }
}
