import type { Run, RunInput } from '../contract/types.ts'
import { connect, SERVICE_OPTIONS, SERVICE_USAGE } from './api.ts'
import { EXIT, type Io, parseArguments, wholeNumber } from './command.ts'
import { followRun, isOver } from './follow-run.ts'
import { progressBars, progressLines } from './run-progress.ts'
import { describeRun } from './run-report.ts'
import { json } from './text.ts'

export const usage = `Usage: label-studio-monitor run <monitor> [options]

Starts a run: samples the logs of a window and makes a Label Studio project of them. A window that has a run already
is not run again.

  --from DATE       the first day, YYYY-MM-DD; by default the days that the monitor's window has
  --to DATE         the last day; today by default
  --total NUMBER    how many records to sample; the monitor's number by default
  --seed NUMBER     draws the same sample again
  --like-failures   only records of strata in which the tasks of the newest reviewed run were changed, and none that was
                    reviewed before; by default in that run's window
  --where TEXT      only records for which this holds, in place of the monitor's sample.where, and none that was
                    reviewed before; JSONata over a record's fields, e.g. 'topic = "billing" and confidence < 0.6'
  --force           run although there is a run for this window
  --wait [SECONDS]  wait until the run is over, at most so long, and show its progress
  --json            print JSON${SERVICE_USAGE}

Exit codes: 0 ready (without --wait: started), 1 failed or cancelled, 2 the call is wrong or the service can't be used,
            3 not over within the SECONDS of --wait
`

const OPTIONS = {
  from: { type: 'string' },
  to: { type: 'string' },
  total: { type: 'string' },
  seed: { type: 'string' },
  'like-failures': { type: 'boolean' },
  where: { type: 'string' },
  force: { type: 'boolean' },
  wait: { type: 'string' },
  json: { type: 'boolean' },
  ...SERVICE_OPTIONS,
} as const

export async function run(args: string[], io: Io): Promise<number> {
  const { values, positionals } = parseArguments(withOptionalSeconds(args), OPTIONS, ['monitor'])
  const waitS = wholeNumber(values.wait || undefined, '--wait') ?? null
  const input: RunInput = {
    monitor: positionals[0] as string,
    from: values.from,
    to: values.to,
    total: wholeNumber(values.total, '--total', { min: 1, max: 100_000 }),
    seed: wholeNumber(values.seed, '--seed'),
    like_failures: values['like-failures'],
    where: values.where,
    force: values.force ?? false,
  }
  const api = connect(values, io)
  const { status, body: started } = await api.post<Run>('/runs', { json: input })
  if (status === 200) {
    const days = `${started.window.from} to ${started.window.to}`
    io.stderr.write(`There is a run of ${started.monitor} for ${days} already; --force starts another.\n`)
  }
  const last = values.wait === undefined ? started : await follow(started)
  io.stdout.write(values.json ? json(last) : describeRun(last))
  if (last.status === 'failed' || last.status === 'cancelled') return EXIT.failure
  if (values.wait === undefined || isOver(last)) return EXIT.success
  io.stderr.write(`The run goes on in the service; GET ${api.url}/runs/${last.id} tells how far it is.\n`)
  return io.signal.aborted ? EXIT.interrupted : EXIT.undecided

  async function follow(started: Run): Promise<Run> {
    const display = io.isTerminal ? progressBars(io.stderr) : progressLines(io.stderr)
    try {
      return await followRun(api, started, { display, waitS, signal: io.signal })
    } finally {
      display.end()
    }
  }
}

/** `--wait` alone has no value, which parseArgs does not know for an option that may have one. */
function withOptionalSeconds(args: string[]): string[] {
  return args.map((arg, index) =>
    arg === '--wait' && !/^\d+$/.test(args[index + 1] ?? '') ? '--wait=' : arg,
  )
}
